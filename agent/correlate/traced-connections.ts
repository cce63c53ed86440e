import { hash } from '../model/columns.ts';
import { PORTS } from '../model/port-settings.ts';
import type { Closer, TraceMode, TraceSink, TraceTasks } from '../model/trace-events.ts';
import { BLOCKED, CHOSEN } from './port-kinds.ts';

/** Connections of the last minute or so, in sets of SET: the oldest of a set makes room. */
const CONNECTIONS = 1 << 18;
const SET = 8;
/** Sockets between connect() and what came of it. */
const MOST_CONNECTING = 1 << 16;
/** Destinations that are counted; of more, those met least recently are forgotten. */
const MOST_DESTINATIONS = 1 << 14;
/** Threads whose refusals wait for their namespace to be known. */
const MOST_STRAYS = 1024;
/** Programs that are named for a destination's refused connects. */
const MOST_REFUSED = 16;
/** From errno(3). */
const EADDRNOTAVAIL = 99;
/** ms from a connection's failure to the return of its connect(), at most. */
const RETURNS_WITHIN_MS = 50;
/** Times that the trace is read until what it tells of a thread that has ended must have come. */
const SETTLES = 2;
/** ms: so much may a TIME_WAIT seem to be older than it is. */
const SLACK_MS = 500;

/** One connect() error of one program. */
export interface Refusals {
  readonly errno: number;
  /** See SocketOwners; 0: not known. */
  readonly program: number;
  total: number;
}

/** All that was traced of one destination's connections. Counted up for as long as `epoch` stays. */
export interface TracedCounts {
  /** 0: not known. */
  netns: number;
  opens: number;
  closedHere: number;
  closedThere: number;
  /** Events that may have been this destination's or the same one's of another network namespace. */
  unsure: number;
  readonly refused: Refusals[];
}

/** The trace, and which network namespace is looked at. */
export interface TracedNetns {
  readonly connections: TracedConnections;
  readonly netns: number;
  /** When it was begun to read the table: later than this, what was traced may not be in it. In ms. */
  readonly before: number;
}

/** What one thread's connect() has just come to, until it returns. */
interface Failure {
  readonly at: number;
  /** null: it is not known whose. */
  readonly counts: TracedCounts | null;
  /** Whether it has been counted. */
  readonly isTold: boolean;
}

/** A refusal of a thread of which the trace has not told all yet. */
interface Unnamed {
  readonly task: number;
  readonly errno: number;
  /** null: it is not known where it would have connected to. */
  readonly counts: TracedCounts | null;
  waited: number;
}

/**
 * Who opened which connection, how many were opened and closed, and which ports bind() chose, as the kernel's trace tells
 * it. The trace does not name network namespaces: those come with the thread that connects or, where that has gone, with
 * the namespace that has such a connection.
 */
export class TracedConnections implements TraceSink {
  /** Changes whenever what was counted before cannot be compared with what is counted later. */
  epoch = 0;
  private mode: TraceMode = 'all';
  private readonly tasks: TraceTasks;

  // Connections, by destination and local port.
  private readonly destinations = new Int32Array(CONNECTIONS);
  private readonly ports = new Uint16Array(CONNECTIONS);
  private readonly netns = new Uint32Array(CONNECTIONS);
  private readonly openers = new Uint32Array(CONNECTIONS);
  private readonly kinds = new Uint8Array(CONNECTIONS);
  /** ms; 0: empty. */
  private readonly openedAt = new Float64Array(CONNECTIONS);

  // What is connecting, by socket.
  private readonly connectingSlots = new Map<number, number>();
  private readonly connectingSockets = new Float64Array(MOST_CONNECTING);
  private readonly connectingTasks = new Uint32Array(MOST_CONNECTING);
  private readonly connectingBound = new Uint8Array(MOST_CONNECTING);
  private nextConnecting = 0;

