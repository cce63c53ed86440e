import {
  type CallSite,
  type CloseReason,
  NO_COUNTS,
  NO_GAUGES,
  type ProbeClient,
  type ProbeCounts,
  type ProbeGauges,
  type ProbeIdentity,
  type ProbeMarks,
  type ProbeSums,
  type ProbeView,
} from '../../model/probe.ts';
import type { AskedDestination } from '../asked.ts';
import { PortNotes } from './port-notes.ts';
import { difference, most, ProbeWindow, sumOf, WINDOW_MS } from './probe-window.ts';

/** Paths of all probes together; what is beyond is dropped and counted. */
const MOST_PATHS = 5000;
/** Destinations whose ports are noted one by one, half a megabyte each: those with the latest news. */
const MOST_NOTED = 32;
/** What a program has done is told for as long after its end as its TIME_WAIT last. */
const KEPT_MS = 70_000;
/** Counters of a destination outlive its programs' restart by so much. */
const FORGOTTEN_MS = 15 * 60_000;
const MOST_SITES = 16;
/** A probe tells of a new connection within a second or so, and a look comes every second. */
const TOLD_WITHIN_MS = 2500;
/** Destinations shown that no socket uses. */
const MOST_LATELY = 50;

/** A probe that is there, or was until lately. */
interface Known {
  readonly identity: ProbeIdentity;
  readonly windows: Map<number, ProbeWindow>;
  /** When it came. */
  readonly at: number;
  hasReported: boolean;
  /** What it says it could not tell. */
  dropped: number;
  endedAt: number | null;
}

interface Totals {
  readonly requests: number;
  readonly closes: { readonly [reason in CloseReason]?: number };
}

/** What probes say of one destination. */
class Destination {
  readonly windows = new Set<ProbeWindow>();
  totals: Totals = { requests: 0, closes: {} };
  notes: PortNotes | null = null;
  /** Since when the kernel has had connections of which no probe told; null: it has none. */
  lacksSince: number | null = null;
  seenAt: number;

  constructor(at: number) {
    this.seenAt = at;
  }
}

/** The probes' news of one network namespace, as a look finds them. */
export interface NetnsProbes {
  /** null: no probe speaks of it. */
  readonly view: (local: string, remote: string, remotePort: number) => Omit<ProbeView, 'timeWait' | 'isAll'> | null;
  /** null: nothing is known of its ports. */
  readonly notes: (local: string, remote: string, remotePort: number) => PortNotes | null;
  /**
   * Whether probes tell of all connections. `lacks`: the kernel has more than they have told of just now, who may be about
   * to. Call once a look.
   */
  readonly isAll: (local: string, remote: string, remotePort: number, lacks: boolean) => boolean;
  /** Where programs with a probe have opened connections, or tried to, in the last minute. */
  readonly lately: () => readonly AskedDestination[];
  /** Whose a port is that PortNotes tells of; 0: not known. */
  readonly programOf: (probe: number) => number;
}

/** All that probes have said lately. Times are in ms on a clock that no one sets. */
export class ProbeLedger {
  private readonly probes = new Map<number, Known>();
  private readonly netns = new Map<number | null, Map<string, Destination>>();
  private readonly news = new Set<number | null>();
  private last = 0;
  private paths = 0;
  /** Of probes that have gone, and what there was no room for here. */
  private droppedBefore = 0;
  /** Probes that are there. */
  count = 0;

  /** Its number from now on. */
  begin(identity: ProbeIdentity, at: number): number {
    const number = ++this.last;
    const known = this.endedTwin(identity);
    this.count++;
    if (known !== null) {
      this.probes.delete(known.number);
      this.probes.set(number, { ...known.probe, endedAt: null });
    } else {
      this.probes.set(number, { identity, windows: new Map(), at, hasReported: false, dropped: 0, endedAt: null });
    }
    return number;
  }

  /** The same program, whose connection to us was lost. */
  private endedTwin({ pid, name, netns }: ProbeIdentity): { number: number; probe: Known } | null {
    for (const [number, probe] of this.probes) {
      const { identity, endedAt } = probe;
      if (endedAt === null || identity.name !== name || identity.pid !== pid || identity.netns !== netns) continue;
      return { number, probe };
    }
    return null;
  }

