import type { Reach } from './reach.ts';

/** Of a core, for finding out who holds sockets. */
const SHARE = 0.01;
/** What is not spent adds up to that of half a minute, for when many come at once; a single look has more. */
const MOST_MS = 300;
const ONCE_MS = 500;
/** No look spends more: it would be late. */
const LOOK_MS = 30;

/** Looks for who holds sockets, as far as its time goes. */
export class OwnersBudget {
  private leftMs = MOST_MS;
  private lookMs = LOOK_MS;
  private at = 0;
  private readonly owners: Reach['owners'];
  private readonly monotonic: () => number;
  private readonly cpu: () => number;

  /** `cpu`: on a busy host the clock would charge this thread for the time that it waits for a processor. */
  constructor({ owners, cpu }: Pick<Reach, 'owners' | 'cpu'>, monotonic: () => number) {
    this.owners = owners;
    this.monotonic = monotonic;
    this.cpu = cpu;
  }

  /** For a single look, behind which no others come. */
  once(): void {
    this.leftMs = ONCE_MS;
    this.lookMs = ONCE_MS;
  }

  topUp(): void {
    const now = this.monotonic();
    this.leftMs = Math.min(MOST_MS, this.leftMs + (now - this.at) * SHARE);
    this.at = now;
  }

  /** Whether there was the time for it. `netns`: whose all these are. */
  seek(inodes: Uint32Array, netns: number | null): boolean {
    if (this.owners === null) return true;
    if (this.leftMs <= 0) return false;
    const start = this.cpu();
    const isComplete = this.owners.seek(inodes, Math.min(this.leftMs, this.lookMs), netns);
    this.leftMs -= this.cpu() - start;
    return isComplete;
  }

  /** Looks on, while nothing waits for it: for so many ms by the clock at most. Programs of those found, by inode. */
  goOn(netns: number | null, patienceMs: number): ReadonlyMap<number, number> {
    if (this.owners === null || this.leftMs <= 0 || patienceMs <= 0) return new Map();
    const start = this.cpu();
    const found = this.owners.goOn(netns, Math.min(this.leftMs, this.lookMs), patienceMs);
    this.leftMs -= this.cpu() - start;
    return found;
  }
}
