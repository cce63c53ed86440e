// alert-receiver.js ADDRESS PORT [ALERTMANAGER …]: receives webhooks, looks what Alertmanagers have, and prints a line of
// JSON whenever somebody tells something new of an alert.
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What was told of an alert, or that an Alertmanager answers (again): then it is about none. */
export interface Told {
  /** In ms since the epoch. */
  readonly at: number;
  /** webhook, or the address of an Alertmanager. */
  readonly by: string;
  readonly status: 'up' | 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  /** Who has told the Alertmanager. */
  readonly generatorURL: string;
}

type Given = Partial<Pick<Told, 'labels' | 'annotations' | 'fingerprint' | 'generatorURL'>> & {
  readonly status?: string | { readonly state: string };
};

const POLL_MS = 25;
const [address, port, ...alertmanagers] = process.argv.slice(2);
const known = new Set<string>();

function note(by: string, alerts: readonly Given[]): void {
  for (const { labels = {}, annotations = {}, fingerprint = '', generatorURL = '', status } of alerts) {
    const said = status === 'resolved' ? 'resolved' : 'firing';
    const what = { by, status: said, labels, annotations, fingerprint, generatorURL } as const;
    tell(what);
  }
}

function tell(what: Omit<Told, 'at'>): void {
  const key = JSON.stringify(what);
  if (known.has(key)) return;
  known.add(key);
  const told: Told = { at: performance.timeOrigin + performance.now(), ...what };
  console.log(JSON.stringify(told));
}

createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => {
    body += part;
  });
  request.on('end', () => {
    note('webhook', (JSON.parse(body) as { alerts: Given[] }).alerts);
    response.end();
  });
}).listen(Number(port), address, () => console.log(JSON.stringify('ready')));

for (const alertmanager of alertmanagers) void watch(alertmanager);

async function watch(alertmanager: string): Promise<void> {
  for (let isUp = false; ; await delay(POLL_MS)) {
    const answer = await fetch(`http://${alertmanager}/api/v2/alerts`).catch(() => null);
    const wasUp = isUp;
    isUp = answer?.ok === true;
    if (answer === null || !isUp) continue;
    if (!wasUp) {
      known.clear();
      tell({ by: alertmanager, status: 'up', labels: {}, annotations: {}, fingerprint: '', generatorURL: '' });
    }
    note(alertmanager, (await answer.json()) as Given[]);
  }
}
