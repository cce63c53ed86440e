/**
 * An IP address as its 32-bit words in network order: one word is IPv4, four are IPv6.
 * IPv4-mapped IPv6 (::ffff:a.b.c.d) is always folded to IPv4, because such sockets hold IPv4 ports.
 */
export type Address = readonly [number] | readonly [number, number, number, number];

/** The third word of an IPv4-mapped address (RFC 4291, 2.5.5.2), the first two being 0. */
export const MAPPED_WORD = 0xffff;

/** Makes an address of four IPv6 words, folding a mapped one to IPv4. */
function fold(a: number, b: number, c: number, d: number): Address {
  return a === 0 && b === 0 && c === MAPPED_WORD ? [d] : [a, b, c, d];
}

/** Canonical text: dotted quad, or RFC 5952 for IPv6. */
export function formatAddress(address: Address): string {
  return address.length === 1 ? formatV4(address[0]) : formatV6(address);
}

function formatV4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function formatV6(words: readonly number[]): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  // RFC 5952, 4.2: the longest run of two or more zero groups becomes "::", the first of equals.
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > bestLength) {
      bestStart = start;
      bestLength = end - start;
    }
    if (end > start) start = end;
  }
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (bestStart < 0) return text(groups);
  return `${text(groups.slice(0, bestStart))}::${text(groups.slice(bestStart + bestLength))}`;
}

/** The address that `text` spells, or null. A zone ("%eth0") is not part of an address: cut it off before. */
export function parseAddress(text: string): Address | null {
  if (!text.includes(':')) {
    const word = parseV4(text);
    return word === null ? null : [word];
  }
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = groupsOf(halves[1] ?? '', true);
  if (head === null || tail === null) return null;
  const zeros = 8 - head.length - tail.length;
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return null;
  const groups = [...head, ...new Array<number>(zeros).fill(0), ...tail];
  const word = (index: number) => (((groups[index] as number) << 16) | (groups[index + 1] as number)) >>> 0;
  return fold(word(0), word(2), word(4), word(6));
}

function parseV4(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let word = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    word = word * 256 + Number(part);
  }
  return word;
}

/** "2001:db8" → [0x2001, 0xdb8]; a dotted quad at the address's end counts as two groups; null if malformed. */
function groupsOf(text: string, isEnd: boolean): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (isEnd && part.includes('.') && index === parts.length - 1) {
      const word = parseV4(part);
      if (word === null) return null;
      groups.push(word >>> 16, word & 0xffff);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return null;
    }
  }
  return groups;
}

/** The first byte of 127/8. */
export const LOOPBACK_NET = 127;

/** 127/8 or ::1: what `tcp_tw_reuse` 2 means by loopback (tcp_twsk_unique, net/ipv4/tcp_ipv4.c). */
export function isLoopback(address: Address): boolean {
  if (address.length === 1) return address[0] >>> 24 === LOOPBACK_NET;
  return address[0] === 0 && address[1] === 0 && address[2] === 0 && address[3] === 1;
}

/** A total order, IPv4 first, so that results never depend on the order in which the kernel listed things. */
export function compareAddresses(a: Address, b: Address): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let index = 0; index < a.length; index++) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** "10.9.0.2:8080", "[2001:db8::1]:443" */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
