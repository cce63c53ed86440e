import type { AskedDestination } from '../correlate/asked.ts';
import { type Asking, assess, Correlator, NamespaceMemory } from '../correlate/assess.ts';
import { errorsOf } from '../correlate/churn.ts';
import type { ProbeLedger } from '../correlate/probes/probe-ledger.ts';
import type { AskScope } from '../correlate/questions.ts';
import { isRelied, kernelGap } from '../correlate/tested-kernels.ts';
import { type Assessment, type HostInventory, type NamespaceReport, worstVerdict } from '../model/assessment.ts';
import type { Gap } from '../model/gap.ts';
import type { Host } from '../model/host.ts';
import type { LiveSample } from '../model/live-sample.ts';
import type { NatQuota } from '../model/nat-quota.ts';
import type { Netns } from '../model/netns.ts';
import type { ProbeIdentity } from '../model/probe.ts';
import type { CollectorRun, Pulse } from '../model/readings.ts';
import { AskBudget } from './ask-budget.ts';
import { choose, notFound, refusedGap } from './choice.ts';
import { type BoundSockets, CloseLook, type Sources } from './close-look.ts';
import { foldGaps } from './gaps.ts';
import { OwnersBudget } from './owners-budget.ts';
import { type LastLook, Pace, type Watched } from './pace.ts';
import { PoolWatch } from './pool-watch.ts';
import { type NetnsChoice, type Reach, Refused } from './reach.ts';

/** What one look needs beside the host. */
export interface LookRequest {
  /** Milliseconds since the epoch: the one `now` of this tick. */
  readonly now: number;
  readonly asked: readonly AskedDestination[];
  readonly inventory: HostInventory | null;
  /** Gaps found outside the tick: at start, or while resolving what was asked for. */
  readonly gaps: readonly Gap[];
}

export interface HostLookOptions {
  readonly netns: NetnsChoice;
  /** Which ports the kernel is asked about. */
  readonly ask: AskScope | 'off';
  /** What NATs lend this host. */
  readonly nat: readonly NatQuota[];
  /** What probes say; null: nobody listens to them. */
  readonly probes: ProbeLedger | null;
}

/** Looks at one namespace from one list of its bound sockets to the next, which costs as much again as the look. */
const BOUND_EVERY_LOOKS = 60;
/** Looks at one chosen namespace from one search for all of them to the next. */
const FIND_EVERY_LOOKS = 10;
/** A host's name may change, but not often. */
const FACTS_FOR_MS = 60_000;
/** A rise of the unexplained sockets by this share of the usable ports is worth a list before its time. */
const BOUND_RISE_RATIO = 0.001;
/** A namespace that could not be entered is tried again so often. */
const REFUSED_FOR_MS = 30_000;
/** Of a core, for reading the pulse of every namespace between ticks. */
const ROUND_SHARE = 0.02;
/**
 * Packets received and sockets made, on the whole host, from one beat to the next: fewer cannot have opened or closed so
 * many connections that a tick would be late.
 */
const STIR_LEAST = 200;
/** After a rise was seen the next ones are looked for sooner, for so long, where a look costs no more than that. */
const EAGER_MS = 1000;
const EAGER_COST_MS = 10;

/** One namespace from look to look. */
class WatchedNetns implements Watched {
  netns: Netns;
  pulse: Pulse | null = null;
  unlisted = Number.POSITIVE_INFINITY;
  last: LastLook | null = null;
  isAskedAnew = false;
  asked: readonly AskedDestination[] | null = null;
  report: NamespaceReport | null = null;
  gaps: readonly Gap[] = [];
  refused: { readonly at: number; readonly error: Refused } | null = null;
  readonly memory = new NamespaceMemory();
  /** What was bound and no more when that was listed last, and the host's unexplained sockets then. */
  bound: { readonly sockets: BoundSockets; readonly unexplained: number | null; looks: number } | null = null;

  constructor(netns: Netns) {
    this.netns = netns;
  }
}

/**
 * Looks at the network namespaces of the host, each as closely as it needs (pace.ts). Keeps what must be remembered
 * between looks, of each namespace for as long as it exists. `monotonic` only times and paces.
 */
