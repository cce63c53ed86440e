import { type Address, MAPPED_WORD } from './address.ts';
import { PORTS } from './port-settings.ts';
import { LISTEN } from './state.ts';

/** An IPv4 address as its word, or the index of an IPv6 address in the table's pool. */
type AddressHandle = number;

const NONE = -1;
const SMALL = 1024;

/**
 * The sockets of one network namespace, as columns: one typed array per field, reused from tick to tick, so that
 * a million sockets cost no object. A row is a socket that went out (or may have); rows of one destination are
 * chained through `next`. Connections that came in are only counted, as soon as their local port is known to
 * listen, for on a server they are most of the table and hold no port of ours.
 *
 *   destination  head ──▶ row ──next──▶ row ──next──▶ -1
 */
export class SocketTable {
  /** Rows. */
  rowCount = 0;
  localPort = new Uint16Array(SMALL);
  /** Kernel state number, see TCP_STATES. */
  state = new Uint8Array(SMALL);
  /** The timer's kind: 3 is TIME_WAIT's own, also on a closed FIN_WAIT2 (get_tcp4_sock in net/ipv4/tcp_ipv4.c). */
  timer = new Uint8Array(SMALL);
  /** Hundredths of a second (USER_HZ) until the timer fires, as the kernel prints it. */
  timerLeft = new Int32Array(SMALL);
  uid = new Uint32Array(SMALL);
  inode = new Uint32Array(SMALL);
  next = new Int32Array(SMALL);

  /** Destinations, in the order of their first row. */
  destinationCount = 0;
  private family = new Uint8Array(SMALL);
  private local = new Uint32Array(SMALL);
  private remote = new Uint32Array(SMALL);
  private remotePort = new Uint16Array(SMALL);
  private head = new Int32Array(SMALL);
  private slots: Int32Array = new Int32Array(SMALL * 2).fill(NONE);

  private poolCount = 0;
  private pool = new Uint32Array(64 * 4);
  private poolSlots: Int32Array = new Int32Array(128).fill(NONE);

  /** By port: 1 where somebody listens, whatever the address. */
  readonly listening = new Uint8Array(PORTS);
  /** By port: 1 where any socket has it as its local port. */
  readonly inUse = new Uint8Array(PORTS);
  /** The same as a list, each port once. */
  readonly listeningPorts: number[] = [];
  listenerCount = 0;
  inboundCount = 0;
  /** Rows that were there and could not be understood; Infinity where their number is unknown. */
  unreadRows = 0;

  /** Empties the table for the next tick; keeps its memory. */
  reset(): void {
    this.rowCount = 0;
    this.destinationCount = 0;
    this.poolCount = 0;
    this.slots.fill(NONE);
    this.poolSlots.fill(NONE);
    this.listening.fill(0);
    this.listeningPorts.length = 0;
    this.inUse.fill(0);
    this.listenerCount = 0;
    this.inboundCount = 0;
    this.unreadRows = 0;
  }

  addV4(
    local: number,
    localPort: number,
    remote: number,
    remotePort: number,
    state: number,
    timer: number,
    timerLeft: number,
    uid: number,
    inode: number,
  ): void {
    if (this.isInbound(localPort, state)) return;
    this.addRow(this.destination(4, local, remote, remotePort), localPort, state, timer, timerLeft, uid, inode);
  }

  /** Addresses are four words each at `words[0..3]` (local) and `words[4..7]` (remote). Mapped ones become IPv4. */
  addV6(
    words: Uint32Array,
    localPort: number,
    remotePort: number,
    state: number,
    timer: number,
    timerLeft: number,
    uid: number,
    inode: number,
  ): void {
    if (this.isInbound(localPort, state)) return;
    const mapped = words[0] === 0 && words[1] === 0 && words[2] === MAPPED_WORD;
    const destination = mapped
      ? this.destination(4, words[3]!, words[7]!, remotePort)
      : this.destination(6, this.intern(words, 0), this.intern(words, 4), remotePort);
    this.addRow(destination, localPort, state, timer, timerLeft, uid, inode);
  }

  localAddress(destination: number): Address {
    return this.addressOf(this.family[destination]!, this.local[destination]!);
  }

  remoteAddress(destination: number): Address {
    return this.addressOf(this.family[destination]!, this.remote[destination]!);
  }

  remotePortOf(destination: number): number {
    return this.remotePort[destination]!;
  }

  /** A total order of destinations by what they are, so that no result depends on the order of rows. */
  compare(a: number, b: number): number {
    return (
      this.family[a]! - this.family[b]! ||
      this.compareHandles(this.family[a]!, this.remote[a]!, this.remote[b]!) ||
      this.remotePort[a]! - this.remotePort[b]! ||
      this.compareHandles(this.family[a]!, this.local[a]!, this.local[b]!)
    );
  }

  /** The first row of a destination; go on with `next` until it is negative. */
  firstRow(destination: number): number {
    return this.head[destination]!;
  }

  /** Notes the row's port, and says whether it needs no row of its own: a listener, or a connection to one. */
  private isInbound(localPort: number, state: number): boolean {
    this.inUse[localPort] = 1;
    if (state === LISTEN) {
      if (this.listening[localPort] === 0) this.listeningPorts.push(localPort);
      this.listening[localPort] = 1;
      this.listenerCount++;
      return true;
    }
    if (this.listening[localPort] === 1) {
      this.inboundCount++;
      return true;
    }
    return false;
  }

