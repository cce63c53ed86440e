// websocket-client.mjs ORIGIN COUNT: as many WebSockets, each has had an answer, and all of them stay.
// By node:http's upgrade, as the package ws does.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { exitWithStdin, repeat, tell } from './held.mjs';

const [origin, count] = process.argv.slice(2);
const sockets = [];

async function open() {
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
tell('done', await repeat(Number(count), open, 10));
