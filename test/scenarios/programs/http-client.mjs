// http-client.mjs SITUATION ORIGIN COUNT: one way in which programs use node:http.
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { arrive, exitWithStdin, repeat, tell } from './held.mjs';

const [situation, origin, given] = process.argv.slice(2);
const count = Number(given);

async function ask(path, options) {
  const request = get(`${origin}${path}`, options);
  const [response] = await once(request, 'response');
  return response;
}

async function read(path, options) {
  const response = await ask(path, options);
  await once(response.resume(), 'end');
}

const inARow = (work) => () => repeat(count, work);
const withAgent = (options, path, atOnce) => () => {
  const agent = new Agent(options);
  return repeat(count, () => read(path, { agent }), atOnce);
};

const SITUATIONS = {
  'keep-alive': withAgent({ keepAlive: true }, '/small', 8),
  'no-keep-alive': withAgent({ keepAlive: false }, '/small', 8),
  /** More at once than are kept. */
  'few-free': () => {
    const agent = new Agent({ keepAlive: true, maxFreeSockets: 1 });
    return arrive(count, () => read('/slow?ms=5', { agent }));
  },
  burst: withAgent({ keepAlive: true, maxFreeSockets: 10_000 }, '/slow?ms=20', count),
  'burst-limited': withAgent({ keepAlive: true, maxSockets: 50 }, '/slow?ms=20', count),
  /** Nobody calls resume(): with node:http even a small body holds its connection. */
  unread: () => {
    const agent = new Agent({ keepAlive: true });
    return repeat(count, () => ask('/small', { agent }));
  },
  destroyed: () => {
    const agent = new Agent({ keepAlive: true });
    return repeat(count, async () => (await ask('/large', { agent })).on('error', () => undefined).destroy());
  },
  'agent-each': inARow(() => read('/small', { agent: new Agent({ keepAlive: true }) })),
  timeout: () => {
    const agent = new Agent({ keepAlive: true });
    return repeat(count, async () => {
      const request = get(`${origin}/never`, { agent, timeout: 20 });
      request.on('timeout', () => request.destroy());
      await once(request, 'response');
    });
  },
};

const run = SITUATIONS[situation];
if (run === undefined) throw new Error(`no situation ${situation}: ${Object.keys(SITUATIONS).join(' ')}`);
exitWithStdin();
tell('done', await run());
