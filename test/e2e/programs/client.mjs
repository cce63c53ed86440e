// client.mjs WAIT_MS HOST:PORT=COUNT…: as client.py.
import { once } from 'node:events';
import { connect } from 'node:net';

const [wait, ...given] = process.argv.slice(2);
const targets = given.flatMap((one) => {
  const [target, count] = one.split('=');
  return new Array(Number(count)).fill(target);
});

async function work() {
  for (let target = targets.pop(); target !== undefined; target = targets.pop()) {
    const [host, port] = target.split(':');
    const socket = connect({ host, port: Number(port), allowHalfOpen: true });
    await once(socket, 'connect');
    socket.write(`GET /?wait=${wait} HTTP/1.1\r\nHost: x\r\n\r\n`);
    for (let reply = ''; !reply.endsWith('ok'); ) reply += String((await once(socket, 'data'))[0]);
    socket.end();
    await once(socket, 'end');
  }
}

await Promise.all(Array.from({ length: 20 }, work));
console.log('done');
setInterval(() => undefined, 1000);
