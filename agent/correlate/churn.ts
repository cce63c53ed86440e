import { formatAddress } from '../model/address.ts';
import type { ConnectError, DestinationReport, Owner, Rates } from '../model/assessment.ts';
import type { UsablePorts } from '../model/port-settings.ts';
import type { SocketOwners } from '../model/program.ts';
import type { Counters } from '../model/readings.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { CLOSE_WAIT, LAST_ACK, TIME_WAIT } from '../model/state.ts';
import { ConnectionBook, type Visit } from './connection-book.ts';
import { type Demand, DemandHistory, type DemandLook } from './demand.ts';
import type { FlowCounter } from './flow.ts';
import { LatelyOwners } from './owner-tally.ts';
import type { PortKinds } from './port-kinds.ts';
import type { NetnsProbes } from './probes/probe-ledger.ts';
import {
  AGE_STEP_MS,
  AGE_STEPS,
  type ClosedSince,
  closesByAge,
  NO_RATES,
  RateHistory,
  type TracedSince,
} from './rates.ts';
import type { Held } from './run-off.ts';
import { BIN_MS, BINS } from './steady-flow.ts';
import { CLOCK_BIN_SECONDS, clockBin, TIME_WAIT_MS, type TimeWaitClock } from './time-wait-clock.ts';
import type { Refusals, TracedNetns } from './traced-connections.ts';

/** From look to look: later than this a TIME_WAIT that came in between may have gone. */
const LONGEST_GAP_MS = 55_000;
/** connect() calls that left no trace in the table, of all of a namespace: more than this share and number matter. */
const UNSEEN_RATIO = 0.03;
const UNSEEN_LEAST = 10;
/** A destination whose peer closes so few connections has none that came and went unseen. */
const PEER_CLOSES_RATIO = 0.02;
/** From fewer closes of this side one look does not tell who closes. */
const TELLING_CLOSES = 20;
/** A tick of a second is rarely just that. */
const LATE = 1.1;
/** Looks after which those of destinations that are not reported any more are forgotten. */
const FORGOTTEN_AFTER = 64;

/** What a look is to churn. */
export interface Look {
  readonly table: SocketTable;
  readonly kinds: PortKinds;
  /** When the table was read, in ms on a clock that no one sets. */
  readonly at: number;
  readonly counters: Counters;
  readonly usable: UsablePorts;
  /** null: nobody looked for them. */
  readonly owners: SocketOwners | null;
  readonly traced: TracedNetns | null;
  /** null: no probe speaks of this namespace. */
  readonly probes: NetnsProbes | null;
  /** Begun for this table. */
  readonly counter: FlowCounter;
}

/** A destination whose connections are to be followed. */
export interface Followed {
  readonly destination: number;
  readonly held: Held;
  /** connect() is slow, or fails: what gets through is not what is wanted. */
  readonly isHindered: boolean;
}

/** What is known of a destination's connections beside its ports. */
export interface Connections extends Rates {
  readonly owners: readonly Owner[] | null;
  readonly unownedPorts: number | null;
  readonly connectErrors: readonly ConnectError[] | null;
}

/** Of a destination of which no probe tells and that was not asked why. */
export const UNDIAGNOSED: Pick<DestinationReport, 'requests' | 'probe' | 'causes'> = {
  requests: null,
  probe: null,
  causes: [],
};

export const NO_CONNECTIONS: Connections = { ...NO_RATES, owners: null, unownedPorts: null, connectErrors: null };

/** With what they ask for; null: that is not known yet. */
export interface FollowedConnections {
  readonly connections: Connections;
  readonly demand: Demand | null;
  /** Those open now, half-closed by the peer included. */
  readonly open: number;
  /** null: it is not known what has become of those of the look before. */
  readonly closed: ClosedSince | null;
}

/** What of a destination's traced counts was told by the look before. */
interface ToldCounts {
  readonly look: number;
  readonly epoch: number;
  readonly opens: number;
  readonly closedHere: number;
  readonly closedThere: number;
  readonly unsure: number;
}

/** How fast the connections of one network namespace's destinations come and go, from look to look. */
export class Churn {
  private readonly book = new ConnectionBook();
  private readonly histories = new Map<number, RateHistory>();
  private readonly demands = new Map<number, DemandHistory>();
  private readonly lately = new Map<number, LatelyOwners>();
  private readonly told = new Map<number, ToldCounts>();
  private look = 0;
  /** Whether the last look could not be joined to the one before. */
  isBroken = true;
  /** connect() calls of the namespace between the last two looks that neither of them shows; null: unknown. */
  unseen: number | null = null;
  private before: { readonly at: number; readonly counters: Counters } | null = null;

  /** By how many ms a TIME_WAIT of this namespace has outlived its timer, at most. */
  get latestMs(): number {
    return this.book.latestMs;
  }

