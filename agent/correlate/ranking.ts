/** One destination while the worst are being picked: its index in the table and what it is ranked by. */
export interface Candidate {
  readonly destination: number;
  readonly headroomPorts: number;
  readonly usedPorts: number;
}

/** Worst first: least headroom, then most used. */
function compare(a: Candidate, b: Candidate): number {
  return a.headroomPorts - b.headroomPorts || b.usedPorts - a.usedPorts;
}

/**
 * Keeps the `limit` worst of any number of candidates in bounded memory. `tieBreak` orders equals, so that the outcome
 * does not depend on the order in which the kernel lists sockets.
 */
export class Worst {
  private kept: Candidate[] = [];
  private bar: Candidate | null = null;
  private readonly limit: number;
  private readonly order: (a: Candidate, b: Candidate) => number;

  constructor(limit: number, tieBreak: (a: number, b: number) => number) {
    this.limit = limit;
    this.order = (a, b) => compare(a, b) || tieBreak(a.destination, b.destination);
  }

  /** Allocates only for a candidate that is among the worst so far. */
  offer(destination: number, headroomPorts: number, usedPorts: number): void {
    if (this.bar !== null) {
      const difference = headroomPorts - this.bar.headroomPorts || this.bar.usedPorts - usedPorts;
      if (difference > 0) return;
    }
    this.kept.push({ destination, headroomPorts, usedPorts });
    if (this.kept.length >= this.limit * 2 + 64) this.prune();
  }

  /** The worst, worst first. */
  list(): readonly Candidate[] {
    this.prune();
    return this.kept;
  }

  private prune(): void {
    this.kept.sort(this.order);
    this.kept.length = Math.min(this.kept.length, this.limit);
    this.bar = this.kept.length === this.limit ? (this.kept.at(-1) ?? null) : null;
  }
}
