import type { DestinationReport, NamespaceReport } from '../../model/assessment.ts';
import type { CauseReport } from '../../model/cause.ts';
import type { LiveSample } from '../../model/live-sample.ts';
import type { ProbeView } from '../../model/probe.ts';
import type { Counters } from '../../model/readings.ts';
import { Windows } from '../leak.ts';
import { remediesOf } from '../remedy/remedies.ts';
import { causesOf } from './causes.ts';
import type { CauseFacts } from './facts.ts';

/** Below this share of the usable ports, and healthy, a destination costs nobody anything. */
const MATTERS_RATIO = 0.05;
/** A walk through the kernel's table: not at every look, and not for many. */
const LIVE_EVERY_MS = 5000;
/** But at first: what an alert says at the onset should be right, and young connections have not carried much yet. */
const ONSET_MS = 10_000;
const LIVE_AT_ONSET_MS = 900;
const LIVE_MOST = 3;
/** Growth shows over six windows (leak.ts). */
const GROWTH_WINDOW_MS = 5000;
const GROWTH_MOST = 200;
const FORGOTTEN_MS = 60_000;

/** What of a namespace its diagnosis needs. */
export interface Scene {
  /** In ms on a clock that no one sets. */
  readonly at: number;
  readonly namespace: Omit<NamespaceReport, 'destinations'>;
  readonly listenersInRange: number;
  /** Asks the kernel about the live connections; null: it cannot be asked. */
  readonly live: ((remote: string, remotePort: number) => LiveSample | null) | null;
}

interface Known {
  seenAt: number;
  /** Since when it matters; null: it does not. */
  since: number | null;
  growth: Windows | null;
  live: { readonly at: number; readonly sample: LiveSample | null } | null;
  /** The last causes that said why. */
  said: { readonly at: number; readonly causes: readonly CauseReport[] } | null;
}

/** Finds out why the ports of a namespace's destinations go, from look to look. */
export class Diagnosis {
  private readonly known = new Map<string, Known>();
  private before: { readonly at: number; readonly counters: Counters } | null = null;
  private abortsPerSecond: number | null = null;
  private asked = 0;

  /** Call once before the destinations of a look. */
  begin({ at, namespace: { counters } }: Scene): void {
    const { before } = this;
    this.asked = 0;
    if (before !== null && at > before.at) {
      const aborts = (counters.abortsOnClose ?? Number.NaN) - (before.counters.abortsOnClose ?? Number.NaN);
      this.abortsPerSecond = Number.isNaN(aborts) ? null : Math.max(0, aborts) / ((at - before.at) / 1000);
    }
    this.before = { at, counters };
    for (const [key, { seenAt }] of this.known) if (at - seenAt > FORGOTTEN_MS) this.known.delete(key);
  }

  /** The worst destination first. */
  causes(
    report: Omit<DestinationReport, 'causes'>,
    probe: ProbeView | null,
    boundPorts: number,
    scene: Scene,
  ): readonly CauseReport[] {
    const { usedPorts, usablePorts, verdict } = report;
    const matters = verdict !== 'healthy' || usedPorts >= usablePorts * MATTERS_RATIO;
    const known = this.watch(report, scene.at, matters);
    if (!matters && probe === null && known === null) return NO_CAUSES;
    const facts: CauseFacts = {
      report,
      namespace: scene.namespace,
      boundPorts,
      listenersInRange: scene.listenersInRange,
      probe,
      live: matters && probe?.isAll !== true ? this.live(report, known, scene) : null,
      abortsPerSecond: this.abortsPerSecond,
      growth: known?.growth?.perSecond(GROWTH_WINDOW_MS) ?? NO_GROWTH,
    };
    return lasting(
      known,
      scene.at,
      causesOf(facts).map((finding) => ({
        ...finding,
        remedies: remediesOf(finding.cause, report).map(({ line }) => line),
      })),
    );
  }

  /** null: it is not worth watching. */
  private watch(report: Omit<DestinationReport, 'causes'>, at: number, matters: boolean): Known | null {
    const key = `${report.local} ${report.remote} ${report.remotePort} ${report.device}`;
    const live = report.usedPorts - (report.states.time_wait ?? 0);
    let known = this.known.get(key);
    if (known === undefined) {
      if ((!matters && live < GROWTH_FROM) || this.known.size >= GROWTH_MOST) return null;
      known = { seenAt: at, since: null, growth: null, live: null, said: null };
      this.known.set(key, known);
    }
    known.seenAt = at;
    known.since = matters ? (known.since ?? at) : null;
    const closeWait = report.states.close_wait ?? 0;
    known.growth ??= new Windows(at, live, closeWait);
    known.growth.note(at, GROWTH_WINDOW_MS, live, closeWait);
    return known;
  }

  private live(
    { remote, remotePort, states }: Omit<DestinationReport, 'causes'>,
    known: Known | null,
    { at, live }: Scene,
  ): LiveSample | null {
    if (live === null || known === null || (states.established ?? 0) === 0) return null;
    const every = at - (known.since ?? at) < ONSET_MS ? LIVE_AT_ONSET_MS : LIVE_EVERY_MS;
    if (known.live !== null && at - known.live.at < every) return known.live.sample;
    if (this.asked >= LIVE_MOST) return known.live?.sample ?? null;
    this.asked++;
    known.live = { at, sample: live(remote, remotePort) };
    return known.live.sample;
  }
}

/** Where connect() fails, connections no longer come and go as they did: then what was known before still holds. */
function lasting(known: Known | null, at: number, causes: readonly CauseReport[]): readonly CauseReport[] {
  if (known === null || causes.length === 0) return causes;
  if (causes[0]?.cause !== 'unknown') {
    known.said = { at, causes };
    return causes;
  }
  return known.said !== null && at - known.said.at < LASTING_MS ? known.said.causes : causes;
}

const LASTING_MS = 120_000;
const NO_CAUSES: readonly CauseReport[] = [];
const NO_GROWTH = { livePerSecond: null, closeWaitPerSecond: null };
/** Fewer live connections are no leak yet. */
const GROWTH_FROM = 20;