  /** The connections of these destinations, in their order. Call once per look. `isAll`: there are no others. */
  update(look: Look, destinations: readonly Followed[], isAll: boolean): FollowedConnections[] {
    const { table, kinds, at, counters } = look;
    const { before, book } = this;
    this.before = { at, counters };
    this.look++;
    book.begin(at);
    const gap = before === null ? Number.POSITIVE_INFINITY : at - before.at;
    const isBroken =
      gap > LONGEST_GAP_MS || book.isFull || table.unreadRows > 0 || hasOverflown(before?.counters, counters);
    // What was opened since the look before is no older than that.
    const bins = Math.ceil(Math.min(gap, BINS * BIN_MS) / BIN_MS) + 2;
    this.isBroken = isBroken;
    const seen = destinations.map((followed) => {
      const { destination } = followed;
      const signature = table.signature(destination);
      const probed = probedPorts(look, destination);
      const counted = book.count(table, destination, kinds, look.usable, look.owners, look.traced, probed);
      const visit = { ...counted, openedByAge: counted.openedByAge.slice(0, bins) };
      const owned = this.owned({ ...look, destination }, signature);
      const traced = this.tracedSince(look, destination, signature);
      const known = this.histories.get(signature);
      const isLost = traced === null && (isBroken || gap > look.counter.keptMs(table, destination) * LATE);
      const history = known?.look === this.look - 1 && !isLost ? known : undefined;
      return { followed, destination, signature, visit, owned, traced, history };
    });
    const opened = seen.reduce((sum, { visit, history }) => sum + (history === undefined ? 0 : visit.opened), 0);
    const unseen = unseenOpens(before?.counters, counters, opened);
    const shown = seen.reduce((sum, { visit, traced }) => sum + (traced?.opens ?? visit.opened), 0);
    this.unseen = unseenOpens(before?.counters, counters, shown);
    const isUnsure = !isAll || unseen === null || unseen > Math.max(UNSEEN_LEAST, opened * UNSEEN_RATIO);
    const found = seen.map(({ followed, destination, signature, visit, owned, traced, history }) => {
      const open = visit.open + visit.closedThere;
      if (history === undefined) {
        const begun = tracedSoFar(look, destination);
        this.histories.set(signature, new RateHistory(this.look, at, visit, begun));
        const rates = atFirst(look, destination);
        const demand = this.demandAtFirst(look, followed, signature, visit, rates, owned.connectErrors);
        return { connections: { ...rates, ...totals(begun), ...owned }, demand, open, closed: null };
      }
      const closed = history.add(
        this.look,
        at,
        visit,
        traced,
        (remote) => isUnsure && (visit.opened === 0 || remote > visit.opened * PEER_CLOSES_RATIO),
      );
      const rates = history.rates();
      const opened = traced?.opens ?? visit.opened;
      const demand = this.demandOf(
        {
          at,
          visit,
          opened,
          rates,
          isHindered: followed.isHindered,
          refused: refusedOf(owned.connectErrors),
          ages: [],
        },
        signature,
      );
      return { connections: { ...rates, ...owned }, demand, open, closed };
    });
    if (this.look % FORGOTTEN_AFTER === 0) this.forget();
    return found;
  }

  /** Who holds sockets that nobody was known to hold at the last look: programs by inode. */
  remember(found: ReadonlyMap<number, number>): void {
    this.book.remember(found);
  }

  private demandAtFirst(
    look: Look,
    { destination, held, isHindered }: Followed,
    signature: number,
    visit: Visit,
    rates: Rates,
    errors: readonly ConnectError[] | null,
  ): Demand | null {
    const known = Math.min(LONGEST_AGE_MS, look.counter.keptMs(look.table, destination)) / (CLOCK_BIN_SECONDS * 1000);
    const ages = rates.opensPerSecond === null ? [] : byAge(held.clock, Math.floor(known));
    const facts = { at: look.at, visit, opened: 0, rates, isHindered, refused: refusedOf(errors), ages };
    const history = new DemandHistory(facts);
    this.demands.set(signature, history);
    return history.demand(facts);
  }

  private demandOf(facts: DemandLook, signature: number): Demand | null {
    const history = this.demands.get(signature);
    if (history === undefined) return null;
    history.add(facts);
    return history.demand(facts);
  }

  /** Of the destination counted last. */
  private owned(
    { owners, at, table, traced, destination }: Look & { readonly destination: number },
    signature: number,
  ): Pick<Connections, 'owners' | 'unownedPorts' | 'connectErrors'> {
    if (owners === null) return { owners: null, unownedPorts: null, connectErrors: null };
    const refused = traced?.connections.countsOf(traced.netns, table.plainSignature(destination)).refused;
    const connectErrors = refused === undefined ? null : errorsOf(refused, owners);
    let lately = this.lately.get(signature);
    if (lately === undefined) {
      lately = new LatelyOwners();
      this.lately.set(signature, lately);
    }
    const { owners: found, unowned } = this.book.owners.owners(owners, lately.note(this.book.owners.programs, at));
    return { owners: found, unownedPorts: unowned, connectErrors };
  }

