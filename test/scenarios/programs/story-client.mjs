// story-client.mjs MODE URL: the two incidents, and what mends each, until its stdin closes.
import { Agent, request } from 'undici';
import { exitWithStdin, tell } from './held.mjs';

const [mode, url] = process.argv.slice(2);
exitWithStdin();
const dispatcher = new Agent(mode === 'limited' ? { connections: 50 } : {});

async function one(path, drop) {
  const { body } = await request(`${url}${path}`, { dispatcher });
  if (!drop) return body.dump({ limit: 2 << 20 });
  // As code that looks at the status alone does.
  body.on('error', () => undefined).destroy();
}

const MODES = {
  /** Nothing limits the connections: 300 requests at once, again and again. Idle ones are closed after 4 s. */
  burst: [5000, () => Promise.allSettled(Array.from({ length: 300 }, () => one('/slow-silent?ms=20', false)))],
  limited: [5000, () => Promise.allSettled(Array.from({ length: 300 }, () => one('/slow-silent?ms=20', false)))],
  /** Bodies closed before they have come to their end: with nothing unread in the kernel, each leaves a TIME_WAIT. */
  unread: [10, () => one('/slow-body?ms=100', true)],
  read: [10, () => one('/slow-body?ms=100', false)],
};
const [pauseMs, work] = MODES[mode];
const go = () => void work().catch(() => undefined);
setInterval(go, pauseMs);
go();
tell('ready');
