import type { Sizing } from './sizing.ts';
import type { Snippets } from './snippets.ts';

/** One Agent for the whole program, with the numbers of this traffic. */
function agent({ connections, keepAliveMs }: Sizing): string[] {
  return [
    "import { Agent, setGlobalDispatcher } from 'undici';",
    '',
    '// once, where the program starts',
    'setGlobalDispatcher(',
    '  new Agent({',
    `    connections: ${connections}, // to each origin; further requests wait for one`,
    `    keepAliveTimeout: ${keepAliveMs},`,
    '    keepAliveMaxTimeout: 600_000,',
    '  }),',
    ');',
  ];
}

const after = ({ portsAfter, usedPorts }: Sizing) =>
  `some ${portsAfter} ports in use instead of ${usedPorts}, once TIME_WAIT has run out`;

export const UNDICI: Snippets = {
  unread_body: () => ({
    line: 'read every response body to its end, or drop it with body.dump(): also after an error status, and where only the headers matter',
    code: [
      "import { request } from 'undici';",
      '',
      'export async function ask(url) {',
      '  const { statusCode, body } = await request(url);',
      '  if (statusCode !== 200) {',
      '    // reads on for at most so many bytes and keeps the connection; beyond, it is closed',
      '    await body.dump({ limit: 131_072, signal: AbortSignal.timeout(5000) });',
      '    return null;',
      '  }',
      '  return body.json();',
      '}',
      '',
      '// or for all requests of a dispatcher whose bodies nobody wants:',
      '// new Agent().compose(interceptors.dump({ maxSize: 131_072 }))',
    ],
    expect: 'connections are reused; one that is dropped with more than the limit left is still closed',
    costs: 'what is dumped is still sent and received: ask for less, or use HEAD sparingly (undici closes after each)',
  }),
  leaked_body: () => ({
    line: 'read or drop every response that request() gives: a body that nobody touches holds its connection for good',
    code: [
      "import { request } from 'undici';",
      '',
      'export async function status(url) {',
      '  const { statusCode, body } = await request(url);',
      '  await body.dump(); // also where only the status is wanted',
      '  return statusCode;',
      '}',
    ],
    expect: 'the connections that hang now stay until the program ends; no new ones join them',
    costs: null,
  }),
  no_connection_limit: (sizing) => ({
    line: `limit the connections to one origin: new Agent({ connections: ${sizing.connections} }); further requests wait for a free one`,
    code: agent(sizing),
    expect: `at most ${sizing.connections} ports for each process`,
    costs:
      'requests beyond wait; if the answers are slow, the wait is felt: watch the queue (lastport explain shows it)',
  }),
  idle_pool_too_small: (sizing) => ({
    line: `keep connections: new Agent({ connections: ${sizing.connections}, keepAliveTimeout: ${sizing.keepAliveMs} })`,
    code: agent(sizing),
    expect: after(sizing),
    costs: null,
  }),
  connection_per_request: (sizing) => ({
    line: `use one Agent for the whole program, with keep-alive: new Agent({ connections: ${sizing.connections} })`,
    code: agent(sizing),
    expect: after(sizing),
    costs: null,
  }),
  client_per_request: (sizing) => ({
    line: 'make the Agent (Client, Pool) once, outside the function that makes requests, and use it for all of them',
    code: [
      "import { Agent, request } from 'undici';",
      '',
      '// once for the module, not in the function',
      `const dispatcher = new Agent({ connections: ${sizing.connections}, keepAliveTimeout: ${sizing.keepAliveMs} });`,
      '',
      'export async function ask(url) {',
      '  const { body } = await request(url, { dispatcher });',
      '  return body.json();',
      '}',
    ],
    expect: after(sizing),
    costs: null,
  }),
  keepalive_disabled: (sizing) => ({
    line: 'leave out reset: true, the header Connection: close, pipelining: 0 and maxRequestsPerClient; after HEAD undici always closes, so ask with GET where many are made',
    code: [
      "import { Agent } from 'undici';",
      '',
      'const dispatcher = new Agent({',
      `  connections: ${sizing.connections},`,
      '  pipelining: 1, // the default: one request at a time on a connection, which is kept. 0 closes it',
      `  keepAliveTimeout: ${sizing.keepAliveMs},`,
      '});',
      '',
      '// in place of HEAD, where the server knows ranges:',
      'export async function exists(url) {',
      "  const response = await dispatcher.request({ origin: new URL(url).origin, path: new URL(url).pathname, method: 'GET', headers: { range: 'bytes=0-0' } });",
      '  await response.body.dump();',
      '  return response.statusCode < 400;',
      '}',
    ],
    expect: after(sizing),
    costs: null,
  }),
  keepalive_hint_too_short: (sizing) => ({
    line: 'have the server keep idle connections longer (Node: server.keepAliveTimeout = 65_000; nginx: keepalive_timeout 65s); undici takes a second off its hint and must reuse in what is left',
    code: [
      "import { Agent, setGlobalDispatcher } from 'undici';",
      '',
      '// if the server cannot be changed: take less off its hint. A request may then meet its close, so only what may be',
      '// sent twice should go this way (undici sends idempotent requests again by itself)',
      'setGlobalDispatcher(',
      `  new Agent({ connections: ${sizing.connections}, keepAliveTimeoutThreshold: 200 }),`,
      ');',
    ],
    expect: after(sizing),
    costs: 'a lower threshold risks ECONNRESET on a request that crosses the server’s close',
  }),
  aborted_requests: (sizing) => ({
    line: 'give requests the time that their answers take, and limit how many wait: each one given up costs its connection',
    code: [
      "import { Agent, request } from 'undici';",
      '',
      `const dispatcher = new Agent({ connections: ${sizing.connections}, headersTimeout: 10_000, bodyTimeout: 30_000 });`,
      '',
      'export async function ask(url) {',
      '  // the slowest answers worth waiting for, not the usual ones',
      '  const { body } = await request(url, { dispatcher, signal: AbortSignal.timeout(10_000) });',
      '  return body.json();',
      '}',
      '',
      '// HTTP/2 takes a single request back without closing: new Agent({ allowH2: true })',
    ],
    expect: 'as many connections closed as requests are still given up',
    costs: 'a slow destination is waited for longer',
  }),
  idle_timeout_churn: (sizing) => ({
    line: `keep idle connections for longer than the usual pause between requests: keepAliveTimeout: ${sizing.keepAliveMs} (4 s by default)`,
    code: agent(sizing),
    expect: after(sizing),
    costs: 'idle connections stay open; a server or load balancer in between must keep them as long',
  }),
  server_closes: () => ({
    line: 'have the server keep connections alive; on this side hardly a port is lost',
    code: [],
    expect: 'fewer connections opened',
    costs: null,
  }),
  phantom_reconnects: () => ({
    line: 'do not give up responses or requests half-way (read, or body.dump()); undici from 8.12 on does not connect again for nothing',
    code: ['npm install undici@^8.12 # needs Node 22.19 or later'],
    expect: 'no connections without a request',
    costs: null,
  }),
  too_hot_for_one_address: (sizing) => ({
    line: `let many requests share a connection: new Agent({ allowH2: true, connections: ${sizing.connections} }), where the server speaks HTTP/2`,
    code: [
      "import { Agent, setGlobalDispatcher } from 'undici';",
      '',
      `setGlobalDispatcher(new Agent({ allowH2: true, connections: ${sizing.connections}, pipelining: 100 }));`,
    ],
    expect: 'up to a hundred requests on each connection',
    costs: 'HTTP/2 needs TLS; one lost connection takes all its requests along',
  }),
  slow_or_dead_destination: (sizing) => ({
    line: 'give up connecting sooner, and stop trying for a while after failures',
    code: [
      "import { Agent, setGlobalDispatcher } from 'undici';",
      '',
      `setGlobalDispatcher(new Agent({ connections: ${sizing.connections}, connect: { timeout: 3000 } }));`,
    ],
    expect: 'fewer ports in SYN_SENT',
    costs: null,
  }),
  connection_leak: (sizing) => ({
    line: 'close clients that are no longer needed (await client.close()), and limit connections, so that a leak is a queue and no outage',
    code: agent(sizing),
    expect: 'a level instead of a rise',
    costs: null,
  }),
};

