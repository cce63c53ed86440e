// The live page. What the agent sends is shown as it comes; between two looks only the deadlines count down.
import type { Alert } from '../../../agent/model/alert.ts';
import type { Streamed } from '../streamed.ts';
import { DetailView } from './detail.ts';
import { byId, write } from './dom.ts';
import { History } from './history.ts';
import { showAlerts, showRest } from './lists.ts';
import { type Place, placesOf } from './place.ts';
import { RowsView } from './rows.ts';
import { count, SENTENCE, safe } from './words.ts';
import { WorstView } from './worst.ts';

const COUNT_DOWN_MS = 200;
/** Without news for so long, what is shown is old. */
const OLD_MS = 5000;

let look: Streamed | null = null;
/** When it came, in ms as performance.now() counts. */
let cameAt = 0;
let isOpen = false;
let places: readonly Place[] = [];
let chosen: string | null = null;
const history = new History();
const choose = (key: string) => {
  chosen = chosen === key ? null : key;
  show();
};
const worst = new WorstView(choose);
const rows = new RowsView(choose);
const detail = new DetailView();

function show(): void {
  if (look === null) return;
  const now = performance.now();
  const elapsed = (now - cameAt) / 1000;
  // Who has chosen none sees the tightest.
  const shown = places.find(({ key }) => key === chosen) ?? places.find(({ one }) => one.tide !== null) ?? null;
  const key = shown?.key ?? null;
  worst.show(places, key, elapsed);
  const { takenAt } = look;
  rows.show(places, key, elapsed, () => {
    document.body.dataset['takenAt'] = takenAt;
  });
  detail.show(shown, history, cameAt, elapsed);
}

function take(news: Streamed): void {
  const before = look;
  look = news;
  cameAt = performance.now();
  places = placesOf(news);
  for (const { key, one } of places) if (one.tide !== null || key === chosen) history.note(key, cameAt, one.usedPorts);
  history.keep(new Set(places.map(({ key }) => key)));
  const headline = byId('headline');
  headline.className = news.verdict;
  write(headline, safe(news.headline, SENTENCE));
  document.title = `${news.verdict === 'healthy' ? '' : `${news.verdict}: `}${safe(news.host.name)} - Lastport`;
  // Read out when it changes, and not every second.
  if (before?.verdict !== news.verdict) write(byId('spoken'), safe(news.headline, SENTENCE));
  write(byId('facts'), factsOf(news));
  write(byId('omitted'), omittedOf(news));
  showRest(news);
  show();
}

function factsOf({ host, namespaces }: Streamed): string {
  const usable = namespaces.find(({ usablePorts }) => usablePorts !== null)?.usablePorts;
  const parts = [
    ...(usable == null ? [] : [`${count(usable)} usable ports per destination (not per host)`]),
    `kernel ${safe(host.kernel)}`,
    ...(namespaces.length > 1 ? [`${namespaces.length} network namespaces`] : []),
  ];
  return parts.join(' \u00b7 ');
}

function omittedOf({ namespaces }: Streamed): string {
  const omitted = namespaces.reduce((sum, { destinationsOmitted }) => sum + destinationsOmitted, 0);
  return omitted === 0 ? '' : `${count(omitted)} more, all of them less used`;
}

function showConnection(): void {
  const age = performance.now() - cameAt;
  const isFresh = isOpen && look !== null && age < OLD_MS;
  const node = byId('connection');
  node.className = isFresh ? '' : 'is-off';
  const when = look === null ? '' : `, last look at ${new Date(look.takenAt).toLocaleTimeString()}`;
  const since = look === null ? '' : `; what is shown is ${Math.round(age / 1000)} s old`;
  write(node, isFresh ? `live${when}` : isOpen ? `no news${since}` : `not connected, trying again${since}`);
}

/** Answered by a page that is no stream, as a proxy's, a browser gives up: not so this one. */
const AGAIN_MS = 2000;

function connect(): void {
  const stream = new EventSource('/api/stream');
  stream.addEventListener('open', () => {
    isOpen = true;
  });
  stream.addEventListener('assessment', ({ data }) => take(JSON.parse(data) as Streamed));
  stream.addEventListener('alerts', ({ data }) => showAlerts(JSON.parse(data) as Alert[]));
  stream.addEventListener('error', () => {
    isOpen = false;
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS);
  });
}

connect();
setInterval(() => {
  showConnection();
  if (!document.hidden) show();
}, COUNT_DOWN_MS);
