import type { Cause } from '../../agent/model/cause.ts';
import type { Side } from '../kernel/netns.ts';
import type { KernelExpectation } from './kernel-counts.ts';
import type { TestNode } from './nodes.ts';

/** Whose undici a client uses. */
export interface UndiciOf {
  /** "undici 7", "undici 6", "fetch": as tests are named. */
  readonly name: string;
  /** For the client's UNDICI: the folder of the package, or "fetch". */
  readonly use: string;
  readonly major: number;
}

/** Where a situation is played. */
export interface Place {
  readonly node: TestNode;
  readonly undici: UndiciOf;
  /** Of the server: "10.9.0.2:8080". */
  readonly destination: string;
  readonly count: number;
  /** For files that a program needs. */
  readonly folder: string;
}

export interface Program {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly where?: Side;
  /** The line that it prints when it is as far as that. */
  readonly awaits?: 'ready' | 'done';
  /** Where it listens once it is ready, on the client's side. */
  readonly listensAt?: string;
  /** Its ports are what is looked at: it gets ScenarioOptions.env. */
  readonly isClient?: boolean;
  /** A server that one which is there already would do for (ScenarioOptions.isServed). */
  readonly isPlainServer?: boolean;
}

/** Real programs that do one thing, what the kernel gets of it, and what is to be said about it. */
export interface Situation {
  readonly name: string;
  /** Programs that the machine must have. */
  readonly needs?: readonly string[];
  /** Requests, or connections where there are no requests. */
  readonly count: number;
  /** Of the client's namespace and before the programs: lines of nft. */
  readonly nft?: readonly string[];
  /** The server that the client connects to; where it cannot be any. */
  readonly destination?: string;
  /** More of a kind, that need not be tried with every undici. */
  readonly isVariety?: boolean;
  /** In this order, each when the one before is ready or done. */
  readonly programs: (place: Place) => readonly Program[];
  readonly kernel: (count: number, undici: UndiciOf) => KernelExpectation;
  /** The cause to be named first; 'none': nothing is wrong. */
  readonly expectedCause: Cause | 'none';
  /** Others that are as right: the same change mends it. */
  readonly orCause?: readonly Cause[];
}
