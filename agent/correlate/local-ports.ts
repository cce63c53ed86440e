import { PORTS, type UsablePorts } from '../model/port-settings.ts';
import { ANY_V4, ANY_V6, isV4Key, type SocketTable } from '../model/socket-table.ts';

// What bind(port 0) sees of a port, by local address: any socket with that port at the same address or at any address is
// in the way, whatever its state, its remote end and who chose the port (inet_csk_bind_conflict). A socket at another
// address is not.

/** In a column, of a port: nobody has it. */
export const NOBODY = 0;
/** Somebody has it and no timer ends that; else 1 + the hundredths of a second that are left of a TIME_WAIT. */
export const LIVE = 0x7fff;

/** struct inet_timewait_sock's own timer, also that of a closed FIN_WAIT2. */
const TW_TIMER = 3;

/** Users of a port: one bit for each of the addresses that are followed, and these for all others. */
const OTHER_V4 = 1 << 14;
const OTHER_V6 = 1 << 15;

const V4_ANYWHERE = 1;
const V6_ANYWHERE = 2;

/** Filled anew for each look at a network namespace where somebody binds; of no use anywhere else. */
export class LocalPorts {
  private readonly users = new Uint16Array(PORTS);
  /** Bits, by port: somebody listens or is bound at any address. */
  private readonly anywhere = new Uint8Array(PORTS);
  private isV4: readonly boolean[] = [];
  private v4Users = 0;

  /** `keys`: of the addresses that are followed; `columns`: beside each, where its ports are noted, all NOBODY. */
  read(table: SocketTable, keys: readonly number[], columns: readonly Int16Array[]): void {
    const { users } = this;
    users.fill(0);
    this.anywhere.fill(0);
    this.isV4 = keys.map(isV4Key);
    this.v4Users = this.isV4.reduce((bits, isV4, index) => (isV4 ? bits | (1 << index) : bits), OTHER_V4);
    const indexOf = new Map(keys.map((key, index) => [key, index]));
    for (let destination = 0; destination < table.destinationCount; destination++) {
      const key = table.localKey(destination);
      const index = indexOf.get(key);
      const bit = index === undefined ? other(key) : 1 << index;
      const column = index === undefined ? undefined : columns[index];
      for (let row = table.firstRow(destination); row >= 0; row = table.next[row]!) {
        const port = table.localPort[row]!;
        users[port]! |= bit;
        if (column === undefined) continue;
        const isTimed = table.timer[row] === TW_TIMER;
        const held = isTimed ? 1 + Math.min(LIVE - 2, table.timerLeft[row]!) : LIVE;
        if (held > column[port]!) column[port] = held;
      }
    }
    this.hold(table.listenerPorts, table.listenerLocals, indexOf, columns);
    this.hold(table.boundPorts, table.boundLocals, indexOf, columns);
  }

  /** Whether a listener or a bound socket at any address takes the port from the address of this index too. */
  isTakenAnywhere(index: number, port: number): boolean {
    const bits = this.anywhere[port]!;
    return this.isV4[index] === true ? bits !== 0 : (bits & V6_ANYWHERE) !== 0;
  }

  /** Whether nobody has it who would be in the way of a bind to any address of the same family. */
  isFreeEverywhere(index: number, port: number): boolean {
    const users = this.users[port]!;
    // An IPv6 socket that is bound to any address takes the IPv4 ones too.
    return this.anywhere[port] === 0 && (this.isV4[index] === true ? (users & this.v4Users) === 0 : users === 0);
  }

  /** Whether it is in use at another address of the same family too. */
  isShared(index: number, port: number): boolean {
    const family = this.isV4[index] === true ? this.v4Users : ~this.v4Users;
    return (this.users[port]! & family & ~(1 << index)) !== 0;
  }

  private hold(
    ports: readonly number[],
    locals: readonly number[],
    indexOf: ReadonlyMap<number, number>,
    columns: readonly Int16Array[],
  ): void {
    for (const [at, port] of ports.entries()) {
      const key = locals[at] as number;
      if (key === ANY_V4) this.anywhere[port]! |= V4_ANYWHERE;
      else if (key === ANY_V6) this.anywhere[port]! |= V6_ANYWHERE;
      else {
        const index = indexOf.get(key);
        this.users[port]! |= index === undefined ? other(key) : 1 << index;
        const column = index === undefined ? undefined : columns[index];
        if (column !== undefined) column[port] = LIVE;
      }
    }
  }
}

function other(key: number): number {
  return isV4Key(key) ? OTHER_V4 : OTHER_V6;
}

/** Ports of one local address, as bind(port 0) finds them. */
export interface LocalCount {
  readonly used: number;
  readonly free: number;
  /** Of the free, those that are free at all addresses. */
  readonly freeEverywhere: number;
  /** Free ports of the second parity, which bind() takes first. */
  readonly freeSecond: number;
}

export function countLocal(ports: LocalPorts, index: number, column: Int16Array, usable: UsablePorts): LocalCount {
  let free = 0;
  let freeEverywhere = 0;
  let freeSecond = 0;
  for (let port = usable.low; port <= usable.high; port++) {
    if (usable.set[port] === 0 || column[port] !== NOBODY || ports.isTakenAnywhere(index, port)) continue;
    free++;
    freeSecond += (port - usable.low) & 1;
    if (ports.isFreeEverywhere(index, port)) freeEverywhere++;
  }
  return { used: usable.count - free, free, freeEverywhere, freeSecond };
}
