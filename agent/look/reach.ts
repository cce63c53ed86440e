import type { Gap } from '../model/gap.ts';
import type { LiveSample } from '../model/live-sample.ts';
import type { Netns } from '../model/netns.ts';
import type { SocketOwners } from '../model/program.ts';
import type { Pulse } from '../model/readings.ts';
import type { Tracing } from './tracing.ts';

/** Which namespaces to look at. */
export type NetnsChoice = 'all' | 'self' | { readonly pid: number } | { readonly inode: number };

/** A namespace that could not be entered. */
export class Refused extends Error {
  /** It has ceased to exist, which is nothing to complain about. */
  readonly isGone: boolean;

  constructor(error: NodeJS.ErrnoException) {
    super(error.message, { cause: error });
    this.isGone = error.code === 'ENOENT' || error.code === 'ESRCH';
  }
}

/**
 * `seek` looks for who holds these sockets, all those of a network namespace, for about so many ms of a processor, and
 * says whether it has looked everywhere. If not, `goOn` looks on, for so many ms by the clock at most, and returns the
 * programs of those it finds, by inode.
 */
export interface SoughtOwners extends SocketOwners {
  readonly seek: (inodes: ArrayLike<number>, budgetMs: number, netns: number | null) => boolean;
  readonly goOn: (netns: number | null, budgetMs: number, patienceMs: number) => ReadonlyMap<number, number>;
}

/** Where a look gets what no source reads: the namespaces, their pulse, and the kernel's answers. */
export interface Reach {
  readonly find: () => { readonly namespaces: readonly Netns[]; readonly gaps: readonly Gap[] };
  readonly inodeOf: (pid: number) => number | null;
  /** Does something inside a namespace that is not ours, synchronously. Throws Refused, or what the work throws. */
  readonly inside: <Result>(netns: Netns, work: () => Result) => Result;
  /** Of the namespace whose net/ that directory is. */
  readonly pulse: (directory: string) => Pulse;
  /** Packets received and sockets there are, on the whole host. */
  readonly stir: () => { readonly packets: number; readonly allocated: number };
  /** Asks about ports in the calling thread's namespace until `isLate`. Throws where that does not work. */
  readonly ask: (
    ports: readonly number[],
    note: (port: number, isBlocked: boolean) => void,
    isLate: () => boolean,
  ) => { readonly answered: number; readonly complete: boolean };
  /** The address the kernel would connect from, in the calling thread's namespace; null: it would not. */
  readonly route: (remote: string, remotePort: number) => string | null;
  /** The live connections to a remote, from the calling thread's namespace. Throws where that does not work. */
  readonly live: (remote: string, remotePort: number) => LiveSample | null;
  /** The number of a process among `owners`; 0: it has gone. */
  readonly programOf: (pid: number) => number;
  /** Who holds which socket; null where nothing can tell. */
  readonly owners: SoughtOwners | null;
  /** What the calling thread has had of a processor, in ms. */
  readonly cpu: () => number;
  /** The kernel's trace; null: it was not asked for. */
  readonly trace: Tracing | null;
  /** Lets go of what it keeps open. */
  readonly close: () => void;
  /** Whether the thread must not go on after this error. */
  readonly isFatal: (error: unknown) => boolean;
}
