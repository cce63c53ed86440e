// websocket-client.mjs ORIGIN COUNT: as many WebSockets, each has had an answer, and all of them stay.
// UNDICI: the folder of the package whose WebSocket it is; else node:http's upgrade, as the package ws has it.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { exitWithStdin, repeat, tell } from './held.mjs';

const [origin, count] = process.argv.slice(2);
const sockets = [];

async function byUndici() {
  const { WebSocket } = createRequire(import.meta.url)(join(process.env.UNDICI, 'index.js'));
  const socket = new WebSocket(origin.replace('http', 'ws'));
  sockets.push(socket);
  await once(socket, 'open');
  socket.send('hello');
  await once(socket, 'message');
}

async function byHttp() {
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': 13 };
  const asked = request(origin, { headers: { ...headers, 'Sec-WebSocket-Key': randomBytes(16).toString('base64') } });
  asked.end();
  const [, socket] = await once(asked, 'upgrade');
  sockets.push(socket);
  // A text frame with a mask of zeros.
  socket.write(Buffer.from([0x81, 0x85, 0, 0, 0, 0, ...Buffer.from('hello')]));
  await once(socket, 'data');
}

exitWithStdin();
tell('done', await repeat(Number(count), process.env.UNDICI === undefined ? byHttp : byUndici, 10));
