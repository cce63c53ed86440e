import { type Address, isLoopback, LOOPBACK_NET, MAPPED_WORD } from './address.ts';
import { AddressPool } from './address-pool.ts';
import { compareWords, grown, hash, larger, NONE, rehashed } from './columns.ts';
import { PORTS } from './port-settings.ts';
import { LISTEN } from './state.ts';

/**
 * An IPv4 address as its word, or the index of an IPv6 address in the table's pool. Words are signed in here, see
 * columns.ts.
 */
type AddressHandle = number;

const SMALL = 1024;
/** Of `lo`, in every network namespace (include/net/flow.h). */
const LOOPBACK_IFINDEX = 1;

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
  /** Of the owner; with the inode it will lead to the process. 0 in TIME_WAIT, which nobody owns. */
  uid = new Uint32Array(SMALL);
  inode = new Uint32Array(SMALL);
  next = new Int32Array(SMALL);

  /** Destinations, in the order of their first row. */
  destinationCount = 0;
  private family = new Uint8Array(SMALL);
  private local = new Int32Array(SMALL);
  private remote = new Int32Array(SMALL);
  private remotePort = new Uint16Array(SMALL);
  /** Index of the interface its sockets are bound to, 0: none. Those take no four-tuple from unbound ones. */
  private device = new Int32Array(SMALL);
  private head = new Int32Array(SMALL);
  private slots: Int32Array = new Int32Array(SMALL * 2).fill(NONE);

  private readonly pool = new AddressPool();

  /** By port: 1 where somebody listens, whatever the address. */
  readonly listening = new Uint8Array(PORTS);
  /** By port: 1 where any socket has it as its local port. */
  readonly inUse = new Uint8Array(PORTS);
  /** By port: 1 where somebody listens and a connection came in. */
  readonly accepted = new Uint8Array(PORTS);
  /** By port: 1 where a socket is bound that neither connects nor listens. */
  readonly bound = new Uint8Array(PORTS);
  /** Their ports as a list; one port may be there more than once. */
  readonly boundPorts: number[] = [];
  /** Beside them, the keys of their local addresses. */
  readonly boundLocals: number[] = [];
  /** The listening ones as a list, each port once. */
  readonly listeningPorts: number[] = [];
  /** One entry for each listener: its port, and the key of its local address. */
  readonly listenerPorts: number[] = [];
  readonly listenerLocals: number[] = [];
  listenerCount = 0;
  inboundCount = 0;
  /** Rows that were there and could not be understood; Infinity where their number is unknown. */
  unreadRows = 0;

  /** Empties the table for the next tick; keeps its memory. */
  reset(): void {
    this.rowCount = 0;
    this.destinationCount = 0;
    this.slots.fill(NONE);
    this.pool.reset();
    this.listening.fill(0);
    this.listeningPorts.length = 0;
    this.listenerPorts.length = 0;
    this.listenerLocals.length = 0;
    this.inUse.fill(0);
    this.accepted.fill(0);
    this.bound.fill(0);
    this.boundPorts.length = 0;
    this.boundLocals.length = 0;
    this.listenerCount = 0;
    this.inboundCount = 0;
    this.unreadRows = 0;
  }

  /** A socket that is bound to a port and neither connected nor listening. `local`: the key of its address. */
  addBound(port: number, local: number = ANY_V4): void {
    this.inUse[port] = 1;
    this.bound[port] = 1;
    this.boundPorts.push(port);
    this.boundLocals.push(local);
  }

  /** Takes out those of addBound() with that port and address; whether there were any. Only for a port outside the range. */
  removeBound(port: number, local: number): boolean {
    const { boundPorts, boundLocals } = this;
    const before = boundPorts.length;
    for (let index = before - 1; index >= 0; index--) {
      if (boundPorts[index] !== port || boundLocals[index] !== local) continue;
      boundPorts.splice(index, 1);
      boundLocals.splice(index, 1);
    }
    if (!boundPorts.includes(port)) this.bound[port] = 0;
    return boundPorts.length < before;
  }

  /** Addresses as words, signed or not. `device`: the interface it is bound to (/proc does not tell). */
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
    device = 0,
  ): void {
    if (state === LISTEN) this.addListener(localPort, local >>> 0);
    if (this.isInbound(localPort, state)) return;
    this.addRow(
      this.destination(4, local | 0, remote | 0, remotePort, device),
      localPort,
      state,
      timer,
      timerLeft,
      uid,
      inode,
    );
  }

  /** Addresses are four words each at `words[0..3]` (local) and `words[4..7]` (remote). Mapped ones become IPv4. */
  addV6(
    words: Int32Array,
    localPort: number,
    remotePort: number,
    state: number,
    timer: number,
    timerLeft: number,
    uid: number,
    inode: number,
    device = 0,
  ): void {
    if (state === LISTEN) this.addListener(localPort, localKeyOf(words));
    if (this.isInbound(localPort, state)) return;
    const mapped = words[0] === 0 && words[1] === 0 && words[2] === MAPPED_WORD;
    const destination = mapped
      ? this.destination(4, words[3]!, words[7]!, remotePort, device)
      : this.destination(6, this.pool.intern(words, 0), this.pool.intern(words, 4), remotePort, device);
    this.addRow(destination, localPort, state, timer, timerLeft, uid, inode);
  }

  localAddress(destination: number): Address {
    return this.addressOf(destination, this.local);
  }

  remoteAddress(destination: number): Address {
    return this.addressOf(destination, this.remote);
  }

  /** A number for the local address: the same for all destinations that have it. */
  localKey(destination: number): number {
    const handle = this.local[destination]!;
    return this.family[destination] === 4 ? handle >>> 0 : localKeyOf(this.pool.at(handle));
  }

  remotePortOf(destination: number): number {
    return this.remotePort[destination]!;
  }

  /** Index of the interface that its sockets are bound to; 0: none. */
  deviceOf(destination: number): number {
    return this.device[destination]!;
  }

  /**
   * The destination of the same addresses whose sockets are bound to no interface, −1 if there is none: those of a
   * bound one cannot take their four-tuples either (inet_bound_dev_eq, include/net/inet_sock.h).
   */
  withoutDevice(destination: number): number {
    const [local, remote] = [this.local[destination]!, this.remote[destination]!];
    return this.slots[this.slotOf(this.family[destination]!, local, remote, this.remotePort[destination]!, 0)]!;
  }

  /** A number that depends only on what the destination is: equal from look to look. */
  signature(destination: number): number {
    return this.signatureOn(destination, this.device[destination]!);
  }

  /** The same without the interface that its sockets may be bound to, of which not every source tells. */
  plainSignature(destination: number): number {
    return this.signatureOn(destination, 0);
  }

  private signatureOn(destination: number, device: number): number {
    const [local, remote] = [this.localAddress(destination), this.remoteAddress(destination)];
    return destinationSignature(foldAddress(local), foldAddress(remote), this.remotePort[destination]!, device);
  }

  /** Whether either end is what `tcp_tw_reuse` 2 means by loopback. Asked for every destination: IPv4 costs no object. */
  isLoopback(destination: number): boolean {
    const [local, remote] = [this.local[destination]!, this.remote[destination]!];
    if (this.device[destination] === LOOPBACK_IFINDEX) return true;
    if (this.family[destination] === 4) return local >>> 24 === LOOPBACK_NET || remote >>> 24 === LOOPBACK_NET;
    return isLoopback(this.pool.at(local)) || isLoopback(this.pool.at(remote));
  }

  /** A total order of destinations by what they are, so that no result depends on the order of rows. */
  compare(a: number, b: number): number {
    return (
      this.family[a]! - this.family[b]! ||
      this.compareOf(this.remote, a, b) ||
      this.remotePort[a]! - this.remotePort[b]! ||
      this.compareOf(this.local, a, b) ||
      this.device[a]! - this.device[b]!
    );
  }

  /** The first row of a destination; go on with `next` until it is negative. */
  firstRow(destination: number): number {
    return this.head[destination]!;
  }

  private addListener(port: number, local: number): void {
    this.listenerPorts.push(port);
    this.listenerLocals.push(local);
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
      this.accepted[localPort] = 1;
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

  private destination(
    family: number,
    local: AddressHandle,
    remote: AddressHandle,
    remotePort: number,
    device: number,
  ): number {
    const slot = this.slotOf(family, local, remote, remotePort, device);
    const found = this.slots[slot]!;
    if (found !== NONE) return found;
    const added = this.destinationCount++;
    this.slots[slot] = added;
    if (added === this.local.length) this.growDestinations();
    this.family[added] = family;
    this.local[added] = local;
    this.remote[added] = remote;
    this.remotePort[added] = remotePort;
    this.device[added] = device;
    this.head[added] = NONE;
    if (this.destinationCount * 4 > this.slots.length * 3) this.rehashDestinations();
    return added;
  }

  /** Where it is, or would be. */
  private slotOf(
    family: number,
    local: AddressHandle,
    remote: AddressHandle,
    remotePort: number,
    device: number,
  ): number {
    const mask = this.slots.length - 1;
    let slot = hash(local, remote, remotePort, family ^ (device << 4)) & mask;
    for (;;) {
      const found = this.slots[slot]!;
      if (
        found === NONE ||
        (this.remote[found] === remote &&
          this.remotePort[found] === remotePort &&
          this.local[found] === local &&
          this.family[found] === family &&
          this.device[found] === device)
      ) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  private addressOf(destination: number, column: Int32Array): Address {
    const handle = column[destination]!;
    return this.family[destination] === 4 ? [handle >>> 0] : this.pool.at(handle);
  }

  /** Of two destinations of one family. */
  private compareOf(column: Int32Array, a: number, b: number): number {
    const [one, other] = [column[a]!, column[b]!];
    return this.family[a] === 4 ? compareWords(one, other) : this.pool.compare(one, other);
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
    this.local = grown(this.local, new Int32Array(length));
    this.remote = grown(this.remote, new Int32Array(length));
    this.remotePort = grown(this.remotePort, new Uint16Array(length));
    this.device = grown(this.device, new Int32Array(length));
    this.head = grown(this.head, new Int32Array(length));
  }

  private rehashDestinations(): void {
    const { family, local, remote, remotePort, device } = this;
    const of = (index: number) =>
      hash(local[index]!, remote[index]!, remotePort[index]!, family[index]! ^ (device[index]! << 4));
    this.slots = rehashed(this.slots.length * 2, this.destinationCount, of);
  }
}

/** Keys of local addresses: of IPv4 the word itself, of IPv6 a number beyond. */
const V6_KEYS = 2 ** 32;
export const ANY_V4 = 0;
export const ANY_V6 = V6_KEYS;

export const isV4Key = (key: number): boolean => key < V6_KEYS;

/** The key of the address at `words[0..3]`, mapped ones as IPv4. */
export function localKeyOf(words: ArrayLike<number>): number {
  const [a, b, c, d] = [words[0]! | 0, words[1]! | 0, words[2]! | 0, words[3]! | 0];
  if (a === 0 && b === 0 && c === MAPPED_WORD) return d >>> 0;
  return V6_KEYS + (foldWord(foldWord(foldWord(foldWord(0, a), b), c), d) >>> 0);
}

/** A SocketTable's signature of a destination; the addresses as foldAddress() gives them. */
export function destinationSignature(local: number, remote: number, remotePort: number, device: number): number {
  return hash(local, remote, remotePort, device);
}

/** One word made of an address. */
function foldAddress(address: Address): number {
  return address.reduce((folded: number, word) => foldWord(folded, word), 0);
}

/** The next word of an address, after those that `folded` is made of; 0 before the first. */
export function foldWord(folded: number, word: number): number {
  return (Math.imul(folded, 31) + word) | 0;
}
