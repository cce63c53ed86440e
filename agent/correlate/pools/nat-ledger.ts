import type { Address } from '../../model/address.ts';
import { isThrough, type NatQuota } from '../../model/nat-quota.ts';
import type { Counters } from '../../model/readings.ts';
import type { Demand } from '../demand.ts';
import type { ClosedSince } from '../rates.ts';
import { CLOCK_BIN_SECONDS, TIME_WAIT_MS } from '../time-wait-clock.ts';
import { Seconds } from './seconds.ts';

/** What holds less than that makes room where too many destinations are followed: no quota ends by these. */
const SMALL = 3;
/** TIME_WAIT that this host has seen begin within so many seconds: all of them, if none was taken over since. */
const TIME_WAIT_SECONDS = TIME_WAIT_MS / 1000;

/** Less than one, as closes are spread over the time between two looks. */
const LEAST = 0.5;

/** One destination at one look, as a NAT is concerned with it. */
export interface NatFlow {
  readonly signature: number;
  /** Where the NAT takes it: as text, and as what the networks of a quota are held against. */
  readonly remote: string;
  readonly remoteAddress: Address;
  readonly remotePort: number;
  /** There are no more four-tuples than that. */
  readonly usablePorts: number;
  readonly open: number;
  /** Closed by this side and not yet by the other. */
  readonly closing: number;
  readonly closed: ClosedSince | null;
  /** TIME_WAIT by the tenths of a second that are left. */
  readonly clock: Uint16Array;
  readonly demand: Demand | null;
}

export interface NatLook {
  /** When the table was read, in ms on a clock that no one sets. */
  readonly at: number;
  /** Whether it can't be joined to the look before. */
  readonly isBroken: boolean;
  /** Whether these are all destinations there are. */
  readonly isAll: boolean;
  /** connect() calls since the look before that no look shows; null: unknown. */
  readonly unseen: number | null;
  readonly counters: Counters;
}

/** How many more destinations may be followed, of all network namespaces: each costs 2 KB for a NAT that holds 4 minutes. */
export interface Room {
  left: number;
}

/** What is kept of a destination until the NAT has forgotten it too. */
export interface NatEntry {
  readonly remote: string;
  readonly remotePort: number;
  /** By the quotas' number: whether it goes through that NAT. */
  readonly through: readonly boolean[];
  usablePorts: number;
  open: number;
  demand: Demand | null;
  /** Closed connections; of these, the ones that were surely not reset, which some NATs hold for less. */
  readonly closed: Seconds;
  readonly sure: Seconds;
  /** In ms: before this its closes are not known, and at that time some of them may have been missed. */
  since: number;
  unsureAt: number;
  /** Number of the look that saw it last. */
  look: number;
}

/**
 * The destinations of one network namespace that go through a NAT: who is open, and what was closed when, for as long as
 * the NAT may hold it. A NAT goes by the four-tuples it has seen, which outlive this host's own memory of them: TIME_WAIT
 * is over after a minute, and what the peer closes leaves none.
 */
export class NatLedger {
  readonly quotas: readonly NatQuota[];
  readonly entries = new Map<number, NatEntry>();
  /** In ms: watched without a break since then. */
  since = 0;
  /** In ms: when there were destinations last that are not followed. */
  incompleteAt = Number.NEGATIVE_INFINITY;
  /** Whether the kernel has told how many connections no look has shown. */
  knowsUnseen = false;
  readonly unseen: Seconds;
  private look = 0;
  private before = 0;
  private resets: number | undefined;
  private hasMadeRoom = false;
  private readonly longest: number;
  private readonly room: Room;

  constructor(quotas: readonly NatQuota[], room: Room) {
    this.quotas = quotas;
    this.room = room;
    this.longest = Math.max(0, ...quotas.map(({ heldSeconds }) => heldSeconds));
    this.unseen = new Seconds(this.longest);
  }

  update(look: NatLook, flows: Iterable<NatFlow>): void {
    const { at, isBroken, isAll, unseen, counters } = look;
    if (isBroken) this.since = at;
    if (!isAll) this.incompleteAt = at;
    this.hasMadeRoom = false;
    this.look++;
    this.knowsUnseen = unseen !== null;
    this.unseen.add(this.before, at, isBroken ? 0 : (unseen ?? 0));
    const resets = this.resetsSince(counters);
    for (const flow of flows) this.note(flow, look, resets);
    for (const [signature, entry] of this.entries) {
      if (entry.look !== this.look) this.noteGone(signature, entry, at);
    }
    this.before = at;
  }

