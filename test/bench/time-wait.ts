// bench:time-wait: by how much a TIME_WAIT outlives its minute on this kernel, and in what bunches they end: real
// connections over loopback, in a namespace of its own. Takes 72 s.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { release } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { insideOwnNetns, median } from './support.ts';

/** Closed one after the other over four turns of the timer wheel at HZ=250, of 2.048 s each. */
const COUNT = 400;
const OVER_MS = 8192;
const LOOK_MS = 15;
/** As late as none is; where it is HZ=100, 5.12 s. */
const PATIENCE_MS = 70_000;
/** What ends within so much of another one ends with it. */
const BUNCH_MS = 200;

insideOwnNetns();
writeFileSync('/proc/sys/net/ipv4/tcp_tw_reuse', '0');

const server = createServer((socket) => socket.on('end', () => socket.end()).resume()).listen(9000, '127.0.0.1');
await once(server, 'listening');

/** When each ends by its timer, and when it was seen last. By port, in ms of this program's clock. */
const due = new Map<number, number>();
const seen = new Map<number, number>();
/** When those ended that have, in ms after the moment that their timer tells. */
const late: number[] = [];
const ended: number[] = [];

/** (struct tcp_timewait_sock in net/ipv4/tcp_ipv4.c: state 06, timer 03 and what is left of it in hundredths of a second) */
function look(): void {
  const before = performance.now();
  const text = readFileSync('/proc/net/tcp', 'latin1');
  const now = (before + performance.now()) / 2;
  const there = new Set<number>();
  for (const [, port, left] of text.matchAll(/ [0-9A-F]{8}:([0-9A-F]{4}) \S+ 06 \S+ 03:([0-9A-F]{8})/g)) {
    const key = Number.parseInt(port as string, 16);
    there.add(key);
    if (!due.has(key)) due.set(key, now + Number.parseInt(left as string, 16) * 10);
    seen.set(key, now);
  }
  for (const [port, last] of seen) {
    if (there.has(port)) continue;
    seen.delete(port);
    const end = (last + now) / 2;
    ended.push(end);
    late.push(end - (due.get(port) as number));
  }
}

const start = performance.now();
for (let made = 0; made < COUNT; made++) {
  const socket = connect(9000, '127.0.0.1');
  await once(socket, 'connect');
  socket.end().resume();
  await once(socket, 'close');
  if (made % 10 === 0) look();
  await delay(Math.max(0, start + (made * OVER_MS) / COUNT - performance.now()));
}
look();
server.close();
const first = Math.min(...due.values());
await delay(first - 100 - performance.now());
while (seen.size > 0 && performance.now() < first + PATIENCE_MS - 60_000) {
  look();
  await delay(LOOK_MS);
}

const sorted = [...late].sort((a, b) => a - b);
const at = (share: number) => `${((sorted[Math.round(share * (sorted.length - 1))] as number) / 1000).toFixed(2)} s`;
const mean = late.reduce((sum, ms) => sum + ms, 0) / late.length / 1000;
ended.sort((a, b) => a - b);
const begins = ended.filter((end, index) => index === 0 || end - (ended[index - 1] as number) > BUNCH_MS);
const gaps = begins.slice(1).map((begin, index) => begin - (begins[index] as number));
console.log(`Linux ${release()}: ${late.length} of ${due.size} TIME_WAIT ended`);
console.log(
  `later than their timer says: least ${at(0)}, a tenth ${at(0.1)}, median ${at(0.5)}, mean ${mean.toFixed(2)} s, nine tenths ${at(0.9)}, most ${at(1)}`,
);
console.log(
  `in ${begins.length} bunches of ${Math.round(late.length / begins.length)}, ${(median(gaps) / 1000).toFixed(3)} s apart`,
);
