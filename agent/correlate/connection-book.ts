import { hash } from '../model/columns.ts';
import type { UsablePorts } from '../model/port-settings.ts';
import type { SocketOwners } from '../model/program.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { CLOSING, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, SYN_RECV, SYN_SENT, TIME_WAIT } from '../model/state.ts';
import { OwnerTally } from './owner-tally.ts';
import { INBOUND, type PortKinds } from './port-kinds.ts';
import { BIN_MS, BINS } from './steady-flow.ts';
import { TIME_WAIT_MS } from './time-wait-clock.ts';
import type { TracedNetns } from './traced-connections.ts';

/** The kind of timer that TIME_WAIT has (inet_twsk_diag_fill, net/ipv4/inet_diag.c). */
const TW_TIMER = 3;
/**
 * A dump takes its time, and so does a timer: the end of the same TIME_WAIT may differ so much from look to look, in
 * hundredths of a second.
 */
const SAME_END = 50;
const SMALLEST = 1024;
/** 22 bytes each: a namespace with more connections than half of this is not followed further. */
const MOST_SLOTS = 1 << 20;

/** Of an inode, which has 32 bits: a mark of it is above 0. */
const INODE_BITS = 0x7fffffff;

/** Of `programs`: it is the trace that told, or a probe. */
const TRACED = 0x80000000;
const PROBED = 0x40000000;
const TOLD = TRACED | PROBED;

/** The program of a port, by what its probe says; 0: not known. */
export type ProbedPorts = (port: number) => number;

const OPEN = 1;
/** This side has closed first. */
const CLOSED_HERE = 2;
const CLOSED_THERE = 3;

/** By kernel state number. */
const PHASES = new Uint8Array(16).fill(CLOSED_THERE);
for (const state of [SYN_SENT, SYN_RECV, ESTABLISHED]) PHASES[state] = OPEN;
for (const state of [FIN_WAIT1, FIN_WAIT2, CLOSING, TIME_WAIT]) PHASES[state] = CLOSED_HERE;

/** One destination's connections, counted in one look. Filled anew by each visit(). */
export interface Visit {
  /** Neither side has closed. */
  open: number;
  /** Opened since the look before. */
  opened: number;
  /** Closed by this side first, since the look before. */
  closedHere: number;
  /** In CLOSE_WAIT, LAST_ACK: the peer has closed. */
  closedThere: number;
  /** Of those that are open or that the peer has closed, and of the opened: by ports outside the range, of which they take none. */
  openOutside: number;
  openedOutside: number;
  /** Of the other opened, those that this side has closed again: by age since then, in bins (steady-flow.ts). */
  readonly openedByAge: Uint16Array;
}

export const newVisit = (): Visit => ({
  open: 0,
  opened: 0,
  closedHere: 0,
  closedThere: 0,
  openOutside: 0,
  openedOutside: 0,
  openedByAge: new Uint16Array(BINS),
});

/**
 * Knows a network namespace's connections again from look to look, by local port and destination, in packed columns. A
 * living socket is the same while its inode is, a TIME_WAIT while its end is; what closed since the look before must not
 * have closed before that.
 */
export class ConnectionBook {
  readonly visit: Visit = newVisit();
  /** Of the destination counted last, by usable port. */
  readonly owners = new OwnerTally();
  /** By how many ms a TIME_WAIT has outlived its timer, at most. */
  latestMs = 0;
  private signatures = new Int32Array(SMALLEST);
  private ports = new Uint16Array(SMALLEST);
  private phases = new Uint8Array(SMALLEST);
  /** Of the inode of a socket that a process holds (markOf); of a TIME_WAIT −1 − its end, in hundredths of a second of the book's clock; else 0. */
  private marks = new Int32Array(SMALLEST);
  /** The program that holds it or did, see SocketOwners; 0: not known. */
  private programs = new Uint32Array(SMALLEST);
  /** Number of the last look that saw it; 0: empty. */
  private looks = new Uint32Array(SMALLEST);
  private filled = 0;
  private rebuiltAt = 0;
  private look = 0;
  private begun = 0;
  private now = 0;
  private atMs = 0;
  private sinceBefore = 0;

