// What tables of typed arrays are made of. Words are signed in them: V8 keeps any int32 in a register, while a number of
// 2^31 or more may become an object, for every row.

/** An empty slot. */
export const NONE = -1;
const SIGN = 0x80000000;

/**
 * The next length of a column. What is allocated and not written yet takes no memory (calloc() maps it lazily), but each
 * outgrown column leaves a hole in the heap: so a few big steps.
 */
export function larger(length: number): number {
  return length * 4;
}

export function grown<Column extends Uint8Array | Uint16Array | Uint32Array | Int32Array>(
  from: Column,
  to: Column,
): Column {
  to.set(from);
  return to;
}

export function rehashed(size: number, count: number, hashOf: (index: number) => number): Int32Array {
  const slots = new Int32Array(size).fill(NONE);
  const mask = size - 1;
  for (let index = 0; index < count; index++) {
    let slot = hashOf(index) & mask;
    while (slots[slot] !== NONE) slot = (slot + 1) & mask;
    slots[slot] = index;
  }
  return slots;
}

/** By their unsigned values: flipping the sign bit orders signed words as if they were. */
export function compareWords(a: number, b: number): number {
  if (a === b) return 0;
  return (a ^ SIGN) < (b ^ SIGN) ? -1 : 1;
}

/** Mixes four 32-bit words; the multipliers and shifts are those of murmur3's finalizer. */
export function hash(a: number, b: number, c: number, d: number): number {
  let mixed = Math.imul(a ^ Math.imul(c, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ b, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ d, 0x85ebca6b);
  return mixed ^ (mixed >>> 16);
}
