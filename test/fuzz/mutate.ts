// Makes inputs of other inputs: a little of everything, as all such fuzzers do.

/** Numbers from 0 to `below` − 1, the same again for the same seed (mulberry32). */
export type Random = (below: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return Math.floor((((word ^ (word >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const INTERESTING = [
  0, 1, 4, 7, 8, 15, 16, 127, 128, 255, 256, 32767, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff,
];
const NUMBERS = [
  '0',
  '-1',
  '1',
  '255',
  '256',
  '65535',
  '65536',
  '4294967295',
  '9007199254740993',
  '1e9',
  '00',
  '99999999999',
];

export interface Material {
  /** Other inputs, to take pieces from. */
  readonly corpus: readonly Uint8Array[];
  /** What means something in this language. */
  readonly tokens: readonly Uint8Array[];
  readonly mostBytes: number;
}

export function mutate(input: Uint8Array, material: Material, random: Random): Uint8Array {
  let bytes = input;
  // Mostly one or two changes; now and then many.
  for (let left = 1 << random(random(4) === 0 ? 6 : 2); left > 0; left--) {
    bytes = (pick(CHANGES, random) as Change)(bytes, material, random);
    if (bytes.length > material.mostBytes) bytes = bytes.subarray(0, material.mostBytes);
  }
  return bytes;
}

type Change = (bytes: Uint8Array, material: Material, random: Random) => Uint8Array;

const flip: Change = (bytes, _, random) => {
  if (bytes.length === 0) return bytes;
  const copy = Uint8Array.from(bytes);
  copy[random(copy.length)]! ^= 1 << random(8);
  return copy;
};

const overwrite: Change = (bytes, _, random) => {
  if (bytes.length === 0) return bytes;
  const copy = Uint8Array.from(bytes);
  copy[random(copy.length)] = random(256);
  return copy;
};

const writeWord: Change = (bytes, _, random) => {
  const size = 1 << random(3);
  if (bytes.length < size) return bytes;
  const copy = Uint8Array.from(bytes);
  const word = new DataView(new ArrayBuffer(8));
  word.setUint32(0, pick(INTERESTING, random) as number, true);
  // Words stand at multiples of four, as a rule.
  const at = random(copy.length - size + 1) & (random(2) === 0 ? ~3 : ~0);
  copy.set(new Uint8Array(word.buffer, 0, size), at);
  return copy;
};

const insert: Change = (bytes, { tokens }, random) => {
  const token = tokens.length > 0 && random(3) > 0 ? (pick(tokens, random) as Uint8Array) : noise(random);
  return replaced(bytes, random(bytes.length + 1), 0, token);
};

const replaceByToken: Change = (bytes, { tokens }, random) => {
  const token = tokens.length > 0 ? (pick(tokens, random) as Uint8Array) : noise(random);
  const at = random(bytes.length + 1);
  return replaced(bytes, at, Math.min(token.length, bytes.length - at), token);
};

const remove: Change = (bytes, _, random) => {
  const [at, length] = stretch(bytes, random);
  return replaced(bytes, at, length, new Uint8Array(0));
};

const twice: Change = (bytes, _, random) => {
  const [at, length] = stretch(bytes, random);
  return replaced(bytes, random(bytes.length + 1), 0, bytes.subarray(at, at + length));
};

/** What takes quadratic time shows here. */
const repeat: Change = (bytes, { mostBytes }, random) => {
  if (random(8) > 0) return bytes;
  const [at, length] = stretch(bytes, random);
  const times = Math.min(1 << random(14), Math.floor(mostBytes / Math.max(1, length)));
  const piece = Buffer.from(bytes.subarray(at, at + length));
  return replaced(bytes, at, 0, Buffer.concat(new Array<Buffer>(times).fill(piece)));
};

const splice: Change = (bytes, { corpus }, random) => {
  if (corpus.length === 0) return bytes;
  const other = pick(corpus, random) as Uint8Array;
  const [from, size] = stretch(other, random);
  const [at, length] = stretch(bytes, random);
  return replaced(bytes, at, random(2) === 0 ? 0 : length, other.subarray(from, from + size));
};

/** Another number where digits are. */
const renumber: Change = (bytes, _, random) => {
  const text = Buffer.from(bytes.subarray(0, 4096)).toString('latin1');
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return bytes;
  const { index, 0: digits } = pick(numbers, random) as RegExpExecArray;
  return replaced(bytes, index, digits.length, Buffer.from(pick(NUMBERS, random) as string));
};

const CHANGES: readonly Change[] = [
  ...[flip, overwrite, writeWord, insert, insert, replaceByToken],
  ...[remove, remove, twice, repeat, splice, renumber],
];

export const pick = <Item>(from: ArrayLike<Item>, random: Random): Item | undefined => from[random(from.length)];

const noise = (random: Random): Uint8Array => Uint8Array.from({ length: 1 + random(8) }, () => random(256));

/** A piece of it, mostly short. */
function stretch(bytes: Uint8Array, random: Random): [at: number, length: number] {
  if (bytes.length === 0) return [0, 0];
  const at = random(bytes.length);
  const most = bytes.length - at;
  return [at, 1 + random(random(4) === 0 ? most : Math.min(most, 16))];
}

function replaced(bytes: Uint8Array, at: number, length: number, by: Uint8Array): Uint8Array {
  const made = new Uint8Array(bytes.length - length + by.length);
  made.set(bytes.subarray(0, at));
  made.set(by, at);
  made.set(bytes.subarray(at + length), at + by.length);
  return made;
}
