/**
 * How much of something happened when, by the second, for as long back as it is made for. Times in ms on a clock that no
 * one sets.
 */
export class Seconds {
  private readonly bins: Float32Array;
  /** The newest second, and in seconds up to when it is known; −1: nothing has been counted. */
  private newest = -1;
  private end = -1;

  constructor(seconds: number) {
    this.bins = new Float32Array(Math.ceil(seconds) + 2);
  }

  /** `count` of it between `from` and `to`, any of these moments as likely as another. `to` may lie in the past. */
  add(from: number, to: number, count: number): void {
    this.turnTo(to);
    if (count <= 0) return;
    const last = Math.floor(to / 1000);
    const first = Math.max(Math.min(Math.floor(from / 1000), last), this.oldest);
    for (let second = first; second <= last; second++) {
      const begin = Math.max(from, second * 1000);
      const share = to > from ? (Math.min(to, (second + 1) * 1000) - begin) / (to - from) : 1;
      this.bins[this.index(second)]! += count * share;
    }
  }

  /** How much of it happened in the `seconds` before `at`. */
  within(at: number, seconds: number): number {
    this.turnTo(at);
    return this.between(at / 1000 - seconds, at / 1000);
  }

  /** How much of that is still so young 0, 1, 2, … seconds from now, until there is nothing. */
  leaving(at: number, seconds: number): Float64Array {
    this.turnTo(at);
    const left = new Float64Array(Math.ceil(seconds) + 1);
    for (let passed = left.length - 2; passed >= 0; passed--) {
      const oldest = at / 1000 - seconds + passed;
      left[passed] = left[passed + 1]! + this.between(oldest, Math.min(oldest + 1, at / 1000));
    }
    return left;
  }

  private between(from: number, to: number): number {
    let sum = 0;
    for (let second = Math.max(Math.floor(from), this.oldest); second <= this.newest && second <= to; second++) {
      // The newest second is not over.
      const over = second === this.newest ? this.end : second + 1;
      const share = over > second ? (Math.min(over, to) - Math.max(second, from)) / (over - second) : 1;
      sum += this.bins[this.index(second)]! * Math.max(0, share);
    }
    return sum;
  }

  private get oldest(): number {
    return this.newest - this.bins.length + 1;
  }

  private index(second: number): number {
    return ((second % this.bins.length) + this.bins.length) % this.bins.length;
  }

  private turnTo(at: number): void {
    const second = Math.floor(at / 1000);
    const steps = this.newest < 0 ? 0 : Math.min(second - this.newest, this.bins.length);
    for (let step = 0; step < steps; step++) this.bins[this.index(second - step)] = 0;
    this.newest = Math.max(this.newest, second);
    this.end = Math.max(this.end, at / 1000);
  }
}
