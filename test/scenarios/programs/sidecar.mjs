// sidecar.mjs ADDRESS:PORT TO_HOST:PORT: carries every connection on to another place, one for one, as a mesh's proxy does.
import { connect, createServer } from 'node:net';
import { exitWithStdin, tell } from './held.mjs';

const [at, to] = process.argv.slice(2).map((one) => one.split(':'));
const server = createServer({ allowHalfOpen: true }, (inner) => {
  const outer = connect({ host: to[0], port: Number(to[1]), allowHalfOpen: true });
  inner.pipe(outer).pipe(inner);
  inner.on('error', () => outer.destroy());
  outer.on('error', () => inner.destroy());
});
await new Promise((resolve) => server.listen({ port: Number(at[1]), host: at[0], backlog: 4096 }, resolve));
exitWithStdin();
tell('ready');
