import type { DestinationReport } from '../../../agent/model/assessment.ts';
import { byId, element, write } from './dom.ts';
import type { History } from './history.ts';
import { type Place, placeName } from './place.ts';
import { TidePlot } from './plot.ts';
import { tideData } from './tide.ts';
import { count, endpoint, outlook, ownerName, rate, SENTENCE, safe } from './words.ts';

/** All that is known of the destination chosen. */
export class DetailView {
  private readonly plot = new TidePlot();
  private shown: string | null = null;
  /** Drawn anew with each look, and not whenever a deadline counts down. */
  private drawn: DestinationReport | null = null;
  private text = '';

  /** `now` in ms, as the history's moments. */
  show(place: Place | null, history: History, now: number, elapsedSeconds: number): void {
    byId('detail').hidden = place === null;
    if (place === null) return;
    const { one, key } = place;
    if (this.shown !== key) this.plot.forget();
    this.shown = key;
    write(byId('detail-title'), placeName(place));
    if (this.drawn !== one)
      this.plot.show(one, tideData(one.tide, one.usedPorts, history.of(key), now), elapsedSeconds);
    this.drawn = one;
    const closed = (one.tide?.closesAgo ?? []).reduce((sum, closes) => sum + closes, 0);
    const words = `${count(closed)} connections closed by this host in the last minute still hold a port; ${outlook(one, elapsedSeconds)}`;
    byId('plot').setAttribute('aria-label', words);
    write(byId('plot-note'), `${words}.`);
    this.body(one);
  }

  /** Made anew only where something has changed, so that what is selected in it stays so. */
  private body(one: DestinationReport): void {
    const parts = [...one.causes.map(causeNode), facts(one)];
    const text = parts.map((part) => part.textContent).join('\n');
    if (text === this.text) return;
    this.text = text;
    byId('detail-body').replaceChildren(...parts);
  }
}

function causeNode({
  cause,
  confidence,
  evidence,
  callSite,
  remedies,
}: DestinationReport['causes'][number]): HTMLElement {
  const lines = evidence.map((line) => element('li', '', safe(line, SENTENCE)));
  const node = element('div', 'cause', [
    element('h3', '', `${cause.replaceAll('_', ' ')} (${confidence})`),
    element('ul', '', lines),
  ]);
  if (callSite !== null) node.append(element('p', '', [element('code', '', safe(callSite))]));
  for (const remedy of remedies) node.append(element('p', '', `\u2192 ${safe(remedy, SENTENCE)}`));
  return node;
}

function facts(one: DestinationReport): HTMLElement {
  const list = element('dl');
  const add = (name: string, text: string) => list.append(element('dt', '', name), element('dd', '', text));
  add('From', safe(one.device === null ? (one.local ?? 'any address') : `${one.local}%${one.device}`));
  const states = Object.entries(one.states).map(([state, ports]) => `${count(ports)} ${state.toUpperCase()}`);
  if (states.length > 0) add('States', states.join(', '));
  add('Opened', `${rate(one.opensPerSecond)} a second`);
  add('Closed', `${rate(one.closesPerSecond.local)} a second here, ${rate(one.closesPerSecond.remote)} there`);
  add('Before the cliff', `${count(Math.max(0, one.fastHeadroomPorts))} ports`);
  if (one.requests !== null) {
    const each = one.requests.perConnection;
    add(
      'Requests',
      `${rate(one.requests.perSecond)} a second${each === null ? '' : `, ${each.toFixed(1)} on each connection`}`,
    );
  }
  const owners = (one.owners ?? []).map(
    (owner) => `${ownerName(owner)}: ${count(owner.usedPorts)} ports, ${owner.how}`,
  );
  if (owners.length > 0) add('Owners', owners.join('; '));
  if (one.unownedPorts !== null && one.unownedPorts > 0) add('Owner not known', `${count(one.unownedPorts)} ports`);
  add('More', `lastport explain ${endpoint(one)}`);
  return list;
}
