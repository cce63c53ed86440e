// npm run demo: the whole chain on one machine, and the alert as it arrives. Ends all that it has started.
import type { Told } from '../e2e/alert-receiver.ts';
import type { HeldAlert } from '../e2e/fleet.ts';
import { obstacle } from '../kernel/netns.ts';
import { needs } from '../support/needs.ts';
import { BAD, Chain, GOOD, REQUESTS_PER_SECOND, SERVICE } from './chain.ts';

const PATIENCE_MS = 30_000;

const say = (text: string): void => console.log(text);
const leave = (): never => process.exit(130);
const show = ({ annotations }: HeldAlert, names: readonly string[]): void => {
  for (const name of names)
    if (annotations[name] !== undefined) say(`         ${name.padEnd(12)} ${annotations[name]}`);
};

const missing =
  needs('prometheus') ||
  needs('prometheus-alertmanager') ||
  (process.getuid?.() !== 0 && 'needs root') ||
  (await obstacle());
if (missing !== false) {
  say(`The demo ${missing}: see CONTRIBUTING.md`);
  process.exit(1);
}

say('Three hosts, each a network namespace with an agent in it; a Prometheus that scrapes them, and an Alertmanager …');
const opening = Chain.open();
// A terminal tells all that was started as well, so that some of it is gone already.
process.once('SIGINT', () => void opening.then((chain) => chain.close()).then(leave, leave));
const chain = await opening;
try {
  await chain.startClient(GOOD, 'read');
  say(`${GOOD} makes ${REQUESTS_PER_SECOND} requests a second to ${SERVICE}, and keeps its connections.`);
  const begun = performance.now();
  const since = () => `${((performance.now() - begun) / 1000).toFixed(1).padStart(5)} s `;
  await chain.startClient(BAD, 'agent-closed');
  say(`${BAD} makes as many, and opens a connection for each. It has 1,000 ports.\n`);

  const isBad = ({ labels }: Pick<HeldAlert, 'labels'>) => labels['instance'] === BAD;
  const first = await chain.arrival('an alert', isBad);
  const { alertname, severity, instance } = first.labels;
  say(`${since()} Alertmanager has ${alertname} (${severity}), from the agent of ${instance}:`);
  show(first, ['summary', 'description', 'owner', 'cause', 'remedy']);
  const isPaged = (one: Told) => isBad(one) && one.labels['severity'] === 'critical';
  await chain.fleet.until('a page', async () => chain.told().find(isPaged) ?? null, PATIENCE_MS);
  say(`${since()} the pager is told, as docs/deploy/alertmanager/alertmanager.yml says.`);
  await chain.arrival('exhaustion', (one) => isBad(one) && one.labels['alertname'] === 'LastportPortsExhausted');
  say(`${since()} the last port is gone, as foretold; what foretold it is silenced:`);
  const all = await chain.fleet.until('the warning is inhibited', async () => {
    const held = await chain.fleet.alerts();
    return held.some(({ status }) => status.inhibitedBy.length > 0) ? held : null;
  });
  for (const { labels: of, status } of all)
    say(`         ${of['instance']} ${of['alertname']} ${of['severity']}: ${status.state}`);
  const isKnown = (one: HeldAlert) =>
    isBad(one) && one.annotations['cause'] !== undefined && !/\((possible|likely)\)/.test(one.annotations['cause']);
  const known = await chain.arrival('the cause', isKnown);
  say(`${since()} the probe has told why:`);
  show(known, ['cause', 'owner', 'remedy']);
  const others = all.filter((one) => !isBad(one)).length;
  say(`${since()} of other hosts: ${others === 0 ? 'no alert' : `${others} alerts`}.`);
} finally {
  await chain.close();
  say('\nEverything that was started has ended.');
}