export class HostLook {
  private readonly watched = new Map<number | null, WatchedNetns>();
  private readonly pace = new Pace();
  private readonly closeLook: CloseLook;
  private readonly askBudget: AskBudget;
  private readonly runs = new Map<string, CollectorRun>();
  private found: (ReturnType<Reach['find']> & { looks: number }) | null = null;
  private known: { readonly at: number; readonly facts: { readonly name: string; readonly kernel: string } } | null =
    null;
  /** The tick before, and what was asked for then. */
  private before: { readonly assessment: Assessment; readonly request: LookRequest; readonly state: string } | null =
    null;
  private foundGaps: readonly Gap[] = [];
  /** The kernel stays the same. */
  private readonly kernelGaps: readonly Gap[];
  /** Sockets of the host that no namespace's pulse holds; null: unknown. */
  private unexplained: number | null = null;
  /** Why the own pulse could not be felt. */
  private pulseError = '';
  private stirred = { packets: 0, allocated: 0 };
  private round = { at: 0, costMs: 0 };
  private eagerUntil = Number.NEGATIVE_INFINITY;
  private readonly programs = new WeakMap<ProbeIdentity, number>();
  private readonly ownersBudget: OwnersBudget;
  private readonly pools: PoolWatch;
  private readonly host: Host;
  private readonly reach: Reach;
  private readonly options: HostLookOptions;
  private readonly monotonic: () => number;

  constructor(host: Host, sources: Sources, reach: Reach, options: HostLookOptions, monotonic: () => number) {
    this.host = host;
    this.reach = reach;
    this.options = options;
    this.monotonic = monotonic;
    const kernel = this.fact('sys/kernel/osrelease');
    const gap = kernelGap(kernel);
    this.kernelGaps = gap === null ? [] : [gap];
    this.closeLook = new CloseLook(host, sources, new Correlator(isRelied(kernel)), monotonic);
    this.askBudget = new AskBudget(monotonic);
    this.ownersBudget = new OwnersBudget(reach, monotonic);
    this.pools = new PoolWatch(options.nat);
  }

  /** From now on; what is known of the sockets stays. */
  set nat(quotas: readonly NatQuota[]) {
    this.pools.nat = quotas;
    this.before = null;
  }

  /** A single look, at every namespace closely. */
  once(request: LookRequest): Assessment {
    const start = this.monotonic();
    this.askBudget.once();
    this.ownersBudget.once();
    this.discover();
    this.runs.clear();
    for (const one of this.enterable(start)) this.lookAt(one, request);
    return this.assess(request, start);
  }

  /** What is due by the pace. */
  tick(request: LookRequest): Assessment {
    const start = this.monotonic();
    this.reach.trace?.drain();
    this.askBudget.topUp();
    this.ownersBudget.topUp();
    this.discover();
    this.options.probes?.prune(start);
    for (const one of this.watched.values()) {
      one.isAskedAnew = one.asked !== request.asked || this.options.probes?.hasNews(one.netns.inode) === true;
    }
    const due = this.pace.due(this.enterable(start), start);
    if (due.length > 0) this.runs.clear();
    for (const one of due) this.lookAt(one, request);
    let recounted = false;
    for (const one of this.watched.values()) {
      if (!one.netns.isOwn || due.includes(one) || !Pace.hasChanged(one)) continue;
      this.recount(one);
      recounted = true;
    }
    const same = due.length === 0 && !recounted ? this.sameAsBefore(request, start) : null;
    if (same !== null) return same;
    const assessment = this.assess(request, start);
    this.before = { assessment, request, state: this.state() };
    return assessment;
  }

  /** On a quiet host: what the tick before found, of this one's time; the same objects, so that none need be copied. */
  private sameAsBefore(request: LookRequest, start: number): Assessment | null {
    const { before } = this;
    const { asked, gaps, inventory, now } = request;
    if (before === null || before.request.gaps !== gaps || before.request.inventory !== inventory) return null;
    if (before.request.asked !== asked || before.state !== this.state()) return null;
    for (const { memory } of this.watched.values()) if (this.pools.isMoving(memory, start)) return null;
    return { ...before.assessment, takenAt: new Date(now).toISOString(), tookMs: this.monotonic() - start };
  }

  /** All that shows of a tick in which nothing was looked at closely. */
  private state(): string {
    const parts = [...this.watched.values()].map(
      ({ netns, pulse, refused }) => `${netns.inode} ${netns.label} ${pulse?.inUse} ${pulse?.timeWait} ${refused?.at}`,
    );
    const { trace } = this.reach;
    const gaps = [...this.foundGaps, ...(trace?.gaps() ?? [])];
    const { count = 0, dropped = 0 } = this.options.probes ?? {};
    parts.push(`${count} ${dropped}`);
    return [...parts, ...gaps.map(({ what, why }) => `${what}: ${why}`), trace?.health?.lostEvents].join('\n');
  }