  private readonly counts = new Map<number, TracedCounts[]>();
  private readonly portKinds = new Map<number, Uint8Array>();
  /** By network namespace: those of its destinations, and those that had none. */
  private readonly refusals = new Map<number, Refusals[]>();
  /** By task, of those whose namespace is not known and that had no destination. */
  private readonly strays = new Map<number, Refusals[]>();
  private readonly failures = new Map<number, Failure>();
  private unnamed: Unnamed[] = [];

  constructor(tasks: TraceTasks) {
    this.tasks = tasks;
  }

  connecting(socket: number, task: number, destination: number, boundPort: number, _at: number): void {
    const netns = this.tasks.netnsOf(task);
    this.failures.delete(task);
    // A ring: what has been connecting since so many others began is given up.
    const slot = this.nextConnecting;
    this.nextConnecting = (slot + 1) % MOST_CONNECTING;
    const before = this.connectingSockets[slot]!;
    if (this.connectingSlots.get(before) === slot) this.connectingSlots.delete(before);
    this.connectingSlots.set(socket, slot);
    this.connectingSockets[slot] = socket;
    this.connectingTasks[slot] = task;
    this.connectingBound[slot] = boundPort === 0 ? 0 : 1;
    const counts = this.target(netns, destination);
    if (counts !== null) counts.opens++;
    if (boundPort !== 0) this.noteKind(netns, boundPort, BLOCKED);
  }

  established(socket: number, destination: number, localPort: number, at: number): void {
    const slot = this.connectingSlots.get(socket);
    if (slot === undefined) return;
    this.connectingSlots.delete(socket);
    const task = this.connectingTasks[slot]!;
    const netns = this.tasks.netnsOf(task);
    const kind = this.connectingBound[slot] === 0 ? CHOSEN : BLOCKED;
    const entry = this.entryFor(netns, destination, localPort);
    this.destinations[entry] = destination;
    this.ports[entry] = localPort;
    this.netns[entry] = netns;
    this.openers[entry] = task;
    this.kinds[entry] = kind;
    this.openedAt[entry] = at;
    this.noteKind(netns, localPort, kind);
  }

  failed(socket: number, destination: number, localPort: number, at: number): void {
    const slot = this.connectingSlots.get(socket);
    if (slot === undefined) return;
    this.connectingSlots.delete(socket);
    const task = this.connectingTasks[slot]!;
    const counts = this.target(this.tasks.netnsOf(task), destination);
    const hasPort = localPort !== 0;
    if (!hasPort) {
      // inet_hash_connect() is all that can fail before there is one.
      if (counts !== null) counts.opens--;
      this.refuse(task, EADDRNOTAVAIL, counts);
    }
    if (this.failures.size < MOST_CONNECTING) this.failures.set(task, { at, counts, isTold: !hasPort });
  }

  refused(task: number, errno: number, at: number): void {
    const failure = this.failures.get(task);
    this.failures.delete(task);
    const isIt = failure !== undefined && at - failure.at < RETURNS_WITHIN_MS;
    if (isIt && failure.isTold) return;
    this.refuse(task, errno, isIt ? failure.counts : null);
  }

  closed(destination: number, localPort: number, closer: Closer): void {
    const entry = this.find(destination, localPort);
    // What came in has no destination that anyone connected to.
    if (entry < 0 && !this.counts.has(destination)) return;
    const counts = this.target(entry < 0 ? 0 : this.netns[entry]!, destination);
    if (counts === null) return;
    if (closer === 'here') counts.closedHere++;
    else counts.closedThere++;
  }

  broken(mode: TraceMode): void {
    this.mode = mode;
    this.epoch++;
    this.openedAt.fill(0);
    this.connectingSlots.clear();
    this.failures.clear();
    for (const kinds of this.portKinds.values()) kinds.fill(0);
  }

