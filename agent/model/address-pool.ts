import type { Address } from './address.ts';
import { compareWords, grown, hash, larger, NONE, rehashed } from './columns.ts';

/** IPv6 addresses, each kept once: a handle is its index. Reused from tick to tick. */
export class AddressPool {
  private count = 0;
  /** Four a handle. */
  private words = new Int32Array(64 * 4);
  private slots: Int32Array = new Int32Array(128).fill(NONE);

  reset(): void {
    this.count = 0;
    this.slots.fill(NONE);
  }

  /** The handle of the address at `from[at, at + 4)`. */
  intern(from: Int32Array, at: number): number {
    const [a, b, c, d] = [from[at]!, from[at + 1]!, from[at + 2]!, from[at + 3]!];
    const mask = this.slots.length - 1;
    let slot = hash(a, b, c, d) & mask;
    for (;;) {
      const found = this.slots[slot]!;
      if (found === NONE) break;
      const base = found * 4;
      const { words } = this;
      if (words[base + 3] === d && words[base + 2] === c && words[base + 1] === b && words[base] === a) return found;
      slot = (slot + 1) & mask;
    }
    const added = this.count++;
    this.slots[slot] = added;
    if (added * 4 === this.words.length) this.words = grown(this.words, new Int32Array(larger(added) * 4));
    this.words.set([a, b, c, d], added * 4);
    if (this.count * 4 > this.slots.length * 3) this.rehash();
    return added;
  }

  at(handle: number): Address {
    const [a, b, c, d] = this.words.subarray(handle * 4, handle * 4 + 4);
    return [a! >>> 0, b! >>> 0, c! >>> 0, d! >>> 0];
  }

  /** As compareAddresses() orders them. */
  compare(a: number, b: number): number {
    for (let word = 0; word < 4; word++) {
      const order = compareWords(this.words[a * 4 + word]!, this.words[b * 4 + word]!);
      if (order !== 0) return order;
    }
    return 0;
  }

  private rehash(): void {
    const { words } = this;
    const of = (index: number) =>
      hash(words[index * 4]!, words[index * 4 + 1]!, words[index * 4 + 2]!, words[index * 4 + 3]!);
    this.slots = rehashed(this.slots.length * 2, this.count, of);
  }
}
