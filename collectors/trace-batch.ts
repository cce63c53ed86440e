/** What a record was of. */
export const STATE = 1;
export const REFUSED = 2;
export const FORKED = 3;
export const CLONED = 4;
export const ENDED = 5;

const SMALLEST = 1024;
/** An index is so many units of time: records of several processors are put in order by one number that holds both. */
const INDEX_RANGE = 2 ** 18;
/** ns: what happened closer together than this stays in the order it was read in. */
const RESOLUTION = 16;
/** ns, so that such a number stays below 2^53, and exact. */
const LONGEST = (2 ** 35 - 1) * RESOLUTION;

/**
 * Records of the trace between being read, processor by processor, and being told in the order of time. In packed columns
 * that are filled anew each time; what is too young to be told stays.
 */
export class TraceBatch {
  count = 0;
  /** In ns of the trace's clock. */
  at = new Float64Array(SMALLEST);
  kind = new Uint8Array(SMALLEST);
  /** In whose context it happened. */
  tid = new Int32Array(SMALLEST);
  flags = new Uint8Array(SMALLEST);
  socket = new Float64Array(SMALLEST);
  before = new Uint8Array(SMALLEST);
  after = new Uint8Array(SMALLEST);
  localPort = new Uint16Array(SMALLEST);
  destination = new Int32Array(SMALLEST);
  /** An errno, a thread's id, or the number of a task. */
  value = new Int32Array(SMALLEST);
  /** Of those that ENDED. */
  readonly names = new Map<number, string>();
  /** The records to be told, in the order of time, as of the last order(). */
  ordered = new Float64Array(0);
  private until = 0;
  private readonly most: number;

  /** `most` records at a time, fewer than INDEX_RANGE. */
  constructor(most: number) {
    this.most = most;
  }

  get isFull(): boolean {
    return this.count >= this.most;
  }

  /** The slot of a new record. There must be room for it, and for a page more than isFull() says. */
  add(at: number): number {
    if (this.count === this.at.length) this.grow();
    this.at[this.count] = at;
    return this.count++;
  }

  /** Puts in order what happened up to `until`, in ns. */
  order(until: number): void {
    const { at, count } = this;
    this.until = until;
    let first = Number.POSITIVE_INFINITY;
    let chosen = 0;
    for (let slot = 0; slot < count; slot++) {
      if (at[slot]! > until) continue;
      first = Math.min(first, at[slot]!);
      chosen++;
    }
    this.ordered = new Float64Array(chosen);
    let index = 0;
    for (let slot = 0; slot < count; slot++) {
      if (at[slot]! > until) continue;
      const since = Math.min(LONGEST, at[slot]! - first);
      this.ordered[index++] = Math.floor(since / RESOLUTION) * INDEX_RANGE + slot;
    }
    this.ordered.sort();
    for (index = 0; index < chosen; index++) this.ordered[index] = this.ordered[index]! % INDEX_RANGE;
  }

  /** Forgets what was put in order. */
  drop(): void {
    const { columns } = this;
    let kept = 0;
    const names = [...this.names];
    this.names.clear();
    for (const [slot, name] of names) {
      // Where it will be: after those before it that stay.
      if (this.at[slot]! > this.until) this.names.set(this.keptBefore(slot), name);
    }
    for (let slot = 0; slot < this.count; slot++) {
      if (this.at[slot]! <= this.until) continue;
      for (const column of columns) column[kept] = column[slot]!;
      kept++;
    }
    this.count = kept;
  }

  private keptBefore(slot: number): number {
    let kept = 0;
    for (let before = 0; before < slot; before++) if (this.at[before]! > this.until) kept++;
    return kept;
  }

  private get columns() {
    const { at, kind, tid, flags, socket, before, after, localPort, destination, value } = this;
    return [at, kind, tid, flags, socket, before, after, localPort, destination, value];
  }

  private grow(): void {
    const size = this.at.length * 2;
    const grown = <Column extends { set(from: Column): void }>(to: Column, from: Column): Column => {
      to.set(from);
      return to;
    };
    this.at = grown(new Float64Array(size), this.at);
    this.kind = grown(new Uint8Array(size), this.kind);
    this.tid = grown(new Int32Array(size), this.tid);
    this.flags = grown(new Uint8Array(size), this.flags);
    this.socket = grown(new Float64Array(size), this.socket);
    this.before = grown(new Uint8Array(size), this.before);
    this.after = grown(new Uint8Array(size), this.after);
    this.localPort = grown(new Uint16Array(size), this.localPort);
    this.destination = grown(new Int32Array(size), this.destination);
    this.value = grown(new Int32Array(size), this.value);
  }
}
