// Part of bench:lead: what came of the runs, as tables.
import type { Received } from './lead-receiver.ts';
import { patient, RULES } from './lead-rules.ts';
import type { StormOutcome } from './lead-run.ts';
import { median } from './support.ts';

/** What is asked of Lastport. */
const GOAL_SECONDS = 1.5;
const GOAL_LEFT = 0.8;

const ALERT = 'LastportExhaustionPredicted';

type Moment = (outcome: StormOutcome) => number | null;

/** In seconds after the onset; null: never. */
const after = ({ storm: { begunAt } }: StormOutcome, at: number | undefined): number | null =>
  at === undefined || at === 0 ? null : (at - begunAt) / 1000;
const cliff: Moment = (one) => after(one, one.storm.cliffAt);
const refused: Moment = (one) => after(one, one.storm.refusedAt);
const received =
  (alertname: string, by: Received['by'], what: 'at' | 'since' = 'at'): Moment =>
  (one) =>
    after(one, one.received.find((alert) => alert.alertname === alertname && alert.by === by)?.[what]);
const decided = received(ALERT, 'webhook', 'since');
const byWebhook = received(ALERT, 'webhook');
const inAlertmanager = received(ALERT, 'alertmanager');

/** What came before the onset is no merit. */
function isBefore(alert: number | null, deadline: number | null): boolean {
  return alert !== null && alert >= 0 && (deadline === null || alert < deadline);
}

export function stormTable(outcomes: readonly (StormOutcome | null)[]): string {
  const rows = outcomes.map((one, index) => [
    String(index + 1),
    ...(one === null
      ? ['failed']
      : [rateOf(one, 3), ...[decided, byWebhook, inAlertmanager, cliff].map((of) => seconds(of(one)))]),
  ]);
  const good = outcomes.filter(
    (one) => one !== null && isBefore(byWebhook(one), cliff(one)) && (byWebhook(one) as number) <= GOAL_SECONDS,
  );
  return [
    table(['run', 'connections/s', 'look that tells', 'webhook', 'Alertmanager', 'cliff'], rows),
    `\nmedian ${medianOf(outcomes, byWebhook)}; within ${GOAL_SECONDS} s and before the cliff: ${good.length} of ${outcomes.length}`,
  ].join('\n');
}

export function overloadTable(outcomes: readonly (StormOutcome | null)[]): string {
  const left = (one: StormOutcome): number | null => {
    const [alert, end] = [byWebhook(one), refused(one)];
    return alert === null || end === null ? null : 1 - alert / end;
  };
  const percent = (ratio: number | null) => (ratio === null ? 'never' : `${(ratio * 100).toFixed(0)} %`);
  const rows = outcomes.map((one, index) => [
    String(index + 1),
    ...(one === null
      ? ['failed']
      : [
          rateOf(one, 30),
          ...[decided, byWebhook, inAlertmanager, refused].map((of) => seconds(of(one))),
          percent(left(one)),
        ]),
  ]);
  const good = outcomes.filter(
    (one) => one !== null && isBefore(byWebhook(one), refused(one)) && (left(one) ?? 0) >= GOAL_LEFT,
  );
  return [
    table(['run', 'connections/s', 'look that tells', 'webhook', 'Alertmanager', 'EADDRNOTAVAIL', 'time left'], rows),
    `\n${GOAL_LEFT * 100} % left: ${good.length} of ${outcomes.length}`,
  ].join('\n');
}

export function sideBySide(
  storms: readonly (StormOutcome | null)[],
  overloads: readonly (StormOutcome | null)[],
): string {
  const names = [ALERT, ...Object.keys(RULES).flatMap((name) => [name, patient(name)])];
  const rows = names.map((name) => {
    const at = received(name, 'alertmanager');
    const columns = [
      { outcomes: storms, deadline: cliff },
      { outcomes: overloads, deadline: refused },
    ].flatMap(({ outcomes, deadline }) => {
      const done = outcomes.filter((one) => one !== null);
      const early = done.filter((one) => isBefore(at(one), deadline(one)));
      const last = outcomes.at(-1);
      return [`${early.length} of ${done.length}`, last == null ? 'failed' : seconds(at(last))];
    });
    return [`\`${name}\``, ...columns];
  });
  const ends = [storms, overloads].map((outcomes) => {
    const last = outcomes.at(-1);
    return last == null ? 'failed' : `cliff ${seconds(cliff(last))}, EADDRNOTAVAIL ${seconds(refused(last))}`;
  });
  return [
    table(['', 'before the cliff', 'long storm', 'before EADDRNOTAVAIL', 'long overload'], rows),
    `\nlong storm: ${ends[0]}; long overload: ${ends[1]}`,
  ].join('\n');
}

/** Of the first seconds, before connect() is slow. */
function rateOf({ storm: { perSecond } }: StormOutcome, first: number): string {
  const counted = perSecond.slice(0, first);
  return (counted.reduce((sum, count) => sum + count, 0) / counted.length).toFixed(0);
}

function seconds(value: number | null): string {
  return value === null ? 'never' : `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

function medianOf(outcomes: readonly (StormOutcome | null)[], of: Moment): string {
  const known = outcomes.flatMap((one) => (one === null ? [] : [of(one) ?? Number.POSITIVE_INFINITY]));
  return known.length === 0 ? 'none' : seconds(median(known));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