  /** Call when the trace has been read: by then it may be known whose the refusals are. */
  settle(): void {
    this.unnamed = this.unnamed.filter((one) => {
      const program = this.tasks.programOf(one.task);
      if (program === 0 && one.waited++ < SETTLES) return true;
      this.name(one, program);
      return false;
    });
  }

  /**
   * The program that opened the connection of `destination` which had this port at `before` and was closed by `closedAt`
   * (where that is not known, the same); 0: not known. Both in ms. `isHeld`: a process has its socket.
   */
  ownerOf(
    netns: number,
    destination: number,
    localPort: number,
    before: number,
    closedAt: number,
    isHeld: boolean,
  ): number {
    let found = -1;
    const first = setOf(destination, localPort);
    for (let entry = first; entry < first + SET; entry++) {
      if (!this.is(entry, destination, localPort)) continue;
      const isOurs = this.netns[entry] === netns || (this.netns[entry] === 0 && !isHeld);
      if (isOurs && (found < 0 || this.openedAt[entry]! > this.openedAt[found]!)) found = entry;
    }
    // Opened later, it is another one than that which was seen.
    if (found < 0 || this.openedAt[found]! > Math.min(before, closedAt + SLACK_MS)) return 0;
    if (this.netns[found] === 0) {
      this.netns[found] = netns;
      this.noteKind(netns, localPort, this.kinds[found]!);
      this.adoptStrays(this.openers[found]!, netns);
    }
    return this.tasks.programOf(this.openers[found]!);
  }

  /** What was traced of a destination; from now on, if it was not counted before. */
  countsOf(netns: number, destination: number): TracedCounts {
    const known = this.counts.get(destination) ?? [];
    const own = known.find((one) => one.netns === netns);
    if (own !== undefined) return own;
    const [only] = known;
    if (only !== undefined && known.length === 1 && only.netns === 0) {
      only.netns = netns;
      for (const refusal of only.refused) note(this.refusedIn(netns), refusal);
      return only;
    }
    for (const other of known) other.unsure++;
    return this.newCounts(netns, destination);
  }

  /** Whether closes are counted too. */
  get followsCloses(): boolean {
    return this.mode === 'all';
  }

  /** By port, BLOCKED, CHOSEN or 0, of what was opened in a network namespace since this was called first. */
  kindsOf(netns: number): Uint8Array {
    let kinds = this.portKinds.get(netns);
    if (kinds === undefined) {
      kinds = new Uint8Array(PORTS);
      this.portKinds.set(netns, kinds);
    }
    return kinds;
  }

  /** All refusals in a network namespace. */
  refusalsOf(netns: number): readonly Refusals[] {
    return this.refusals.get(netns) ?? [];
  }

  /** Those of which neither the namespace nor the destination is known. */
  get strayRefusals(): readonly Refusals[] {
    const all: Refusals[] = [];
    for (const refusals of this.strays.values()) for (const one of refusals) note(all, one);
    return all;
  }

  /** Forgets the network namespaces that are not among these. */
  keepOnly(isThere: (netns: number) => boolean): void {
    for (const netns of this.portKinds.keys()) if (!isThere(netns)) this.portKinds.delete(netns);
    for (const netns of this.refusals.keys()) if (!isThere(netns)) this.refusals.delete(netns);
    for (const [destination, known] of this.counts) {
      const left = known.filter((one) => one.netns === 0 || isThere(one.netns));
      if (left.length === 0) this.counts.delete(destination);
      else if (left.length < known.length) this.counts.set(destination, left);
    }
  }

  /** Where to count an event of a namespace (0: not known). null: it may be of several. */
  private target(netns: number, destination: number): TracedCounts | null {
    const known = this.counts.get(destination);
    if (known === undefined) return this.newCounts(netns, destination);
    for (const one of known) if (one.netns === netns) return one;
    if (netns !== 0) return this.countsOf(netns, destination);
    if (known.length === 1) return known[0]!;
    for (const one of known) one.unsure++;
    return null;
  }