  /** null: not exactly known. */
  private tracedSince({ table, traced }: Look, destination: number, signature: number): TracedSince | null {
    // What is bound to an interface shares its traces with what is not.
    if (traced === null || table.deviceOf(destination) !== 0) return null;
    const { connections, netns } = traced;
    const { opens, closedHere, closedThere, unsure } = connections.countsOf(netns, table.plainSignature(destination));
    const { epoch } = connections;
    const before = this.told.get(signature);
    this.told.set(signature, { look: this.look, epoch, opens, closedHere, closedThere, unsure });
    if (before?.look !== this.look - 1 || before.epoch !== epoch || before.unsure !== unsure) return null;
    const here = closedHere - before.closedHere;
    const there = closedThere - before.closedThere;
    return { opens: opens - before.opens, closes: connections.followsCloses ? { here, there } : null };
  }

  private forget(): void {
    for (const [signature, { look }] of this.histories)
      if (look < this.look - 1) {
        this.histories.delete(signature);
        this.demands.delete(signature);
        this.lately.delete(signature);
        this.told.delete(signature);
      }
  }
}

/** null: no probe tells of its ports. */
function probedPorts({ probes, table, at }: Look, destination: number): ((port: number) => number) | null {
  if (probes === null) return null;
  const local = formatAddress(table.localAddress(destination));
  const remote = formatAddress(table.remoteAddress(destination));
  const notes = probes.notes(local, remote, table.remotePortOf(destination));
  return notes === null ? null : (port) => probes.programOf(notes.probeOf(port, at));
}

/** As far back as one look tells of what was opened. */
const LONGEST_AGE_MS = 30_000;

/** TIME_WAIT by the tenths of a second since they were closed. */
function byAge({ all }: TimeWaitClock, bins: number): number[] {
  return Array.from({ length: bins }, (_, age) => all[clockBin(TIME_WAIT_MS / 10) - 1 - age] ?? 0);
}

function refusedOf(errors: readonly ConnectError[] | null): number {
  return (errors ?? []).reduce((sum, { total }) => sum + total, 0);
}

/** null: not traced. */
function tracedSoFar({ table, traced }: Look, destination: number): TracedSince | null {
  if (traced === null || table.deviceOf(destination) !== 0) return null;
  const counts = traced.connections.countsOf(traced.netns, table.plainSignature(destination));
  return { opens: counts.opens, closes: { here: counts.closedHere, there: counts.closedThere } };
}

/** What is known before a second look tells how much more it has become. */
function totals(begun: TracedSince | null): Pick<Rates, 'opensTotal' | 'closesTotal'> {
  if (begun === null) return { opensTotal: null, closesTotal: null };
  const { opens, closes } = begun;
  return { opensTotal: opens, closesTotal: closes === null ? null : { local: closes.here, remote: closes.there } };
}

/** By errno. */
const CODES: Readonly<Record<number, ConnectError['code']>> = { 98: 'EADDRINUSE', 99: 'EADDRNOTAVAIL' };

/** Most first. */
export function errorsOf(refused: readonly Refusals[], owners: SocketOwners): readonly ConnectError[] {
  return refused
    .flatMap(({ errno, program, total }) => {
      const code = CODES[errno];
      if (code === undefined) return [];
      const { pid = null, command = null } = owners.program(program) ?? {};
      return [{ code, total, pid, command }];
    })
    .sort((a, b) => b.total - a.total);
}

/** connect() calls of the namespace since the look before of which the table shows nothing; null: unknown. */
function unseenOpens(before: Counters | undefined, now: Counters, opened: number): number | null {
  if (before?.activeOpens === undefined || now.activeOpens === undefined) return null;
  return now.activeOpens - before.activeOpens - opened;
}

/** Whether TIME_WAIT had no room (tcp_max_tw_buckets), so that closes left nothing. */
function hasOverflown(before: Counters | undefined, now: Counters): boolean {
  return before !== undefined && (now.timeWaitOverflows ?? 0) > (before.timeWaitOverflows ?? 0);
}

/** From one look alone: the ages of TIME_WAIT show the closes of this side. If the peer closes none, so many are opened. */
function atFirst({ table, counter }: Look, destination: number): Rates {
  const { states } = counter.measure(table, destination);
  const ages = new Uint32Array(AGE_STEPS);
  counter.readAges(ages, AGE_STEP_MS);
  const local = closesByAge(ages, counter.keptMs(table, destination));
  const peerCloses = states[CLOSE_WAIT]! + states[LAST_ACK]! > 0;
  const isTelling = local !== null && !peerCloses && states[TIME_WAIT]! >= TELLING_CLOSES;
  return { ...NO_RATES, opensPerSecond: isTelling ? local : null, closesPerSecond: { local, remote: null } };
}