  private addRow(
    destination: number,
    localPort: number,
    state: number,
    timer: number,
    timerLeft: number,
    uid: number,
    inode: number,
  ): void {
    const row = this.rowCount++;
    if (row === this.localPort.length) this.growRows();
    this.localPort[row] = localPort;
    this.state[row] = state;
    this.timer[row] = timer;
    this.timerLeft[row] = timerLeft;
    this.uid[row] = uid;
    this.inode[row] = inode;
    this.next[row] = this.head[destination]!;
    this.head[destination] = row;
  }

  private destination(family: number, local: AddressHandle, remote: AddressHandle, remotePort: number): number {
    const mask = this.slots.length - 1;
    let slot = hash(local, remote, remotePort, family) & mask;
    for (;;) {
      const found = this.slots[slot]!;
      if (found === NONE) break;
      if (
        this.remote[found] === remote &&
        this.remotePort[found] === remotePort &&
        this.local[found] === local &&
        this.family[found] === family
      ) {
        return found;
      }
      slot = (slot + 1) & mask;
    }
    const added = this.destinationCount++;
    this.slots[slot] = added;
    if (added === this.local.length) this.growDestinations();
    this.family[added] = family;
    this.local[added] = local;
    this.remote[added] = remote;
    this.remotePort[added] = remotePort;
    this.head[added] = NONE;
    if (this.destinationCount * 4 > this.slots.length * 3) this.rehashDestinations();
    return added;
  }

  private intern(words: Uint32Array, at: number): AddressHandle {
    const [a, b, c, d] = [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!];
    const mask = this.poolSlots.length - 1;
    let slot = hash(a, b, c, d) & mask;
    for (;;) {
      const found = this.poolSlots[slot]!;
      if (found === NONE) break;
      const base = found * 4;
      const { pool } = this;
      if (pool[base + 3] === d && pool[base + 2] === c && pool[base + 1] === b && pool[base] === a) return found;
      slot = (slot + 1) & mask;
    }
    const added = this.poolCount++;
    this.poolSlots[slot] = added;
    if (added * 4 === this.pool.length) this.pool = grown(this.pool, new Uint32Array(larger(added) * 4));
    this.pool.set([a, b, c, d], added * 4);
    if (this.poolCount * 4 > this.poolSlots.length * 3) this.rehashPool();
    return added;
  }

  private addressOf(family: number, handle: AddressHandle): Address {
    if (family === 4) return [handle];
    const base = handle * 4;
    return [this.pool[base]!, this.pool[base + 1]!, this.pool[base + 2]!, this.pool[base + 3]!];
  }

  private compareHandles(family: number, a: AddressHandle, b: AddressHandle): number {
    if (family === 4 || a === b) return a - b;
    for (let word = 0; word < 4; word++) {
      const difference = this.pool[a * 4 + word]! - this.pool[b * 4 + word]!;
      if (difference !== 0) return difference;
    }
    return 0;
  }

  private growRows(): void {
    const length = larger(this.localPort.length);
    this.localPort = grown(this.localPort, new Uint16Array(length));
    this.state = grown(this.state, new Uint8Array(length));
    this.timer = grown(this.timer, new Uint8Array(length));
    this.timerLeft = grown(this.timerLeft, new Int32Array(length));
    this.uid = grown(this.uid, new Uint32Array(length));
    this.inode = grown(this.inode, new Uint32Array(length));
    this.next = grown(this.next, new Int32Array(length));
  }

  private growDestinations(): void {
    const length = larger(this.local.length);
    this.family = grown(this.family, new Uint8Array(length));
    this.local = grown(this.local, new Uint32Array(length));
    this.remote = grown(this.remote, new Uint32Array(length));
    this.remotePort = grown(this.remotePort, new Uint16Array(length));
    this.head = grown(this.head, new Int32Array(length));
  }

  private rehashDestinations(): void {
    const { family, local, remote, remotePort } = this;
    const of = (index: number) => hash(local[index]!, remote[index]!, remotePort[index]!, family[index]!);
    this.slots = rehashed(this.slots.length * 2, this.destinationCount, of);
  }

  private rehashPool(): void {
    const { pool } = this;
    const of = (index: number) =>
      hash(pool[index * 4]!, pool[index * 4 + 1]!, pool[index * 4 + 2]!, pool[index * 4 + 3]!);
    this.poolSlots = rehashed(this.poolSlots.length * 2, this.poolCount, of);
  }
}

/** Doubling wastes half of a big table, and a big table is when memory matters. */
function larger(length: number): number {
  return length < 65536 ? length * 2 : Math.ceil(length * 1.25);
}

function grown<Column extends Uint8Array | Uint16Array | Uint32Array | Int32Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}

function rehashed(size: number, count: number, hashOf: (index: number) => number): Int32Array {
  const slots = new Int32Array(size).fill(NONE);
  const mask = size - 1;
  for (let index = 0; index < count; index++) {
    let slot = hashOf(index) & mask;
    while (slots[slot] !== NONE) slot = (slot + 1) & mask;
    slots[slot] = index;
  }
  return slots;
}

/** Mixes four 32-bit words; the multipliers and shifts are those of murmur3's finalizer. */
function hash(a: number, b: number, c: number, d: number): number {
  let mixed = Math.imul(a ^ Math.imul(c, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ b, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ d, 0x85ebca6b);
  return mixed ^ (mixed >>> 16);
}