  report(number: number, all: readonly ProbeSums[], dropped: number, at: number): void {
    const probe = this.probes.get(number);
    if (probe === undefined) return;
    const { identity, windows } = probe;
    // What is new in a later report, or to a program that has just begun, was counted since the one before.
    const isNew = probe.hasReported || identity.uptimeSeconds * 1000 <= WINDOW_MS;
    for (const sums of all) {
      const known = windows.get(sums.id);
      const destination = this.destination(identity.netns, sums, at);
      const before = known?.sums.counts ?? (isNew ? NO_COUNTS : sums.counts);
      const { requests, closes, opens } = difference(sums.counts, before);
      const { totals } = destination;
      destination.totals = { requests: totals.requests + requests, closes: sumOf(totals.closes, closes) };
      destination.seenAt = at;
      if (opens > 0 || Object.keys(closes).length > 0 || gaugesDiffer(known?.gauges, sums.gauges)) {
        this.news.add(identity.netns);
      }
      if (known !== undefined) known.note(sums, at);
      else if (this.paths >= MOST_PATHS) this.droppedBefore++;
      else {
        const window = new ProbeWindow(identity, sums, at, isNew);
        windows.set(sums.id, window);
        destination.windows.add(window);
        this.paths++;
      }
    }
    probe.dropped = Math.max(probe.dropped, dropped);
    probe.hasReported = true;
  }

  /** A connection of a path that was reported; `reason` null: it opened. */
  event(number: number, path: number, port: number, reason: CloseReason | null, at: number): void {
    const probe = this.probes.get(number);
    const sums = probe?.windows.get(path)?.sums;
    if (probe === undefined || sums === undefined || sums.local === null) return;
    const destination = this.destination(probe.identity.netns, sums, at);
    if (destination.notes === null) {
      this.makeRoomForNotes();
      destination.notes = new PortNotes();
    }
    destination.notes.note(port, reason, number, at);
  }

  end(number: number, at: number): void {
    const probe = this.probes.get(number);
    if (probe === undefined || probe.endedAt !== null) return;
    probe.endedAt = at;
    this.count--;
    for (const window of probe.windows.values()) window.end();
    this.news.add(probe.identity.netns);
  }

  /** What probes could not tell, or was not taken from them, since the start. */
  get dropped(): number {
    let sum = this.droppedBefore;
    for (const { dropped } of this.probes.values()) sum += dropped;
    return sum;
  }

  /** Counts something that was refused before it came here. */
  drop(count: number): void {
    this.droppedBefore += count;
  }

  /** Whether something has happened there that a look would show. */
  hasNews(netns: number | null): boolean {
    return this.news.has(netns);
  }

  /** A look has shown it. */
  clearNews(netns: number | null): void {
    this.news.delete(netns);
  }

  /** null: no probe speaks of that namespace. `programOf`: a probe's number among SocketOwners. */
  of(netns: number | null, at: number, programOf: (probe: ProbeIdentity) => number): NetnsProbes | null {
    const destinations = this.netns.get(netns);
    if (destinations === undefined || destinations.size === 0) return null;
    return {
      view: (local, remote, remotePort) => {
        const found = [local, null].flatMap((one) => destinations.get(keyOf(one, remote, remotePort)) ?? []);
        return found.some(({ windows }) => windows.size > 0) ? viewOf(found, at) : null;
      },
      notes: (local, remote, remotePort) => destinations.get(keyOf(local, remote, remotePort))?.notes ?? null,
      isAll: (local, remote, remotePort, lacks) => {
        const destination =
          destinations.get(keyOf(local, remote, remotePort)) ?? destinations.get(keyOf(null, remote, remotePort));
        if (destination === undefined) return !lacks;
        destination.lacksSince = lacks ? (destination.lacksSince ?? at) : null;
        return destination.lacksSince === null || at - destination.lacksSince < TOLD_WITHIN_MS;
      },
      lately: () => [...destinations.values()].flatMap((one) => placeOf(one, at) ?? []).slice(0, MOST_LATELY),
      programOf: (number) => {
        const probe = this.probes.get(number);
        return probe === undefined ? 0 : programOf(probe.identity);
      },
    };
  }

  /** Forgets what is over. Call now and then. */
  prune(at: number): void {
    for (const [number, { endedAt, windows, dropped, identity }] of this.probes) {
      if (endedAt === null || at - endedAt < KEPT_MS) continue;
      this.probes.delete(number);
      this.droppedBefore += dropped;
      this.paths -= windows.size;
      const gone = new Set(windows.values());
      for (const destination of this.netns.get(identity.netns)?.values() ?? [])
        for (const window of destination.windows) if (gone.has(window)) destination.windows.delete(window);
      this.news.add(identity.netns);
    }
    for (const [netns, destinations] of this.netns) {
      for (const [key, { windows, seenAt }] of destinations)
        if (windows.size === 0 && at - seenAt > FORGOTTEN_MS) destinations.delete(key);
      if (destinations.size === 0) this.netns.delete(netns);
    }
  }

  private destination(netns: number | null, { local, remote, remotePort }: ProbeSums, at: number): Destination {
    let destinations = this.netns.get(netns);
    if (destinations === undefined) {
      destinations = new Map();
      this.netns.set(netns, destinations);
    }
    const key = keyOf(local, remote, remotePort);
    let destination = destinations.get(key);
    if (destination === undefined) {
      destination = new Destination(at);
      destinations.set(key, destination);
    }
    return destination;
  }