  /** Whether there were more connections than it follows, so that what is counted is too little. */
  get isFull(): boolean {
    return this.filled * 2 > MOST_SLOTS;
  }

  /** Call before the first destination of a look. `now` in ms. */
  begin(now: number): void {
    if (this.look === 0) this.begun = now;
    this.atMs = now;
    this.sinceBefore = this.look === 0 ? 0 : now - this.begun - this.now * 10;
    this.now = Math.round((now - this.begun) / 10);
    this.look++;
  }

  /** Counts the connections of a destination, each once. */
  count(
    table: SocketTable,
    destination: number,
    kinds: PortKinds,
    usable: UsablePorts,
    holders: Pick<SocketOwners, 'holderOf'> | null,
    traced: TracedNetns | null,
    probed: ProbedPorts | null = null,
  ): Visit {
    const { visit } = this;
    this.owners.clear();
    visit.open = 0;
    visit.opened = 0;
    visit.closedHere = 0;
    visit.closedThere = 0;
    visit.openOutside = 0;
    visit.openedOutside = 0;
    visit.openedByAge.fill(0);
    const signature = table.signature(destination);
    const plain = traced === null ? 0 : table.plainSignature(destination);
    for (let row = table.firstRow(destination); row >= 0; row = table.next[row]!) {
      const port = table.localPort[row]!;
      if (kinds[port] !== INBOUND)
        this.note(table, row, signature, port, usable.set[port] === 1, holders, traced, plain, probed);
    }
    return visit;
  }

  /** Who holds sockets of the last look that nobody was known to hold then: programs by inode. */
  remember(found: ReadonlyMap<number, number>): void {
    const byMark = new Map([...found].map(([inode, program]) => [markOf(inode), program]));
    const { looks, look, marks, programs } = this;
    for (let slot = 0; slot < looks.length; slot++) {
      if (looks[slot] !== look || programs[slot] !== 0 || marks[slot]! <= 0) continue;
      programs[slot] = byMark.get(marks[slot]!) ?? 0;
    }
  }

  private note(
    table: SocketTable,
    row: number,
    signature: number,
    port: number,
    isUsable: boolean,
    holders: Pick<SocketOwners, 'holderOf'> | null,
    traced: TracedNetns | null,
    plain: number,
    probed: ProbedPorts | null,
  ): void {
    const { visit } = this;
    const slot = this.slotOf(signature, port);
    if (slot < 0 || this.looks[slot] === this.look) return;
    const left = table.timerLeft[row]!;
    const isWaiting = table.state[row] === TIME_WAIT && table.timer[row] === TW_TIMER;
    const inode = table.inode[row]!;
    const mark = inode !== 0 ? markOf(inode) : isWaiting ? -1 - (this.now + left) : 0;
    const phase = PHASES[table.state[row]! & 15]!;
    const age = isWaiting ? TIME_WAIT_MS - left * 10 : 0;
    const isRecent = age <= this.sinceBefore + SAME_END * 10;
    const isKnown = this.looks[slot] === this.look - 1 && this.isSame(slot, mark, left, isRecent);
    const wasOpen = isKnown ? this.phases[slot] === OPEN : isRecent;
    if (phase === OPEN) visit.open++;
    if (phase === CLOSED_THERE) visit.closedThere++;
    if (!isUsable && (phase === OPEN || phase === CLOSED_THERE)) visit.openOutside++;
    if (!isKnown && isRecent) {
      visit.opened++;
      if (!isUsable) visit.openedOutside++;
      else if (isWaiting) visit.openedByAge[Math.min(BINS - 1, Math.max(0, Math.floor(age / BIN_MS)))]!++;
    }
    if (phase === CLOSED_HERE && wasOpen) visit.closedHere++;
    // What has no inode any more is whose it was; what has one is whose it is now.
    let program = inode !== 0 ? (holders?.holderOf(inode) ?? 0) : isKnown ? this.programs[slot]! : 0;
    if (program === 0 && traced !== null) {
      const { connections, netns, before } = traced;
      const closedAt = isWaiting ? this.atMs - age : before;
      program = connections.ownerOf(netns, plain, port, before, Math.min(before, closedAt), inode !== 0);
      if (program !== 0) program |= TRACED;
    }
    if (program === 0 && probed !== null) {
      program = probed(port);
      if (program !== 0) program |= PROBED;
    }
    if (holders !== null && isUsable) {
      const by = (program & TRACED) !== 0 ? 'traced' : (program & PROBED) !== 0 ? 'probe' : null;
      this.owners.add(program & ~TOLD, inode !== 0, by);
    }
    this.programs[slot] = program;
    this.phases[slot] = phase;
    // An overdue timer shows 0: by when it should have ended, it is known how late it is.
    const isOverdue = isKnown && isWaiting && left === 0 && this.marks[slot]! < 0;
    if (isOverdue) this.latestMs = Math.max(this.latestMs, (this.now + 1 + this.marks[slot]!) * 10);
    else this.marks[slot] = mark;
    this.looks[slot] = this.look;
  }

