// dead.mjs HOST:PORT COUNT: connects where nobody answers. Done when all have been begun.
import { connect } from 'node:net';
import { exitWithStdin, repeat, tell } from './held.mjs';

const [target, count] = process.argv.slice(2);
const [host, port] = target.split(':');
exitWithStdin();
const facts = await repeat(Number(count), async () => {
  connect({ host, port: Number(port) }).on('error', (error) => tell('error', { code: error.code }));
});
tell('done', facts);