  /** When it was last updated, in ms. */
  get lookedAt(): number {
    return this.before;
  }

  holdsClosed(at: number): boolean {
    for (const { closed } of this.entries.values()) if (closed.within(at, this.longest) >= LEAST) return true;
    return false;
  }

  private note(flow: NatFlow, { at, isBroken }: NatLook, resets: number): void {
    const known = this.entries.get(flow.signature);
    const entry = known ?? this.enter(flow, at);
    if (entry === null) return;
    const { closed, open } = flow;
    const { before } = this;
    if (known !== undefined && closed !== null && !isBroken) {
      entry.closed.add(before, at, closed.here + closed.there);
      entry.sure.add(before, at, closed.here + Math.max(0, closed.there - resets));
      if (!closed.isSure) entry.unsureAt = at;
    } else {
      // What this side has closed can be dated even so.
      const known60 = known === undefined || isBroken ? TIME_WAIT_SECONDS : (at - before) / 1000;
      this.addWaiting(entry, flow.clock, at, known60);
      for (const column of [entry.closed, entry.sure]) column.add(at, at, flow.closing);
      if (known !== undefined) entry.since = at;
    }
    entry.open = open;
    entry.usablePorts = flow.usablePorts;
    entry.demand = flow.demand;
    entry.look = this.look;
  }

  private enter(flow: NatFlow, at: number): NatEntry | null {
    const through = this.quotas.map((quota) => isThrough(quota, flow.remoteAddress));
    if (!through.includes(true)) return null;
    if (this.room.left <= 0) this.makeRoom(at);
    if (this.room.left <= 0) return null;
    this.room.left--;
    const { remote, remotePort, usablePorts, demand } = flow;
    const entry: NatEntry = {
      remote,
      remotePort,
      through,
      usablePorts,
      open: 0,
      demand,
      closed: new Seconds(this.longest),
      sure: new Seconds(this.longest),
      // One that was not there before had nothing to close; if not all of them were followed, it may have been.
      since: at - this.incompleteAt < this.longest * 1000 ? at : this.since,
      unsureAt: Number.NEGATIVE_INFINITY,
      look: this.look,
    };
    this.entries.set(flow.signature, entry);
    return entry;
  }

  private addWaiting(entry: NatEntry, clock: Uint16Array, at: number, seconds: number): void {
    for (let bin = clock.length - 1; bin >= 0; bin--) {
      const age = Math.max(0, TIME_WAIT_SECONDS - (bin + 0.5) * CLOCK_BIN_SECONDS);
      if (age > seconds) break;
      const closedAt = at - age * 1000;
      for (const column of [entry.closed, entry.sure]) column.add(closedAt, closedAt, clock[bin]!);
    }
  }

  /** Nothing is left of it at this host: all of it has been closed, or it is among those not followed any more. */
  private noteGone(signature: number, entry: NatEntry, at: number): void {
    if (this.incompleteAt === at && entry.open > 0) entry.since = at;
    for (const column of [entry.closed, entry.sure]) column.add(this.before, at, entry.open);
    entry.open = 0;
    entry.demand = null;
    if (entry.closed.within(at, this.longest) < LEAST) this.remove(signature);
  }

  /** Once a look: those that hold next to nothing go. */
  private makeRoom(at: number): void {
    this.incompleteAt = at;
    if (this.hasMadeRoom) return;
    this.hasMadeRoom = true;
    for (const [signature, { open, closed }] of this.entries) {
      if (open + closed.within(at, this.longest) < SMALL) this.remove(signature);
    }
  }

  private remove(signature: number): void {
    if (this.entries.delete(signature)) this.room.left++;
  }

  /** Connections of the namespace that were reset since the look before; Infinity: not known. */
  private resetsSince({ estabResets }: Counters): number {
    const before = this.resets;
    this.resets = estabResets;
    if (before === undefined || estabResets === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, estabResets - before);
  }
}
