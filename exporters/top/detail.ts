import type { DestinationReport } from '../../agent/model/assessment.ts';
import type { Explained } from '../../agent/model/explained.ts';
import { explainText } from '../explain-text.ts';
import { count, MARKS, percent } from '../text.ts';
import { BAR_LEGEND, bar } from './bar.ts';
import type { CellContext } from './columns.ts';
import { fullIn, slowIn } from './deadline.ts';
import { inert } from './inert.ts';
import { type Line, span } from './line.ts';
import type { Row } from './rows.ts';
import { sparkline } from './sparkline.ts';
import { wrap } from './width.ts';

/** The title and the source of an explanation, which are told otherwise here. */
const EXPLAINED_ELSEWHERE = 3;
/** Titles of sections stand in so many columns (explain-text.ts). */
const TITLE = 13;
const WIDEST = 120;

/** All that is known of one destination, in as many lines as it takes. */
export function detailLines(row: Row, explained: Explained, columns: number, context: CellContext): Line[] {
  const { one, endpoint, name, label, key } = row;
  const across = Math.min(columns, WIDEST);
  const from = one.local === null ? '' : ` from ${inert(one.local)}`;
  const where = label === 'host' ? '' : ` in ${label}`;
  const title = `${name === null ? endpoint : `${name} (${endpoint})`}${from}${where}: ${one.verdict}`;
  const share = one.usablePorts === 0 ? 1 : one.usedPorts / one.usablePorts;
  const drawn = Math.max(1, across - TITLE - 6);
  const text = explainText([explained], { color: false, hint: '', width: across });
  return [
    ...wrap(`${MARKS[one.verdict]} ${title}`, across).map((line): Line => [span(line, one.verdict)]),
    [],
    [span('USED'.padEnd(TITLE), 'strong'), ...bar(one, drawn), span(` ${percent(share)}%`)],
    [span(' '.repeat(TITLE)), span(BAR_LEGEND, 'faint')],
    [span('TREND'.padEnd(TITLE), 'strong'), span(sparkline(context.history(key), drawn))],
    ...paragraph('DEADLINES', deadlines(one, context.ageSeconds), across),
    ...paragraph('FORECAST', forecast(one), across),
    ...paragraph('PROBE', probed(one), across),
    ...text
      .split('\n')
      .slice(EXPLAINED_ELSEWHERE)
      .flatMap((line) => explainedLine(line, across)),
  ];
}

function deadlines(one: DestinationReport, ageSeconds: number): string {
  return `connect() gets slow: ${slowIn(one, ageSeconds)} · out of ports: ${fullIn(one, ageSeconds)}`;
}

function forecast({ usablePorts, forecast: { kind, settlesAtPorts, peakUsedPorts } }: DestinationReport): string {
  const parts: string[] = [kind];
  if (settlesAtPorts !== null && settlesAtPorts <= usablePorts)
    parts.push(`settles at ${count(Math.round(settlesAtPorts))} ports`);
  if (peakUsedPorts !== null && peakUsedPorts > usablePorts) {
    parts.push(`would take ${count(Math.round(peakUsedPorts))}, which is more than there are`);
  }
  return parts.join(', ');
}

/** What its programs say themselves; nothing where none does. */
function probed({ probe }: DestinationReport): string {
  if (probe === null || probe === undefined) return '';
  const closes = Object.entries(probe.counts.closes)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, total]) => `${count(total)} ${reason}`);
  const { opens, requests } = probe.counts;
  const made = `${count(requests)} requests on ${count(opens)} connections in ${Math.round(probe.seconds)} s`;
  return closes.length === 0 ? made : `${made}; closed: ${closes.join(', ')}`;
}

function paragraph(title: string, text: string, columns: number): Line[] {
  if (text === '') return [];
  return wrap(inert(text, 400), Math.max(1, columns - TITLE)).map((line, index) => [
    span((index === 0 ? title : '').padEnd(TITLE), 'strong'),
    span(line),
  ]);
}

/** Code may be wider than the screen: it goes on in the next line. */
function explainedLine(line: string, columns: number): Line[] {
  const shown = inert(line, 2000);
  const isTitled = /^[A-Z]/.test(shown);
  return wrap(shown, columns).map((part, index) =>
    isTitled && index === 0 ? [span(part.slice(0, TITLE), 'strong'), span(part.slice(TITLE))] : [span(part)],
  );
}
