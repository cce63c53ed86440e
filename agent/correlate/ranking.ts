/** One destination while the worst are being picked: its index in the table and what it is ranked by. */
export interface Candidate {
  readonly destination: number;
  readonly headroomPorts: number;
  readonly usedPorts: number;
}

/**
 * Keeps the `limit` worst of any number of candidates in bounded memory: least headroom first, then most used.
 * `tieBreak` orders equals, so that the outcome does not depend on the order in which the kernel lists sockets.
 */
export class Worst {
  private kept: Candidate[] = [];
  private bar: Candidate | null = null;
  private readonly limit: number;
  private readonly tieBreak: (a: number, b: number) => number;

  constructor(limit: number, tieBreak: (a: number, b: number) => number) {
    this.limit = limit;
    this.tieBreak = tieBreak;
  }

  /** Allocates only for a candidate that is among the worst so far. */
  offer(destination: number, headroomPorts: number, usedPorts: number): void {
    const { bar } = this;
    if (bar !== null) {
      const difference =
        headroomPorts - bar.headroomPorts || bar.usedPorts - usedPorts || this.tieBreak(destination, bar.destination);
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
    this.kept.sort(
      (a, b) =>
        a.headroomPorts - b.headroomPorts || b.usedPorts - a.usedPorts || this.tieBreak(a.destination, b.destination),
    );
    this.kept.length = Math.min(this.kept.length, this.limit);
    this.bar = this.kept.length === this.limit ? (this.kept.at(-1) ?? null) : null;
  }
}
