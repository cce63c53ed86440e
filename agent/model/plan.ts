import type { TwReuse } from './port-settings.ts';

/** Ports from one to another, both included. */
export interface PortRange {
  readonly low: number;
  readonly high: number;
}

/** How long a request holds its connection, said in one of three ways; by Little's law each follows from another. */
export type PlanLoad =
  /** Requests under way at once, all destinations together. */
  | { readonly kind: 'concurrency'; readonly requests: number }
  /** How long a request takes. */
  | { readonly kind: 'latency'; readonly seconds: number }
  /** How long a connection stays open, whatever its requests take. */
  | { readonly kind: 'lifetime'; readonly seconds: number };

export type PlanClient =
  /** A share of the requests, 0 to 1, finds an open connection, however that is brought about. */
  | { readonly kind: 'reuse'; readonly reuseShare: number }
  /** Keeps idle connections, up to a limit; null: none. A share of the requests, 0 to 1, destroys its connection. */
  | {
      readonly kind: 'pool';
      readonly maxIdle: number | null;
      readonly maxPerHost: number | null;
      readonly unreadShare: number;
    };

/** What `lastport plan` is asked. */
export interface PlanQuestion {
  readonly requestsPerSecond: number;
  /** Remote or local addresses, or remote ports, that the requests are spread over evenly. */
  readonly destinations: number;
  readonly client: PlanClient;
  readonly load: PlanLoad;
  /** Which side closes first, and so has the TIME_WAIT. */
  readonly closes: 'local' | 'remote';
  readonly range: PortRange;
  readonly reserved: readonly PortRange[];
  readonly twReuse: TwReuse;
  /** Whether the destinations are loopback addresses. */
  readonly loopback: boolean;
}

/** fits: connect() stays fast; slow: the first parity runs out; exhausted: all ports do. */
export type PlanVerdict = 'fits' | 'slow' | 'exhausted';

/** What comes of it at one destination. Ports as many as it would need, if there were enough. */
export interface PlanOutcome {
  readonly opensPerSecond: number;
  /** Where the ports in use settle, on average. */
  readonly settlesAtPorts: number;
  /** The same just before a turn of the timer wheel gives back TIME_WAIT: what must fit. */
  readonly peakUsedPorts: number;
  /** From a start without connections; null: never. */
  readonly slowConnectInSeconds: number | null;
  readonly exhaustedInSeconds: number | null;
}

/** A change that makes it fit by itself. */
export interface PlanChange {
  /** Options of `lastport plan` by their flags, without dashes. */
  readonly set: Readonly<Record<string, string>>;
  readonly means: string;
}

/** What `lastport plan --format json` prints. */
export interface PlanAnswer extends PlanOutcome {
  readonly schema: 'lastport/1';
  readonly asked: PlanQuestion;
  readonly verdict: PlanVerdict;
  /** Within 5 % of a limit, so that chance decides. */
  readonly isNear: boolean;
  /** More requests come than so many connections can carry: they wait, more and more of them. */
  readonly requestsQueue: boolean;
  readonly usablePorts: number;
  /** Those that connect() looks at first. */
  readonly fastPorts: number;
  /** At one destination: requests that are answered a second, and how many are under way at once; null: not known. */
  readonly servedPerSecond: number;
  readonly concurrency: number | null;
  /** Of the ports at which it settles. */
  readonly openConnections: number;
  readonly timeWaitPorts: number;
  /** If requests start and end all at once, which empties a pool; null: no different. */
  readonly inBursts: PlanOutcome | null;
  /** Requests a second to all destinations with which ports never run out, or connect() stays fast; null: any. */
  readonly sustainablePerSecond: number | null;
  readonly fastPerSecond: number | null;
  readonly changes: readonly PlanChange[];
  /** Options that no value of makes it fit. */
  readonly notEnough: readonly string[];
}
