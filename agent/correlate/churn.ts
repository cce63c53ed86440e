import type { Owner, Rates } from '../model/assessment.ts';
import type { UsablePorts } from '../model/port-settings.ts';
import type { SocketOwners } from '../model/program.ts';
import type { Counters } from '../model/readings.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { CLOSE_WAIT, LAST_ACK, TIME_WAIT } from '../model/state.ts';
import { ConnectionBook } from './connection-book.ts';
import type { FlowCounter } from './flow.ts';
import { LatelyOwners } from './owner-tally.ts';
import type { PortKinds } from './port-kinds.ts';
import { closesByAge, NO_RATES, RateHistory } from './rates.ts';

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
  /** Begun for this table. */
  readonly counter: FlowCounter;
}

/** What is known of a destination's connections beside its ports. */
export interface Connections extends Rates {
  readonly owners: readonly Owner[] | null;
  readonly unownedPorts: number | null;
}

export const NO_CONNECTIONS: Connections = { ...NO_RATES, owners: null, unownedPorts: null };

/** How fast the connections of one network namespace's destinations come and go, from look to look. */
export class Churn {
  private readonly book = new ConnectionBook();
  private readonly histories = new Map<number, RateHistory>();
  private readonly lately = new Map<number, LatelyOwners>();
  private look = 0;
  private before: { readonly at: number; readonly counters: Counters } | null = null;

  /** The rates of these destinations, in their order. Call once per look. `isAll`: there are no others. */
  update(look: Look, destinations: readonly number[], isAll: boolean): Connections[] {
    const { table, kinds, at, counters } = look;
    const { before, book } = this;
    this.before = { at, counters };
    this.look++;
    book.begin(at);
    const gap = before === null ? Number.POSITIVE_INFINITY : at - before.at;
    const isBroken =
      gap > LONGEST_GAP_MS || book.isFull || table.unreadRows > 0 || hasOverflown(before?.counters, counters);
    const seen = destinations.map((destination) => {
      const signature = table.signature(destination);
      const visit = { ...book.count(table, destination, kinds, look.usable, look.owners) };
      const owned = this.owned(look, signature);
      const known =
        isBroken || gap > look.counter.keptMs(table, destination) * LATE ? undefined : this.histories.get(signature);
      const history = known?.look === this.look - 1 ? known : undefined;
      return { destination, signature, visit, owned, history };
    });
    const opened = seen.reduce((sum, { visit, history }) => sum + (history === undefined ? 0 : visit.opened), 0);
    const unseen = unseenOpens(before?.counters, counters, opened);
    const isUnsure = !isAll || unseen === null || unseen > Math.max(UNSEEN_LEAST, opened * UNSEEN_RATIO);
    const found = seen.map(({ destination, signature, visit, owned, history }) => {
      if (history === undefined) {
        this.histories.set(signature, new RateHistory(this.look, at, visit));
        return { ...atFirst(look, destination), ...owned };
      }
      history.add(
        this.look,
        at,
        visit,
        (remote) => isUnsure && (visit.opened === 0 || remote > visit.opened * PEER_CLOSES_RATIO),
      );
      return { ...history.rates(), ...owned };
    });
    if (this.look % FORGOTTEN_AFTER === 0) this.forget();
    return found;
  }

  /** Of the destination counted last. */
  private owned({ owners, at }: Look, signature: number): Pick<Connections, 'owners' | 'unownedPorts'> {
    if (owners === null) return { owners: null, unownedPorts: null };
    let lately = this.lately.get(signature);
    if (lately === undefined) {
      lately = new LatelyOwners();
      this.lately.set(signature, lately);
    }
    const { owners: found, unowned } = this.book.owners.owners(owners, lately.note(this.book.owners.programs, at));
    return { owners: found, unownedPorts: unowned };
  }

  private forget(): void {
    for (const [signature, { look }] of this.histories)
      if (look < this.look - 1) {
        this.histories.delete(signature);
        this.lately.delete(signature);
      }
  }
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
  const local = closesByAge(
    (seconds) => counter.youngTimeWait(seconds * 1000),
    counter.keptMs(table, destination) / 1000,
  );
  const peerCloses = states[CLOSE_WAIT]! + states[LAST_ACK]! > 0;
  const isTelling = local !== null && !peerCloses && states[TIME_WAIT]! >= TELLING_CLOSES;
  return { ...NO_RATES, opensPerSecond: isTelling ? local : null, closesPerSecond: { local, remote: null } };
}
