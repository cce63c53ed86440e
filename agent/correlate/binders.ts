import { formatAddress } from '../model/address.ts';
import { ANY_V4, ANY_V6, isV4Key, type SocketTable } from '../model/socket-table.ts';
import type { FlowCounter, FlowCounts } from './flow.ts';
import { MAYBE_BLOCKED } from './port-kinds.ts';
import type { AskScope } from './questions.ts';

/** Local addresses whose pools are followed at once: the users of a port are bits of a word (local-ports.ts). */
const MOST_POOLS = 14;
/** Local addresses that are thought about. */
const MOST_LOCALS = 64;
/** Who has bound goes on binding for so long: a connection of a second and its TIME_WAIT. */
const KEPT_MS = 120_000;
/** What the kernel said of an address's ports stands for so long. */
const DENIED_MS = 60_000;
/** Ports of an address that the kernel is asked about, how often, and from which share of the usable ports on. */
const SAMPLES = 8;
const SAMPLE_EVERY_MS = 10_000;
const DECIDING_RATIO = 0.05;
/**
 * bind(port 0) takes the second parity first, connect() the first, until none is left (inet_csk_find_open_port,
 * __inet_hash_connect). So many ports of the second and at most this share of them of the first: nobody else does that.
 */
const LIKELY_PORTS = 20;
const LIKELY_RATIO = 0.25;

/** What one look shows of a local address. */
interface Tally {
  readonly text: string;
  /** Ports that bind() chose, surely. */
  bound: number;
  isLikely: boolean;
  used: number;
  /** The destination with the most ports of the second parity that may be bound, and how many; −1: none. */
  destination: number;
  second: number;
}

interface Known {
  readonly text: string;
  boundAt: number;
  askedAt: number;
  deniedAt: number;
}

/** A local address that programs bind to before they connect. */
export interface Binder {
  readonly key: number;
  readonly text: string;
}

/** Which local addresses of a network namespace programs bind to before they connect, as is known from look to look. */
export class Binders {
  private readonly tallies = new Map<number, Tally>();
  private readonly known = new Map<number, Known>();
  /** Of each address the ports that were to be asked about in this look, without those that were answered. */
  private readonly asked = new Map<number, Set<number>>();

  /** Call before the first destination, each time that a look is counted. */
  begin(): void {
    this.tallies.clear();
  }

  /** A destination that has ports which are bound or may be. */
  consider(table: SocketTable, destination: number, counts: FlowCounts): void {
    const second = counts.maybeBlocked - counts.maybeBlockedFirstParity;
    if (counts.blocked === 0 && second === 0) return;
    const key = table.localKey(destination);
    const tally = this.tally(key, () => formatAddress(table.localAddress(destination)));
    if (tally === null) return;
    tally.bound += counts.blocked;
    tally.used += counts.used;
    tally.isLikely ||= second >= LIKELY_PORTS && counts.usedFirstParity <= second * LIKELY_RATIO;
    if (second > tally.second) {
      tally.second = second;
      tally.destination = destination;
    }
  }

  /** Those that are bound and not connected yet; of IPv6 only where an address is known already. */
  considerBound({ boundPorts, boundLocals }: SocketTable, isUsable: (port: number) => boolean): void {
    for (const [index, port] of boundPorts.entries()) {
      const key = boundLocals[index] as number;
      if (key === ANY_V4 || key === ANY_V6 || !isUsable(port)) continue;
      if (!isV4Key(key) && !this.tallies.has(key)) continue;
      const tally = this.tally(key, () => formatAddress([key]));
      if (tally !== null) tally.bound++;
    }
  }

  /** Ports of the second parity to ask about, where that may show that somebody binds. Of the look considered last. */
  samples(table: SocketTable, counter: FlowCounter, usablePorts: number, scope: AskScope, at: number): number[] {
    const ports: number[] = [];
    for (const [key, tally] of this.tallies) {
      if (tally.bound > 0 || tally.destination < 0) continue;
      if (scope === 'deciding' && tally.used < usablePorts * DECIDING_RATIO) continue;
      if (at - (this.known.get(key)?.askedAt ?? Number.NEGATIVE_INFINITY) < SAMPLE_EVERY_MS) continue;
      const some = sampled(table, counter, tally);
      this.asked.set(key, new Set(some));
      ports.push(...some);
    }
    return ports;
  }

  /** Call for each port that the kernel has answered for. */
  answered(port: number): void {
    for (const open of this.asked.values()) open.delete(port);
  }

  /** Call when a look is done and all that is asked is answered: the addresses that are bound to, the worst first. */
  settle(at: number): readonly Binder[] {
    for (const [key, { text, bound, isLikely }] of this.tallies) {
      const open = this.asked.get(key);
      const known = this.known.get(key) ?? { text, ...NEVER };
      if (open !== undefined) known.askedAt = at;
      // A kernel that cannot be asked has denied nothing.
      if (open?.size === 0 && bound === 0) known.deniedAt = at;
      if (bound > 0 || (isLikely && at - known.deniedAt >= DENIED_MS)) known.boundAt = at;
      this.known.set(key, known);
    }
    this.asked.clear();
    for (const [key, { boundAt, askedAt }] of this.known) {
      if (at - Math.max(boundAt, askedAt) >= KEPT_MS) this.known.delete(key);
    }
    const used = (key: number) => this.tallies.get(key)?.used ?? 0;
    return [...this.known]
      .filter(([, { boundAt }]) => at - boundAt < KEPT_MS)
      .map(([key, { text }]) => ({ key, text }))
      .sort((a, b) => used(b.key) - used(a.key) || a.key - b.key)
      .slice(0, MOST_POOLS);
  }

  private tally(key: number, text: () => string): Tally | null {
    const known = this.tallies.get(key);
    if (known !== undefined) return known;
    if (this.tallies.size >= MOST_LOCALS) return null;
    const tally = newTally(text());
    this.tallies.set(key, tally);
    return tally;
  }
}

const NEVER = {
  boundAt: Number.NEGATIVE_INFINITY,
  askedAt: Number.NEGATIVE_INFINITY,
  deniedAt: Number.NEGATIVE_INFINITY,
};

function newTally(text: string): Tally {
  return { text, bound: 0, isLikely: false, used: 0, destination: -1, second: 0 };
}

/** Spread over all of them: what was taken lately lies among what was taken before. */
function sampled(table: SocketTable, counter: FlowCounter, { destination, second }: Tally): number[] {
  counter.measure(table, destination);
  const step = Math.max(1, Math.floor(second / SAMPLES));
  const ports: number[] = [];
  let index = 0;
  counter.eachPort((port, kind, isFirst) => {
    if (kind !== MAYBE_BLOCKED || isFirst) return;
    if (index++ % step === 0 && ports.length < SAMPLES) ports.push(port);
  });
  return ports;
}
