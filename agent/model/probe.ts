/**
 * Why a connection ended, as the program saw it. In the order of the wire: a new one comes last, before `other`, and its
 * number is never used for another.
 */
export const CLOSE_REASONS = [
  /** Our client closed it after it had been idle for as long as it keeps one. */
  'idle_timeout',
  /** Our program gave up the response: its body was not read to the end. */
  'body_unread',
  /** The same by the garbage collector: fetch() whose response was dropped. */
  'body_collected',
  /** Our program aborted or timed out the request before its response. */
  'aborted',
  'headers_timeout',
  'body_timeout',
  /** The server's response said that it closes (Connection: close, or an HTTP/1.0 without keep-alive). */
  'server_asked',
  /** Our request said so: `Connection: close`, undici's `reset: true`, node:http without keepAlive. */
  'client_asked',
  /** undici closes after every HEAD. */
  'head_request',
  /** undici's `pipelining: 0`. */
  'pipelining_off',
  /** undici's `maxRequestsPerClient`. */
  'request_limit',
  /** The server's Keep-Alive: timeout is so short that undici does not reuse the connection. */
  'keepalive_hint',
  /** A body without length, that only the end of the connection ends. */
  'eof_body',
  /** The server closed: while idle, before its response, in the middle of a body. */
  'server_closed_idle',
  'server_closed_early',
  'server_closed_body',
  'server_reset',
  /** Our program closed or destroyed the client, pool or agent. */
  'client_closed',
  /** node:http: more were free than the agent keeps (maxFreeSockets). */
  'idle_limit',
  /** It never carried a request. */
  'phantom',
  /** WebSocket, CONNECT: it became something else before it ended. */
  'upgraded',
  'other',
] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** By whom connections are made. */
export const PROBE_CLIENTS = ['undici', 'http'] as const;
export type ProbeClient = (typeof PROBE_CLIENTS)[number];

/** What has happened on a program's connections to one destination; all of it since some time. */
export interface ProbeCounts {
  /** Connections opened. */
  readonly opens: number;
  /** Requests sent on them. */
  readonly requests: number;
  /** Of the opens: at that moment another client of this program had an idle connection to the same place. */
  readonly opensBesideIdle: number;
  readonly closes: { readonly [reason in CloseReason]?: number };
  /** Connections that could not be opened, by code ("EADDRNOTAVAIL", "ECONNREFUSED"). */
  readonly connectErrors: { readonly [code: string]: number };
}

export const NO_COUNTS: ProbeCounts = { opens: 0, requests: 0, opensBesideIdle: 0, closes: {}, connectErrors: {} };

/** What is the case on a program's connections to one destination. */
export interface ProbeGauges {
  /** Connections open. */
  readonly open: number;
  /** Of these: without a request under way, and reusable. */
  readonly idle: number;
  /** With a response whose body nobody has read from for a second or more, and which therefore stay open. */
  readonly unread: number;
  /** Open for a second or more without having carried a request. */
  readonly unused: number;
  /** Clients (undici Client, node:http Agent) with a connection open. */
  readonly clients: number;
}

export const NO_GAUGES: ProbeGauges = { open: 0, idle: 0, unread: 0, unused: 0, clients: 0 };

/** The most there was at once. */
export interface ProbeMarks {
  readonly open: number;
  /** Requests under way, sent and not answered to the end. */
  readonly concurrent: number;
  /** Requests made and not sent yet. */
  readonly queued: number;
}

/** Where in the program's own code: "/srv/app/api.js:41". Sampled. */
export interface CallSite {
  readonly site: string;
  readonly reason: CloseReason | 'unread';
  /** Times it was sampled. */
  readonly count: number;
}

/** What probes tell of one destination: all programs that use it together, over the last `seconds`. */
export interface ProbeView {
  /** pid as the daemon sees it, null where it does not; most requests first. */
  readonly programs: readonly { readonly pid: number | null; readonly node: string; readonly requests: number }[];
  /** The name by which the program calls the remote; null: by its address. */
  readonly remoteName: string | null;
  readonly clients: readonly ProbeClient[];
  readonly isTls: boolean;
  /** At most a minute, for as long as a TIME_WAIT lasts; less where the programs have not run so long. */
  readonly seconds: number;
  readonly counts: ProbeCounts;
  readonly gauges: ProbeGauges;
  readonly marks: ProbeMarks;
  /** The shortest `Keep-Alive: timeout` that the server named, in seconds; null: none. */
  readonly keepAliveHintSeconds: number | null;
  readonly callSites: readonly CallSite[];
  /** Of the last seconds. */
  readonly requestsPerSecond: number;
  /** Since the daemon knows the destination. */
  readonly totals: { readonly requests: number; readonly closes: { readonly [reason in CloseReason]?: number } };
  /** Ports in TIME_WAIT now, by why their connection was closed. */
  readonly timeWait: { readonly [reason in CloseReason]?: number };
  /** Whether all live connections and closes of the destination are these programs'. */
  readonly isAll: boolean;
}

/** A program with a probe in it, one for each of its threads. */
export interface ProbeIdentity {
  /** As this host sees it; null: the kernel did not say. */
  readonly pid: number | null;
  /** As it sees itself, with its thread: tells it from others where there is no pid. */
  readonly name: string;
  readonly node: string;
  readonly netns: number | null;
  /** For how long it had been running when it came. */
  readonly uptimeSeconds: number;
}

/** What a probe says of one of its paths. Counts are since the program began, marks since it said so last. */
export interface ProbeSums {
  readonly id: number;
  readonly client: ProbeClient;
  readonly isTls: boolean;
  readonly remoteName: string | null;
  /** Canonical text; null: not known. */
  readonly local: string | null;
  readonly remote: string;
  readonly remotePort: number;
  readonly counts: ProbeCounts;
  readonly gauges: ProbeGauges;
  readonly marks: ProbeMarks;
  readonly keepAliveHintSeconds: number | null;
  readonly callSites: readonly CallSite[];
}
