// Situations, as causes see them.
import type { CauseFacts } from '../../../../agent/correlate/cause/facts.ts';
import type { DestinationReport } from '../../../../agent/model/assessment.ts';
import type { LiveSample } from '../../../../agent/model/live-sample.ts';
import { NO_COUNTS, NO_GAUGES, type ProbeCounts, type ProbeView } from '../../../../agent/model/probe.ts';
import { destination, namespace } from '../../../support/assessments.ts';

export interface Situation {
  readonly report?: Partial<DestinationReport>;
  readonly namespace?: Partial<CauseFacts['namespace']>;
  readonly boundPorts?: number;
  readonly listenersInRange?: number;
  readonly probe?: ProbeView | null;
  readonly live?: LiveSample | null;
  readonly abortsPerSecond?: number | null;
  readonly growth?: Partial<CauseFacts['growth']>;
}

/** A quiet destination, unless it says otherwise. */
export function facts(situation: Situation): CauseFacts {
  return {
    report: destination({
      usedPorts: 0,
      states: {},
      headroomPorts: 28_000,
      blockedPorts: 0,
      reusablePorts: 0,
      opensPerSecond: 0,
      closesPerSecond: { local: 0, remote: 0 },
      verdict: 'healthy',
      owners: [],
      forecast: { ...destination().forecast, peakUsedPorts: null },
      connectErrors: null,
      ...situation.report,
    }),
    namespace: { ...namespace(), bindPools: [], reservedPorts: 0, ...situation.namespace },
    boundPorts: situation.boundPorts ?? 0,
    listenersInRange: situation.listenersInRange ?? 0,
    probe: situation.probe ?? null,
    live: situation.live ?? null,
    abortsPerSecond: situation.abortsPerSecond ?? null,
    growth: { livePerSecond: null, closeWaitPerSecond: null, ...situation.growth },
  };
}

/** What a probe of the only program tells. */
export function told(counts: Partial<ProbeCounts>, more: Partial<ProbeView> = {}): ProbeView {
  return {
    programs: [{ pid: 1, node: '22.11.0', requests: counts.requests ?? 0 }],
    remoteName: null,
    clients: ['undici'],
    isTls: false,
    seconds: 10,
    counts: { ...NO_COUNTS, ...counts },
    gauges: NO_GAUGES,
    marks: { open: 2, concurrent: 2, queued: 1 },
    keepAliveHintSeconds: null,
    callSites: [],
    requestsPerSecond: 2,
    totals: { requests: 0, closes: {} },
    timeWait: {},
    isAll: true,
    ...more,
  };
}

/** So many opened and closed a second, with a minute of TIME_WAIT behind, of a program that is short of ports. */
export function churning(perSecond: number, more: Partial<DestinationReport> = {}): Partial<DestinationReport> {
  const waiting = Math.min(26_000, perSecond * 60);
  return {
    usedPorts: waiting + 20,
    states: { time_wait: waiting, established: 20 },
    headroomPorts: Math.max(0, 28_232 - waiting - 20),
    opensPerSecond: perSecond,
    closesPerSecond: { local: perSecond, remote: 0 },
    verdict: waiting > 22_000 ? 'critical' : waiting > 2000 ? 'warning' : 'healthy',
    ...more,
  };
}

export const live = (connections: number, more: Partial<LiveSample> = {}): LiveSample => ({
  connections,
  reused: 0,
  unread: 0,
  idle: 0,
  unused: 0,
  ...more,
});
