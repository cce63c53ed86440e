// bench:day: the ticks and scrapes of 24 hours, compressed: a second of the agent's clock at a time, with connections and
// namespaces that come and go. What grows?
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { makeLook } from '../../agent/look/make.ts';
import { COLLECTORS, ENGINE_COLLECTORS } from '../../collectors/index.ts';
import { PrometheusExporter } from '../../exporters/prometheus.ts';
import { DEFAULTS, insideOwnNetns } from './support.ts';

const TICKS = 24 * 3600;
const SCRAPE_EVERY = 15;
const CHURN_EVERY = 20;
const NAMESPACE_EVERY = 600;

insideOwnNetns();
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

let clock = 0;
const look = makeLook(COLLECTORS, ENGINE_COLLECTORS, DEFAULTS, 'ticks', () => clock);
const metrics = new PrometheusExporter({ maxDestinations: 8, version: '0', node: process.version });
const server = createServer((socket) => socket.end().resume()).listen(9000, '127.0.0.1');

const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
let body = '';
const begun = performance.now();
for (let tick = 0; tick <= TICKS; tick++) {
  clock += 1000;
  if (tick % CHURN_EVERY === 0) {
    // Another destination every time, as far as there are addresses: 127.x.y.1.
    const place = `127.${(tick / CHURN_EVERY) & 127}.${(tick / CHURN_EVERY) % 251}.1`;
    await new Promise((resolve) => {
      connect({ port: 9000, host: '127.0.0.1', localAddress: place }).resume().on('close', resolve).end();
    });
  }
  if (tick % NAMESPACE_EVERY === 0) {
    const name = `lastport-day-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name]);
    metrics.publish(look.tick({ now: clock, asked: [], inventory: null, gaps: [] }));
    execFileSync('ip', ['netns', 'delete', name]);
  }
  metrics.publish(look.tick({ now: clock, asked: [], inventory: null, gaps: [] }));
  if (tick % SCRAPE_EVERY === 0) body = (await metrics.render('text')).body;
  if (tick % (TICKS / 8) === 0) {
    gc();
    const { heapUsed, external, rss } = process.memoryUsage();
    console.log(
      `hour ${String(tick / 3600).padStart(2)}: heap ${mib(heapUsed)} MiB, external ${mib(external)} MiB, RSS ${mib(rss)} MiB, ` +
        `${readdirSync('/proc/self/fd').length} files open, ${body.split('\n').filter((line) => /^lastport_/.test(line)).length} series`,
    );
  }
}
console.log(`${TICKS} ticks in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
server.close();
look.close();
