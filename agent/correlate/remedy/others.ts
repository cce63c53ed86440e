import { afterwards, originOf, type Sizing } from './sizing.ts';
import type { Snippets } from './snippets.ts';

function session({ connections }: Sizing): string[] {
  return [
    'import requests',
    'from requests.adapters import HTTPAdapter',
    '',
    '# once for the whole program: requests.get() and urllib open a connection for each call',
    'session = requests.Session()',
    `adapter = HTTPAdapter(pool_connections=10, pool_maxsize=${connections}, pool_block=True)`,
    'session.mount("http://", adapter)',
    'session.mount("https://", adapter)',
  ];
}

export const PYTHON: Snippets = {
  connection_per_request: (sizing) => ({
    line: `Python: one requests.Session for the whole program, with HTTPAdapter(pool_maxsize=${sizing.connections})`,
    code: session(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
  client_per_request: (sizing) => ({
    line: 'Python: make the Session once, not in the function that makes requests',
    code: session(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
  idle_pool_too_small: (sizing) => ({
    line: `Python: HTTPAdapter(pool_maxsize=${sizing.connections}, pool_block=True): what is beyond pool_maxsize (10 by default) is closed after use`,
    code: session(sizing),
    expect: afterwards(sizing),
    costs: 'with pool_block calls beyond wait',
  }),
  no_connection_limit: (sizing) => ({
    line: 'Python: pool_block=True makes pool_maxsize a limit',
    code: session(sizing),
    expect: `at most ${sizing.connections} ports for each process`,
    costs: 'calls beyond wait',
  }),
  unread_body: () => ({
    line: 'Python: with stream=True read response.content, or leave the with block only after the body has been read',
    code: [],
    expect: 'connections are reused',
    costs: null,
  }),
  leaked_body: () => ({
    line: 'Python: use "with session.get(url, stream=True) as response", which closes what is not read',
    code: [],
    expect: 'no new connections are left behind',
    costs: null,
  }),
};

function upstream({ connections, remote, remotePort }: Sizing): string[] {
  return [
    'upstream api {',
    `  server ${remote}:${remotePort};`,
    `  keepalive ${connections}; # idle connections for each worker process`,
    '  keepalive_timeout 60s;',
    '}',
    'server {',
    '  listen 8080;',
    '  location / {',
    '    proxy_pass http://api;',
    '    proxy_http_version 1.1;',
    '    proxy_set_header Connection "";',
    '  }',
    '}',
  ];
}

export const NGINX: Snippets = {
  connection_per_request: (sizing) => ({
    line: `nginx: keepalive ${sizing.connections} in the upstream, proxy_http_version 1.1 and proxy_set_header Connection ""`,
    code: upstream(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
  idle_pool_too_small: (sizing) => ({
    line: `nginx: keepalive ${sizing.connections} in the upstream: idle connections for each worker`,
    code: upstream(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
  keepalive_disabled: (sizing) => ({
    line: 'nginx: proxy_http_version 1.1 and proxy_set_header Connection "" with a keepalive upstream',
    code: upstream(sizing),
    expect: afterwards(sizing),
    costs: null,
  }),
};

export const JAVA: Snippets = {
  connection_per_request: (sizing) => ({
    line: 'Java: one java.net.http.HttpClient for the whole program; Apache: a PoolingHttpClientConnectionManager, and consume each entity',
    code: [
      'PoolingHttpClientConnectionManager pool = new PoolingHttpClientConnectionManager();',
      `pool.setMaxTotal(${sizing.connections * 4});`,
      `pool.setDefaultMaxPerRoute(${sizing.connections}); // 5 by default, 2 in version 4`,
      'CloseableHttpClient client = HttpClients.custom().setConnectionManager(pool).build(); // once',
    ],
    expect: afterwards(sizing),
    costs: null,
  }),
  idle_pool_too_small: (sizing) => ({
    line: `Java: Apache's setDefaultMaxPerRoute(${sizing.connections}); java.net.http keeps idle ones for jdk.httpclient.keepalive.timeout seconds`,
    code: [],
    expect: afterwards(sizing),
    costs: null,
  }),
  unread_body: () => ({
    line: 'Java: EntityUtils.consumeQuietly(entity), or read the stream to its end, before closing',
    code: [],
    expect: 'connections are reused',
    costs: null,
  }),
};

export const CURL: Snippets = {
  connection_per_request: (sizing) => ({
    line: 'curl: one call with many URLs keeps its connection; each call of its own opens one',
    code: [`curl --parallel --parallel-max 10 --remote-name-all '${originOf(sizing)}/items/[1-1000]'`],
    expect: afterwards(sizing),
    costs: null,
  }),
};

/** On the other side. */
export const SERVER: Snippets = {
  server_closes: () => ({
    line: 'on the server: keep connections alive (Node: server.keepAliveTimeout = 65_000; nginx: keepalive_timeout 65s, keepalive_requests 10000), and send Content-Length or chunks',
    code: [],
    expect: 'fewer connections opened; hardly a port is lost here as it is',
    costs: null,
  }),
  keepalive_hint_too_short: () => ({
    line: 'on the server: keep idle connections for a minute (Node: server.keepAliveTimeout = 65_000; nginx: keepalive_timeout 65s)',
    code: [],
    expect: 'connections are reused',
    costs: null,
  }),
};

/** Whatever the program. */
export const ANY: Snippets = {
  connection_per_request: ({ connections }) => ({
    line: `keep connections and use them again: one client for the whole program, ${connections} connections at most, each body read to its end`,
    code: [],
    expect: 'as many ports as connections are kept',
    costs: null,
  }),
  idle_pool_too_small: ({ connections }) => ({
    line: `keep as many idle connections as are used at once: ${connections}`,
    code: [],
    expect: 'as many ports as connections are kept',
    costs: null,
  }),
  no_connection_limit: ({ connections }) => ({
    line: `limit the connections to one host, to ${connections} for example`,
    code: [],
    expect: `at most ${connections} ports for each process`,
    costs: 'requests beyond wait',
  }),
  unread_body: () => ({
    line: 'read every response body to its end, error responses too, before it is closed',
    code: [],
    expect: 'connections are reused',
    costs: null,
  }),
  leaked_body: () => ({
    line: 'read or close every response',
    code: [],
    expect: 'no new connections are left behind',
    costs: null,
  }),
  aborted_requests: () => ({
    line: 'give requests the time that their answers take: each one given up costs its connection',
    code: [],
    expect: 'as many connections closed as requests are still given up',
    costs: null,
  }),
  client_per_request: () => ({
    line: 'make the client once and use it for all requests',
    code: [],
    expect: 'as many ports as connections are kept',
    costs: null,
  }),
  idle_timeout_churn: () => ({
    line: 'keep idle connections for longer than the usual pause between requests',
    code: [],
    expect: 'fewer connections opened',
    costs: null,
  }),
  keepalive_disabled: () => ({
    line: 'leave out Connection: close',
    code: [],
    expect: 'connections are reused',
    costs: null,
  }),
  connection_leak: () => ({
    line: 'find where connections are opened and not closed: lsof -p PID, or the ages in ss -tnpo',
    code: [],
    expect: 'a level instead of a rise; a restart gives the live ones back',
    costs: null,
  }),
  close_wait_leak: () => ({
    line: 'close the sockets that the other side has closed: on end of input, and after errors; a restart gives these ports back',
    code: [],
    expect: 'no more sockets in CLOSE_WAIT',
    costs: null,
  }),
  slow_or_dead_destination: () => ({
    line: 'give up connecting sooner, wait longer after each failure, and find out why the destination does not answer',
    code: [],
    expect: 'fewer ports in SYN_SENT',
    costs: null,
  }),
  bind_before_connect: () => ({
    line: 'set IP_BIND_ADDRESS_NO_PORT before bind(), or do not bind at all: then connect() chooses, and a port serves many destinations',
    code: [
      'import socket',
      'IP_BIND_ADDRESS_NO_PORT = 24',
      's = socket.socket()',
      's.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)',
      's.bind(("127.0.0.1", 0))',
    ],
    expect: 'ports are taken from one destination only',
    costs: null,
  }),
  listener_in_range: () => ({
    line: 'let servers listen below the range, or reserve their ports (ip_local_reserved_ports), so that none is taken before they start',
    code: [],
    expect: 'each port of them is one connection more',
    costs: null,
  }),
  too_hot_for_one_address: () => ({
    line: 'spread the connections over more local or remote addresses, or let many requests share one (HTTP/2)',
    code: [],
    expect: 'each further address has as many ports again',
    costs: null,
  }),
  phantom_reconnects: () => ({
    line: 'do not give up responses or requests half-way',
    code: [],
    expect: 'no connections without a request',
    costs: null,
  }),
  unknown: () => ({
    line: 'load the probe into the Node programs that use this destination: node --import lastport/probe app.js',
    code: ['NODE_OPTIONS="--import lastport/probe" node app.js'],
    expect: 'lastport explain then says why each connection is closed',
    costs: null,
  }),
};
