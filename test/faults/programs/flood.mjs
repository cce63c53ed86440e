// Sends a probe socket all that it can for a while: node flood.mjs SOCKET SECONDS. Says how many bytes the socket took.
import { connect } from 'node:net';

const [path, seconds] = process.argv.slice(2);
const frame = (kind, payload, length = payload.length) => {
  const head = Buffer.alloc(5);
  head.writeUInt32LE(length, 0);
  head[4] = kind;
  return Buffer.concat([head, payload]);
};
const hello = (more = {}) =>
  frame(
    1,
    Buffer.from(JSON.stringify({ version: 1, pid: 1, thread: 0, node: '22.0.0', netns: null, uptime: 1, ...more })),
  );
const many = { dropped: 0, faults: 0, paths: [] };
while (JSON.stringify(many).length < 60_000) {
  many.paths.push({
    id: many.paths.length,
    client: 'undici',
    tls: false,
    name: `host-${many.paths.length}`,
    local: '10.0.0.1',
    remote: '10.9.0.2',
    port: 1 + many.paths.length,
    opens: 1,
    requests: 1,
    besideIdle: 0,
    closes: { idle_timeout: 1 },
    errors: {},
    open: 1,
    idle: 0,
    peakOpen: 1,
    limits: {},
    keepAlive: {},
  });
}
const sums = frame(2, Buffer.from(JSON.stringify(many)));
const noise = Buffer.from(Array.from({ length: 65536 }, (_, index) => (index * 7919) % 251));

/** What each connection begins with, and then goes on with. */
const KINDS = [
  [hello(), sums],
  [hello(), frame(3, noise.subarray(0, 65_528))],
  [hello(), frame(2, noise.subarray(0, 60_000))],
  [hello(), frame(9, Buffer.alloc(0))],
  [hello({ version: 99 }), sums],
  [hello({ pid: 4_000_000 }), sums],
  [hello().subarray(0, 9), noise],
  [frame(1, noise, 0xffffffff), noise],
  [noise, noise],
  [sums, sums],
];
let taken = 0;
let connections = 0;
let isOver = false;

function flood(kind) {
  if (isOver) return;
  connections++;
  const [first, rest] = KINDS[kind % KINDS.length];
  const socket = connect(path);
  const write = () => {
    while (!isOver && !socket.destroyed && socket.write(rest));
  };
  socket.on('connect', () => {
    socket.write(first);
    write();
  });
  socket.on('drain', write);
  socket.on('error', () => undefined);
  socket.on('close', () => {
    taken += socket.bytesWritten - socket.writableLength;
    setImmediate(flood, kind < 20 ? (kind + 1) % 20 : kind);
  });
  setTimeout(() => socket.destroy(), Number(seconds) * 1000).unref();
}
// Half of them try one kind after the other, which the receiver makes wait; the rest say nonsense and come again.
for (let kind = 0; kind < 20; kind++) flood(kind);
for (let index = 0; index < 20; index++) flood(28);
setTimeout(() => {
  isOver = true;
  process.stdout.write(`${JSON.stringify({ taken, connections })}\n`, () => process.exit(0));
}, Number(seconds) * 1000);