  /** Whether the next beat should come sooner than usual. */
  get isEager(): boolean {
    return this.monotonic() < this.eagerUntil;
  }

  /**
   * Between ticks: looks at what has risen so much that the tick would be late for it. Costs two small files while
   * nothing stirs on the host; null if there was nothing to look at.
   */
  beat(request: LookRequest): Assessment | null {
    const start = this.monotonic();
    this.reach.trace?.drain();
    const isEager = start < this.eagerUntil;
    if (!this.stirs(start, isEager)) return null;
    for (const one of this.watched.values()) this.feel(one);
    this.round = { at: start, costMs: this.monotonic() - start };
    const rising = this.enterable(start).filter((one) => Pace.isRising(one, isEager));
    if (rising.length === 0) return null;
    if (rising.every(({ last }) => (last?.costMs ?? 0) <= EAGER_COST_MS)) this.eagerUntil = start + EAGER_MS;
    this.askBudget.topUp();
    this.ownersBudget.topUp();
    this.runs.clear();
    for (const one of rising) this.lookAt(one, request);
    this.before = null;
    return this.assess(request, start);
  }

  /**
   * When a look has been published: looks on for the owners that it had no time to find, for so many ms at most. Those
   * whose sockets have gone until the next look are remembered by then.
   */
  finish(patienceMs: number): void {
    const start = this.monotonic();
    for (const { last, netns, memory } of this.watched.values()) {
      if (last?.isUnfinished !== true) continue;
      const found = this.ownersBudget.goOn(netns.inode, patienceMs - (this.monotonic() - start));
      if (found.size > 0) memory.churn.remember(found);
    }
  }

  /** Whether the thread must not go on after this error of a look. */
  isFatal(error: unknown): boolean {
    return this.reach.isFatal(error);
  }

  /** Call when it is not needed any more. */
  close(): void {
    this.reach.close();
  }

  /** Finds the namespaces that there are now, forgets those that have gone, and feels everyone's pulse. */
  private discover(): void {
    const { namespaces, gaps } = this.find();
    const chosen = choose(namespaces, this.options.netns, this.reach.inodeOf);
    // Without the choice of all, what else there may be is nobody's loss.
    this.foundGaps = this.options.netns === 'all' ? gaps : [];
    if (chosen.length === 0) this.foundGaps = [...this.foundGaps, notFound(this.options.netns)];
    const inodes = new Set(chosen.map(({ inode }) => inode));
    const gone = [...this.watched.keys()].filter((inode) => !inodes.has(inode));
    for (const inode of gone) this.watched.delete(inode);
    if (gone.length > 0) this.reach.trace?.connections?.keepOnly((inode) => inodes.has(inode));
    for (const netns of chosen) {
      const known = this.watched.get(netns.inode);
      if (known === undefined) this.watched.set(netns.inode, new WatchedNetns(netns));
      else known.netns = netns;
    }
    let explained = 0;
    let allocated: number | null = null;
    for (const netns of namespaces) {
      const one = this.watched.get(netns.inode);
      const pulse = one === undefined ? this.pulseOf(netns) : this.feel(one);
      explained += pulse?.inUse ?? 0;
      if (netns.isOwn) allocated = pulse?.allocated ?? null;
    }
    this.unexplained = allocated === null ? null : Math.max(0, allocated - explained);
    for (const one of this.watched.values()) {
      const grown = this.unlistedOf(one);
      one.unlisted = grown === null ? Number.POSITIVE_INFINITY : grown + (one.bound?.sockets.ports.length ?? 0);
    }
  }

  /** Who looks at one namespace alone needs the others only to tell whose the host's sockets are: seldom is enough. */
  private find(): ReturnType<Reach['find']> {
    if (this.found === null || this.options.netns === 'all' || this.found.looks >= FIND_EVERY_LOOKS) {
      this.found = { ...this.reach.find(), looks: 0 };
    }
    this.found.looks++;
    return this.found;
  }

  private enterable(now: number): WatchedNetns[] {
    return [...this.watched.values()].filter(({ refused }) => refused === null || now - refused.at >= REFUSED_FOR_MS);
  }

  private feel(one: WatchedNetns): Pulse | null {
    one.pulse = this.pulseOf(one.netns);
    return one.pulse;
  }

