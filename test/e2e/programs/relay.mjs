// relay.mjs PATH PORT: who connects to the Unix socket PATH talks to PORT of this network namespace.
import { connect, createServer } from 'node:net';

const [path, port] = process.argv.slice(2);
createServer((near) => {
  const far = connect(Number(port), '127.0.0.1');
  for (const socket of [near, far]) socket.on('error', () => undefined);
  near.pipe(far).pipe(near);
  near.on('close', () => far.destroy());
  far.on('close', () => near.destroy());
}).listen(path);
