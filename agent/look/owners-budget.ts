import type { Host } from '../model/host.ts';
import type { Reach } from './reach.ts';

/** Of a core, for finding out who holds sockets; what is not spent adds up to MOST_MS. A single look takes longer. */
const SHARE = 0.01;
const MOST_MS = 30;
const ONCE_MS = 500;

/** Looks for who holds sockets, as far as its time goes. */
export class OwnersBudget {
  private leftMs = MOST_MS;
  private at = 0;
  private readonly owners: Reach['owners'];
  private readonly monotonic: () => number;
  private readonly host: Host;

  constructor(owners: Reach['owners'], host: Host, monotonic: () => number) {
    this.owners = owners;
    this.host = host;
    this.monotonic = monotonic;
  }

  /** For a single look, behind which no others come. */
  once(): void {
    this.leftMs = ONCE_MS;
  }

  topUp(): void {
    const now = this.monotonic();
    this.leftMs = Math.min(MOST_MS, this.leftMs + (now - this.at) * SHARE);
    this.at = now;
  }

  /** Whether there was the time for it. */
  seek(inodes: Uint32Array): boolean {
    if (this.owners === null) return true;
    if (this.leftMs <= 0) return false;
    const start = this.cpuMs();
    const isComplete = this.owners.seek(inodes, this.leftMs);
    this.leftMs -= this.cpuMs() - start;
    return isComplete;
  }

  /** On a busy host the clock would charge this thread for the time that it waits for a processor (proc_pid_schedstat). */
  private cpuMs(): number {
    try {
      return Number.parseInt(this.host.readText('thread-self/schedstat'), 10) / 1e6;
    } catch {
      return this.monotonic(); // a kernel without it
    }
  }
}
