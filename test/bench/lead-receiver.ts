// Part of bench:lead: lead-receiver.js ADDRESS PORT ALERTMANAGER. Receives webhooks and looks what Alertmanager has, and
// prints a line of JSON for each alert when it first comes by either way.
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** An alert as it first came. Times in ms since the epoch. */
export interface Received {
  readonly at: number;
  /** Since when, by its sender, it is so. */
  readonly since: number;
  readonly by: 'webhook' | 'alertmanager';
  readonly alertname: string;
  readonly severity: string;
}

interface Told {
  readonly startsAt: string;
  readonly labels: { readonly alertname: string; readonly severity?: string };
}

const POLL_MS = 25;
const [address, port, alertmanager] = process.argv.slice(2);
const known = new Set<string>();

function note(by: Received['by'], alerts: readonly Told[]): void {
  const at = performance.timeOrigin + performance.now();
  for (const { labels, startsAt } of alerts) {
    const { alertname, severity = '' } = labels;
    const key = `${by} ${alertname} ${severity}`;
    if (known.has(key)) continue;
    known.add(key);
    const received: Received = { at, since: Date.parse(startsAt), by, alertname, severity };
    console.log(JSON.stringify(received));
  }
}

createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (part: string) => {
    body += part;
  });
  request.on('end', () => {
    note('webhook', (JSON.parse(body) as { alerts: Told[] }).alerts);
    response.end();
  });
}).listen(Number(port), address, () => console.log(JSON.stringify('ready')));

for (;;) {
  // Not there yet: it starts at the same time.
  const answer = await fetch(`http://${alertmanager}/api/v2/alerts`).catch(() => null);
  if (answer?.ok) note('alertmanager', (await answer.json()) as Told[]);
  await delay(POLL_MS);
}
