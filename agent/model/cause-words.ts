import type { Cause } from './cause.ts';

/** A cause as people read it. */
export interface CauseWords {
  /** In a line of a table: "one connection per request". */
  readonly headline: string;
  readonly meaning: string;
  /** How it is known: from a probe, and from the kernel alone. */
  readonly fromProbe: string;
  readonly fromKernel: string;
}

const NOT_FROM_KERNEL = 'The kernel alone does not show it.';

export const CAUSE_WORDS: { readonly [cause in Cause]: CauseWords } = {
  connection_per_request: {
    headline: 'one connection per request',
    meaning:
      'Each request opens a connection, which this side closes after it. The port of each stays in TIME_WAIT for another minute.',
    fromProbe: 'As many connections as requests, closed for reasons that tell no more.',
    fromKernel:
      'Connections are opened and closed here in quantity, and no live one has carried a second request (tcp_info). Whether keep-alive is off, each request makes a client of its own, or bodies are left unread, it does not tell.',
  },
  idle_pool_too_small: {
    headline: 'too few idle connections kept',
    meaning:
      'More requests are under way at once than idle connections are kept. What comes back to a full pool is closed, and soon opened again.',
    fromProbe: 'An agent of node:http destroys connections that it gets back in good order (maxFreeSockets).',
    fromKernel:
      'Connections are opened and closed here in quantity, while some of the live ones have carried several requests.',
  },
  no_connection_limit: {
    headline: 'no limit to connections',
    meaning: 'Nothing limits the connections to one place: a burst of requests takes as many ports at once.',
    fromProbe: 'A hundred connections or more at the same time, one request on each.',
    fromKernel: NOT_FROM_KERNEL,
  },
  unread_body: {
    headline: 'bodies given up before their end',
    meaning:
      'A response whose body is not read to its end blocks its connection: nothing can be sent on it until the rest has come. So the client closes it, and the next request needs another one.',
    fromProbe:
      'Connections closed after the headers of a response and before its end, by the program or by the garbage collector.',
    fromKernel:
      'Connections are closed with data that nobody has read (TCPAbortOnClose; these end with a reset and leave no TIME_WAIT). Where all of a body had come and been read from the kernel, they look like one connection per request.',
  },
  leaked_body: {
    headline: 'bodies that nobody reads on',
    meaning:
      'The program keeps a response and neither reads its body nor gives it up. Its connection stays open for good, and no timeout runs.',
    fromProbe: 'Responses without progress for a second or more, with data waiting for them.',
    fromKernel: 'Live connections hold data that nobody reads, and become more.',
  },
  aborted_requests: {
    headline: 'requests given up before their response',
    meaning: 'HTTP/1.1 has no way to take a request back but to close its connection: each timeout or abort costs one.',
    fromProbe: 'Connections closed under a request: aborted, or timed out for headers or body.',
    fromKernel: NOT_FROM_KERNEL,
  },
  client_per_request: {
    headline: 'a client made for each request',
    meaning:
      'Each request makes an Agent, Client or Pool of its own. Connections are kept by the one that made them, so no other can use them.',
    fromProbe:
      'Connections opened beside an idle one to the same place, closed with their client after a request, or as many agents as connections.',
    fromKernel: NOT_FROM_KERNEL,
  },
  idle_timeout_churn: {
    headline: 'idle connections closed too soon',
    meaning: 'Connections are kept for a shorter time than passes from one request to the next.',
    fromProbe: 'Most connections are closed by the idle timeout after a request or two.',
    fromKernel: NOT_FROM_KERNEL,
  },
  server_closes: {
    headline: 'the server closes connections',
    meaning:
      'The server ends connections. Each request after that needs a new one, but TIME_WAIT is then the server’s, and hardly a port is lost here.',
    fromProbe:
      'Connection: close in responses, connections ended or reset by the other side, bodies that only the end delimits.',
    fromKernel: 'Nearly all connections are closed by the other side first.',
  },
  keepalive_hint_too_short: {
    headline: "the server's Keep-Alive is too short",
    meaning:
      'The server says Keep-Alive: timeout=1 or 2. undici takes a second off for the way, sees that nothing is left, and closes after each request.',
    fromProbe: 'Connections closed right after a response with such a header.',
    fromKernel: NOT_FROM_KERNEL,
  },
  keepalive_disabled: {
    headline: 'keep-alive switched off',
    meaning: 'The program itself asks for the end of the connection with each request.',
    fromProbe:
      'Requests with Connection: close: reset: true, a header, an agent without keepAlive, pipelining: 0, maxRequestsPerClient, HEAD.',
    fromKernel: NOT_FROM_KERNEL,
  },
  connection_leak: {
    headline: 'connections leak',
    meaning: 'Connections are opened and never closed: they become more until the ports are gone.',
    fromProbe: 'Open connections become more without a break.',
    fromKernel: 'The same.',
  },
  close_wait_leak: {
    headline: 'connections left in CLOSE_WAIT',
    meaning:
      'The other side has closed and this program does not: it has lost the socket, or waits on something else. CLOSE_WAIT has no timeout.',
    fromProbe: 'The kernel tells.',
    fromKernel: 'Sockets in CLOSE_WAIT become more, or are most of those in use.',
  },
  slow_or_dead_destination: {
    headline: 'the destination does not answer',
    meaning: 'Attempts to connect wait for an answer, for two minutes as a rule, and hold a port for as long.',
    fromProbe: 'Most attempts fail: ETIMEDOUT, ECONNREFUSED, UND_ERR_CONNECT_TIMEOUT and the like.',
    fromKernel: 'A good part of the live sockets are in SYN_SENT.',
  },
  bind_before_connect: {
    headline: 'bind() before connect()',
    meaning:
      'A socket that calls bind() with port 0 before connect() takes its port from every destination, not from its own alone.',
    fromProbe: 'The kernel tells.',
    fromKernel: 'Ports are blocked that this destination does not use, and programs are known to bind at its address.',
  },
  listener_in_range: {
    headline: 'listeners inside the port range',
    meaning: 'A port that somebody listens on inside ip_local_port_range is one that no connection gets.',
    fromProbe: 'The kernel tells.',
    fromKernel: 'Listening sockets on usable ports.',
  },
  range_too_small: {
    headline: 'the port range is small',
    meaning: 'ip_local_port_range is smaller than by default, and with the default there would be enough.',
    fromProbe: 'The kernel tells.',
    fromKernel: 'The range, beside the ports that are asked for.',
  },
  reserved_too_much: {
    headline: 'many ports reserved',
    meaning: 'ip_local_reserved_ports keeps a good part of the range from connect().',
    fromProbe: 'The kernel tells.',
    fromKernel: 'The list of reserved ports.',
  },
  tw_reuse_would_help: {
    headline: 'TIME_WAIT is not reused',
    meaning: 'Most used ports wait in TIME_WAIT, and tcp_tw_reuse does not let connect() take them over.',
    fromProbe: 'The kernel tells.',
    fromKernel: 'States of the used ports, and the setting.',
  },
  phantom_reconnects: {
    headline: 'connections opened for nothing',
    meaning:
      'undici before 8.12 connects again when a connection is lost under a request, whether or not another request waits.',
    fromProbe: 'Connections that never carried a request.',
    fromKernel: NOT_FROM_KERNEL,
  },
  too_hot_for_one_address: {
    headline: 'more at once than one address has ports',
    meaning:
      'Connections are used well, but so many are needed at the same time that one pair of addresses has not the ports for them.',
    fromProbe: 'Nearly all live connections have a request under way.',
    fromKernel: 'Live connections take half of the usable ports or more, and do not become more.',
  },
  unknown: {
    headline: 'cannot tell why',
    meaning: 'Ports are short, and nothing that can be seen says why.',
    fromProbe: 'None of the above.',
    fromKernel: 'None of the above.',
  },
};