  private pulseOf(netns: Netns): Pulse | null {
    try {
      if (netns.isOwn) return this.reach.pulse('net');
      if (netns.pid !== null) return this.reach.pulse(`${netns.pid}/net`);
      return this.reach.inside(netns, () => this.reach.pulse('net'));
    } catch (error) {
      if (this.reach.isFatal(error)) throw error;
      if (netns.isOwn) this.pulseError = (error as Error).message;
      return null; // gone, or refused: then the close look says why
    }
  }

  /** Whether so much has happened on the host since the last beat that a namespace may have risen. */
  private stirs(now: number, isEager: boolean): boolean {
    if (now - this.round.at < this.round.costMs / ROUND_SHARE) return false;
    const { packets, allocated } = this.reach.stir();
    const stir = packets - this.stirred.packets + Math.abs(allocated - this.stirred.allocated);
    this.stirred = { packets, allocated };
    return stir >= (isEager ? STIR_LEAST / 3 : STIR_LEAST);
  }

  private lookAt(one: WatchedNetns, request: LookRequest): void {
    const { netns, memory } = one;
    const start = this.monotonic();
    const startCpu = this.reach.cpu();
    const pulse = one.pulse;
    const asking = this.asking();
    this.pools.prepare(memory);
    const bound = this.boundOf(one);
    let isUnfinished = false;
    const look = () =>
      this.closeLook.take({
        netns: { inode: netns.inode, label: netns.label },
        memory,
        asked: this.askedIn(netns, request.asked),
        reportUnused: netns.isOwn || this.options.netns !== 'all',
        now: request.now,
        unlistedSockets: this.unlistedOf(one),
        unlistedWhy: this.pulseError,
        bound,
        asking: asking.asking,
        owners: this.reach.owners,
        tracing: this.reach.trace,
        probes: this.options.probes?.of(netns.inode, start, this.programOf) ?? null,
        live: this.live,
        seekOwners: (inodes) => {
          isUnfinished = !this.ownersBudget.seek(inodes, netns.inode);
        },
      });
    try {
      const looked = netns.isOwn ? look() : this.reach.inside(netns, look);
      one.report = { ...looked.report, lookedAt: new Date(request.now).toISOString() };
      one.gaps = [...looked.gaps, ...asking.gaps()];
      for (const run of looked.runs) this.note(run);
      if (looked.bound !== null) one.bound = { sockets: looked.bound, unexplained: this.unexplained, looks: 0 };
      else if (one.bound !== null) one.bound.looks++;
      one.refused = null;
      one.asked = request.asked;
      this.options.probes?.clearNews(netns.inode);
      // A host where many want the processor is no reason to look more seldom.
      const costMs = Math.min(this.monotonic() - start - asking.tookMs(), this.reach.cpu() - startCpu);
      const { usablePorts } = looked.report;
      const verdict = worstVerdict([looked.report.verdict, this.pools.isUneasy(memory) ? 'watch' : 'healthy']);
      one.last = { at: start, costMs, pulse, usablePorts, verdict, left: leastLeft(looked.report), isUnfinished };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.isGone) this.watched.delete(netns.inode);
      else one.refused = { at: start, error };
      one.report = null;
    }
  }

  private askedIn(netns: Netns, asked: readonly AskedDestination[]): readonly AskedDestination[] {
    // Resolved for the namespace this program is in; another one has routes of its own.
    if (netns.isOwn || this.options.netns === 'all') return asked;
    return asked.map((one) => ({ ...one, local: this.reach.route(one.remote, one.remotePort) }));
  }

  private asking(): { asking: Asking | null; gaps: () => readonly Gap[]; tookMs: () => number } {
    const { ask: scope } = this.options;
    if (scope === 'off' || !this.askBudget.isWorthwhile) return { asking: null, gaps: () => [], tookMs: () => 0 };
    const gaps: Gap[] = [];
    let tookMs = 0;
    const asking: Asking = {
      scope,
      ask: (ports, note) => {
        const outcome = this.askBudget.spend((isLate) => this.reach.ask(ports, note, isLate));
        tookMs = outcome.tookMs;
        if (outcome.gap !== null) gaps.push(outcome.gap);
      },
    };
    return { asking, gaps: () => gaps, tookMs: () => tookMs };
  }

  /** A program with a probe has come: it may have gone by the next look. */
  meet(probe: ProbeIdentity): void {
    this.programOf(probe);
  }

  /** A program that has gone is still known by the number it had. */
  private readonly programOf = (probe: ProbeIdentity): number => {
    const known = this.programs.get(probe);
    if (known !== undefined) return known;
    const program = probe.pid === null ? 0 : this.reach.programOf(probe.pid);
    this.programs.set(probe, program);
    return program;
  };

  /** What is not to be had is missing as evidence only. */
  private readonly live = (remote: string, remotePort: number): LiveSample | null => {
    try {
      return this.host.isLive ? this.reach.live(remote, remotePort) : null;
    } catch {
      return null;
    }
  };

  /** The bound sockets as they were listed last, or null if it is time to list them. */
  private boundOf(one: WatchedNetns): BoundSockets | null {
    const { bound, last } = one;
    if (bound === null || bound.looks >= BOUND_EVERY_LOOKS) return null;
    const grown = this.unlistedOf(one);
    const least = Math.max(1, (last?.usablePorts ?? 0) * BOUND_RISE_RATIO);
    return grown === null || grown >= least ? null : bound.sockets;
  }

  /** How many sockets may be bound in this namespace without having been listed. */
  private unlistedOf({ bound }: WatchedNetns): number | null {
    if (this.unexplained === null) return null;
    if (bound === null) return this.unexplained;
    return bound.unexplained === null ? null : Math.max(0, this.unexplained - bound.unexplained);
  }

  /** The kernel's counters, of a namespace that is not looked at closely in this tick. */
  private recount(one: WatchedNetns): void {
    if (one.report === null) return;
    const { counters, run } = this.closeLook.recount(one.netns);
    this.runs.delete(run.collector);
    this.note(run);
    one.report = { ...one.report, counters };
  }

  /** One collector's runs in all namespaces of this tick are one to the outside. */
  private note({ collector, durationMs, ok }: CollectorRun): void {
    const known = this.runs.get(collector);
    this.runs.set(collector, {
      collector,
      durationMs: durationMs + (known?.durationMs ?? 0),
      ok: ok && (known?.ok ?? true),
    });
  }

  private assess(request: LookRequest, start: number): Assessment {
    const all = [...this.watched.values()];
    const namespaces = all.flatMap(({ report, pulse, netns }) =>
      report === null
        ? []
        : [{ ...report, label: netns.label, sockets: pulse === null ? null : pulse.inUse + pulse.timeWait }],
    );
    const refused = all.flatMap(({ refused, netns }) => (refused === null ? [] : [{ netns, error: refused.error }]));
    const gaps = [
      ...foldGaps(all.map(({ netns, gaps }) => ({ label: netns.label, isOwn: netns.isOwn, gaps }))),
      ...(refused.length === 0 ? [] : [refusedGap(refused)]),
      ...this.foundGaps,
      ...this.kernelGaps,
      ...(this.reach.trace?.gaps() ?? []),
      ...request.gaps,
    ];
    const host = {
      ...this.facts(start),
      inventory: request.inventory,
    };
    const collectors = [...this.runs.values()];
    const trace = this.traceReport();
    const { probes: ledger } = this.options;
    const probes = ledger === null ? null : { connected: ledger.count, dropped: ledger.dropped };
    const pools = this.pools.report(all, this.monotonic());
    const tookMs = this.monotonic() - start;
    return assess({ host, namespaces, pools, gaps, collectors, tookMs, trace, probes }, request.now);
  }

  private traceReport(): Assessment['trace'] {
    const { trace, owners } = this.reach;
    const health = trace?.health ?? null;
    if (health === null || owners === null) return null;
    return { ...health, connectErrors: errorsOf(trace?.connections?.strayRefusals ?? [], owners) };
  }

  private facts(now: number): { readonly name: string; readonly kernel: string } {
    if (this.known === null || now - this.known.at >= FACTS_FOR_MS) {
      const facts = { name: this.fact('sys/kernel/hostname'), kernel: this.fact('sys/kernel/osrelease') };
      this.known = { at: now, facts };
    }
    return this.known.facts;
  }

  private fact(path: string): string {
    try {
      return this.host.readText(path).trim();
    } catch {
      return 'unknown';
    }
  }
}

function leastLeft({ usablePorts, blockedPorts, destinations, bindPools }: NamespaceReport): number {
  if (usablePorts === null || blockedPorts === null || usablePorts === 0) return 0;
  const left = [...destinations, ...bindPools].map(({ headroomPorts }) => headroomPorts);
  return Math.min(usablePorts - blockedPorts, ...left) / usablePorts;
}
