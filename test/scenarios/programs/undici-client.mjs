// undici-client.mjs SITUATION ORIGIN COUNT: one way in which programs use undici or fetch.
// UNDICI: the folder of the package, or "fetch" for the one that Node brings along.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { exitWithStdin, repeat, tell } from './held.mjs';

const [situation, origin, given] = process.argv.slice(2);
const count = Number(given);
const UNDICI = process.env.UNDICI ?? 'fetch';
const undici = UNDICI === 'fetch' ? null : createRequire(import.meta.url)(join(UNDICI, 'index.js'));

const LARGE = `${origin}/large`;
const SMALL = `${origin}/small`;

/** One request in the way of request() or of fetch; the response as both have it: `body`, and reading it to the end. */
async function ask(url, options = {}) {
  if (undici === null) {
    const response = await fetch(url, options);
    return { body: response.body, read: () => response.text(), cancel: () => response.body.cancel() };
  }
  const { body } = await undici.request(url, options);
  body.on('error', () => undefined);
  return { body, read: () => body.text(), cancel: () => body.destroy() };
}

const readAll = async (url, options) => (await ask(url, options)).read();
const inARow = (work) => () => repeat(count, work);
const agent = (options) => new undici.Agent(options);

/** A wait that ends when the connections of an agent have: undici tells. */
const disconnected = (dispatcher) => new Promise((resolve) => dispatcher.once('disconnect', resolve));

const agentClosed = inARow(async () => {
  const dispatcher = agent();
  await readAll(SMALL, { dispatcher });
  await dispatcher.close();
});

/** Ones that undici alone has, not fetch. */
const OF_UNDICI = {
  'dump-small': inARow(async () => (await ask(`${origin}/large?bytes=65536`)).body.dump()),
  'dump-large': inARow(async () => (await ask(LARGE)).body.dump()),
  'agent-closed': agentClosed,
  'agent-open': inARow(() => readAll(SMALL, { dispatcher: agent() })),
  'pipelining-off': () => {
    const dispatcher = agent({ pipelining: 0 });
    return repeat(count, () => readAll(SMALL, { dispatcher }));
  },
  reset: inARow(() => readAll(SMALL, { reset: true })),
  'request-limit': () => {
    const dispatcher = agent({ maxRequestsPerClient: 1 });
    return repeat(count, () => readAll(SMALL, { dispatcher }));
  },
  'burst-limited': () => {
    const dispatcher = agent({ connections: 50 });
    return repeat(count, () => readAll(`${origin}/slow?ms=20`, { dispatcher }), count);
  },
  'headers-timeout': () => {
    // undici's clock for these ticks once a second, beneath that it is Node's.
    const dispatcher = agent({ headersTimeout: 50 });
    return repeat(count, () => readAll(`${origin}/never`, { dispatcher }), count);
  },
  'tls-agent-closed': agentClosed,
  /** All at once on one connection. */
  h2: async () => {
    const dispatcher = agent({ allowH2: true, connections: 1, pipelining: 100 });
    // The first one tells it that it is HTTP/2.
    await readAll(SMALL, { dispatcher });
    return repeat(count, () => readAll(`${origin}/slow?ms=20`, { dispatcher }), count);
  },
  websocket: () => {
    const sockets = [];
    return repeat(count, async () => {
      const socket = new undici.WebSocket(origin.replace('http', 'ws'));
      sockets.push(socket);
      await once(socket, 'open');
      socket.send('hello');
      await once(socket, 'message');
    });
  },
  'idle-timeout': async () => {
    const dispatcher = agent({ keepAliveTimeout: 20, keepAliveMaxTimeout: 20 });
    return repeat(count, async () => {
      const closed = disconnected(dispatcher);
      await readAll(SMALL, { dispatcher });
      await closed;
    });
  },
};

const SITUATIONS = {
  read: inARow(() => readAll(SMALL)),
  tls: inARow(() => readAll(SMALL)),
  'read-large': inARow(() => readAll(LARGE)),
  'small-unread': inARow(() => ask(SMALL)),
  'large-unread': inARow(() => ask(LARGE)),
  /** As a busy program has it: the garbage is collected. Needs --expose-gc. */
  'large-unread-collected': async () => {
    const facts = await repeat(count, () => ask(LARGE).then(() => undefined));
    setInterval(() => globalThis.gc(), 50);
    return facts;
  },
  /** body.destroy(), response.body.cancel() */
  cancel: inARow(async () => (await ask(LARGE)).cancel()),
  /** An AbortSignal after the headers. */
  abort: inARow(async () => {
    const controller = new AbortController();
    await ask(LARGE, { signal: controller.signal });
    controller.abort();
  }),
  /** The loop that reads is left. */
  'loop-left': inARow(async () => {
    const { body } = await ask(LARGE);
    for await (const _ of body) break;
  }),
  'connection-close': inARow(() => readAll(SMALL, { headers: { connection: 'close' } })),
  head: inARow(() => readAll(SMALL, { method: 'HEAD' })),
  'hint-1': inARow(() => readAll(`${origin}/hint?seconds=1`)),
  'hint-2': inARow(() => readAll(`${origin}/hint?seconds=2`)),
  'hint-3': inARow(() => readAll(`${origin}/hint?seconds=3`)),
  'server-asks': inARow(() => readAll(`${origin}/close`)),
  'server-fin': inARow(() => readAll(`${origin}/fin`)),
  'server-rst': inARow(() => readAll(`${origin}/rst`)),
  'server-fin-early': inARow(() => readAll(`${origin}/fin-early`)),
  'server-fin-body': inARow(() => readAll(`${origin}/fin-body`)),
  eof: inARow(() => readAll(`${origin}/eof`)),
  burst: () => repeat(count, () => readAll(`${origin}/slow-silent?ms=20`), count),
  'abort-early': inARow(async () => {
    const controller = new AbortController();
    const answer = ask(`${origin}/never`, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await answer;
  }),
  ...(undici === null ? {} : OF_UNDICI),
};

const run = SITUATIONS[situation];
if (run === undefined) throw new Error(`no situation ${situation}: ${Object.keys(SITUATIONS).join(' ')}`);
exitWithStdin();
tell('done', await run());