  private newCounts(netns: number, destination: number): TracedCounts {
    const counts = { netns, opens: 0, closedHere: 0, closedThere: 0, unsure: 0, refused: [] };
    const known = this.counts.get(destination) ?? [];
    known.push(counts);
    // The last one set is the last to go.
    this.counts.delete(destination);
    this.counts.set(destination, known);
    for (const oldest of this.counts.keys()) {
      if (this.counts.size <= MOST_DESTINATIONS) break;
      this.counts.delete(oldest);
    }
    return counts;
  }

  private refuse(task: number, errno: number, counts: TracedCounts | null): void {
    const program = this.tasks.programOf(task);
    const one = { task, errno, counts, waited: 0 };
    if (program === 0 && this.unnamed.length < MOST_CONNECTING) this.unnamed.push(one);
    else this.name(one, program);
  }

  private name({ task, errno, counts }: Unnamed, program: number): void {
    const refusal = { errno, program, total: 1 };
    const netns = counts?.netns || this.tasks.netnsOf(task);
    if (counts !== null) note(counts.refused, refusal);
    if (netns !== 0) note(this.refusedIn(netns), refusal);
    else if (counts === null) {
      // Bounded: the rest are in one.
      const key = this.strays.has(task) || this.strays.size < MOST_STRAYS ? task : 0;
      const strays = this.strays.get(key) ?? [];
      note(strays, refusal);
      this.strays.set(key, strays);
    }
  }

  /** The namespace of a thread that has gone is known by what it had opened. */
  private adoptStrays(task: number, netns: number): void {
    for (const one of this.strays.get(task) ?? []) note(this.refusedIn(netns), one);
    this.strays.delete(task);
  }

  private refusedIn(netns: number): Refusals[] {
    let refused = this.refusals.get(netns);
    if (refused === undefined) {
      refused = [];
      this.refusals.set(netns, refused);
    }
    return refused;
  }

  private noteKind(netns: number, port: number, kind: number): void {
    const kinds = this.portKinds.get(netns);
    if (kinds !== undefined) kinds[port] = kind;
  }

  private is(entry: number, destination: number, localPort: number): boolean {
    return this.openedAt[entry] !== 0 && this.destinations[entry] === destination && this.ports[entry] === localPort;
  }

  /** The latest of any namespace; −1: none. */
  private find(destination: number, localPort: number): number {
    const first = setOf(destination, localPort);
    let found = -1;
    for (let entry = first; entry < first + SET; entry++) {
      if (!this.is(entry, destination, localPort)) continue;
      if (found < 0 || this.openedAt[entry]! > this.openedAt[found]!) found = entry;
    }
    return found;
  }

  /** Where to keep a connection: in the place of the one that was the same before, else of the oldest. */
  private entryFor(netns: number, destination: number, localPort: number): number {
    const first = setOf(destination, localPort);
    let oldest = first;
    for (let entry = first; entry < first + SET; entry++) {
      if (this.is(entry, destination, localPort) && this.netns[entry] === netns) return entry;
      if (this.openedAt[entry]! < this.openedAt[oldest]!) oldest = entry;
    }
    return oldest;
  }
}

/** The first of the SET entries where a connection may be. */
function setOf(destination: number, localPort: number): number {
  return (hash(destination, localPort, 0, 0) & (CONNECTIONS / SET - 1)) * SET;
}

/** Adds to what is known. Of too many programs the rest are nobody's. */
function note(refusals: Refusals[], { errno, program, total }: Readonly<Refusals>): void {
  const find = (whose: number) => refusals.find((one) => one.errno === errno && one.program === whose);
  const known = find(program) ?? (refusals.length < MOST_REFUSED ? undefined : find(0));
  if (known !== undefined) known.total += total;
  else refusals.push({ errno, program: refusals.length < MOST_REFUSED ? program : 0, total });
}