/** The global fetch(): its dispatcher is undici's, and is set the same way. */
export const FETCH: Snippets = {
  unread_body: () => ({
    line: 'read every response of fetch() to its end (await response.arrayBuffer()); response.body?.cancel() frees it at once but closes the connection if more is to come',
    code: [
      'export async function ask(url) {',
      '  const response = await fetch(url);',
      '  if (!response.ok) {',
      '    await response.arrayBuffer(); // small: reading on is cheaper than a new connection',
      '    return null;',
      '  }',
      '  return response.json();',
      '}',
      '',
      '// a large body that nobody wants: costs this connection, and not a leak',
      'export async function headersOf(url) {',
      '  const response = await fetch(url);',
      '  await response.body?.cancel();',
      '  return response.headers;',
      '}',
    ],
    expect: 'connections are reused; each cancel() of a large body still costs one',
    costs: 'what is read is received: of a large body nobody wants, cancel() is cheaper',
  }),
  leaked_body: () => ({
    line: 'read or cancel every response of fetch(): one that is dropped holds its connection until the garbage collector finds it',
    code: [
      'export async function status(url) {',
      '  const response = await fetch(url);',
      '  await response.body?.cancel();',
      '  return response.status;',
      '}',
    ],
    expect: 'no connection waits for the garbage collector',
    costs: 'cancel() of a body that has not come whole closes the connection: read it where it is small',
  }),
};