  /** Whether a socket is the one that was seen at the look before. */
  private isSame(slot: number, mark: number, left: number, isRecent: boolean): boolean {
    const before = this.marks[slot]!;
    if (mark > 0) return before === mark;
    if (before >= 0) return isRecent;
    // A timer that is overdue shows 0.
    return mark !== 0 && (left === 0 || Math.abs(before - mark) <= SAME_END);
  }

  /** The slot of a connection, taken if it has none yet; −1 if the book is full. */
  private slotOf(signature: number, port: number): number {
    if (this.filled * 2 > this.looks.length && this.rebuiltAt !== this.look) this.rebuild();
    const mask = this.looks.length - 1;
    let slot = hash(signature, port, 0, 0) & mask;
    while (this.looks[slot] !== 0) {
      if (this.signatures[slot] === signature && this.ports[slot] === port) return slot;
      slot = (slot + 1) & mask;
    }
    if (this.isFull) return -1;
    this.filled++;
    this.signatures[slot] = signature;
    this.ports[slot] = port;
    return slot;
  }

  /** Leaves out what was not there at the look before, nor at this one yet. */
  private rebuild(): void {
    const { signatures, ports, phases, marks, programs, looks, look } = this;
    // Where it does not grow any more, once a look is enough.
    if (looks.length === MOST_SLOTS) this.rebuiltAt = look;
    let alive = 0;
    for (const seen of looks) if (seen >= look - 1 && seen !== 0) alive++;
    let size = SMALLEST;
    while (size < alive * 3) size *= 2;
    size = Math.min(size, MOST_SLOTS);
    this.signatures = new Int32Array(size);
    this.ports = new Uint16Array(size);
    this.phases = new Uint8Array(size);
    this.marks = new Int32Array(size);
    this.programs = new Uint32Array(size);
    this.looks = new Uint32Array(size);
    this.filled = 0;
    for (let old = 0; old < looks.length; old++) {
      if (looks[old]! < look - 1 || looks[old] === 0) continue;
      const slot = this.slotOf(signatures[old]!, ports[old]!);
      if (slot < 0) return;
      this.phases[slot] = phases[old]!;
      this.marks[slot] = marks[old]!;
      this.programs[slot] = programs[old]!;
      this.looks[slot] = looks[old]!;
    }
  }
}

/** Above 0, and as good as the inode's own. */
const markOf = (inode: number): number => inode & INODE_BITS || 1;
