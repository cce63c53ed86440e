// leak.mjs WHO HOST:PORT COUNT: connections that are opened, used once and never closed. WHO: "nobody": neither side
// closes; "server": the server does and the program does not notice (CLOSE_WAIT).
import { once } from 'node:events';
import { connect } from 'node:net';
import { exitWithStdin, repeat, tell } from './held.mjs';

const [who, target, count] = process.argv.slice(2);
const [host, port] = target.split(':');
const path = who === 'server' ? '/fin' : '/small';
const kept = [];

exitWithStdin();
const facts = await repeat(Number(count), async () => {
  const socket = connect({ host, port: Number(port), allowHalfOpen: true });
  kept.push(socket);
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await once(socket, 'data');
});
tell('done', facts);