  private makeRoomForNotes(): void {
    const noted = [...this.netns.values()]
      .flatMap((destinations) => [...destinations.values()])
      .filter(({ notes }) => notes !== null)
      .sort((a, b) => (b.notes?.lastAt ?? 0) - (a.notes?.lastAt ?? 0));
    for (const destination of noted.slice(MOST_NOTED - 1)) destination.notes = null;
  }
}

/** null: nothing of late. */
function placeOf({ windows }: Destination, at: number): AskedDestination | null {
  for (const window of windows) {
    const { opens, connectErrors } = window.counts(at);
    if (opens === 0 && Object.keys(connectErrors).length === 0) continue;
    const { local, remote, remotePort, remoteName } = window.sums;
    return { local, remote, remotePort, remoteName };
  }
  return null;
}

const keyOf = (local: string | null, remote: string, port: number) => `${local ?? ''} ${remote} ${port}`;

function gaugesDiffer(a: ProbeGauges | undefined, b: ProbeGauges): boolean {
  return a === undefined || a.unread !== b.unread || a.unused !== b.unused;
}

/** All programs' together. */
function viewOf(found: readonly Destination[], at: number): Omit<ProbeView, 'timeWait' | 'isAll'> {
  let counts: ProbeCounts = NO_COUNTS;
  let gauges: ProbeGauges = NO_GAUGES;
  let marks: ProbeMarks = { open: 0, concurrent: 0, queued: 0 };
  let seconds = 0;
  let requestsPerSecond = 0;
  let hint: number | null = null;
  let isTls = false;
  const clients = new Set<ProbeClient>();
  const programs = new Map<string, { pid: number | null; node: string; requests: number }>();
  const names = new Map<string, number>();
  const sites = new Map<string, CallSite>();
  for (const window of found.flatMap(({ windows }) => [...windows])) {
    const { probe, sums } = window;
    const one = window.counts(at);
    counts = {
      opens: counts.opens + one.opens,
      requests: counts.requests + one.requests,
      opensBesideIdle: counts.opensBesideIdle + one.opensBesideIdle,
      closes: sumOf(counts.closes, one.closes),
      connectErrors: sumOf(counts.connectErrors, one.connectErrors),
    };
    gauges = addGauges(gauges, window.gauges);
    const { open, concurrent, queued } = window.marks(at);
    // Of several programs, each one's: that they had them at once is not known, but they had better be ready for it.
    marks = { open: marks.open + open, concurrent: marks.concurrent + concurrent, queued: marks.queued + queued };
    seconds = Math.max(seconds, window.seconds(at));
    requestsPerSecond += window.requestsPerSecond(at);
    if (sums.keepAliveHintSeconds !== null)
      hint = Math.min(hint ?? Number.POSITIVE_INFINITY, sums.keepAliveHintSeconds);
    isTls ||= sums.isTls;
    clients.add(sums.client);
    const who = `${probe.pid} ${probe.name}`;
    const program = programs.get(who) ?? { pid: probe.pid, node: probe.node, requests: 0 };
    programs.set(who, { ...program, requests: program.requests + one.requests });
    if (sums.remoteName !== null) names.set(sums.remoteName, (names.get(sums.remoteName) ?? 0) + one.requests);
    for (const site of window.callSites(at)) {
      const key = `${site.reason} ${site.site}`;
      sites.set(key, { ...site, count: site.count + (sites.get(key)?.count ?? 0) });
    }
  }
  const [name = null] = [...names].sort((a, b) => b[1] - a[1])[0] ?? [];
  return {
    programs: [...programs.values()].sort((a, b) => b.requests - a.requests).slice(0, MOST_SITES),
    remoteName: name,
    clients: [...clients].sort(),
    isTls,
    seconds,
    counts,
    gauges,
    marks: marksOfMany(marks, gauges),
    keepAliveHintSeconds: hint,
    callSites: [...sites.values()].sort((a, b) => b.count - a.count).slice(0, MOST_SITES),
    requestsPerSecond,
    totals: found.reduce(
      (sum, { totals }) => ({ requests: sum.requests + totals.requests, closes: sumOf(sum.closes, totals.closes) }),
      { requests: 0, closes: {} } as Totals,
    ),
  };
}

/** No less than there is now. */
function marksOfMany(marks: ProbeMarks, { open }: ProbeGauges): ProbeMarks {
  return most(marks, { open, concurrent: 0, queued: 0 });
}

function addGauges(a: ProbeGauges, b: ProbeGauges): ProbeGauges {
  return {
    open: a.open + b.open,
    idle: a.idle + b.idle,
    unread: a.unread + b.unread,
    unused: a.unused + b.unused,
    clients: a.clients + b.clients,
  };
}
