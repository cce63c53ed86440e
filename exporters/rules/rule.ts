import type { AlertName, Severity } from '../../agent/model/alert.ts';

/** From where on the rules fire, as the daemon's own alerts do. */
export interface RuleThresholds {
  readonly headroomWarningRatio: number;
  readonly headroomCriticalRatio: number;
  readonly criticalUsedRatio: number;
  readonly horizonSeconds: number;
  readonly conntrackRatio: number | null;
  readonly timeWaitTableRatio: number | null;
}

/** How the daemon tells a leak: see agent/correlate/leak.ts. */
export interface LeakRule {
  readonly windowSeconds: number;
  readonly windows: number;
  readonly leastGrowth: number;
  readonly leastRatio: number;
  readonly horizonSeconds: number;
}

export interface RuleOptions {
  readonly thresholds: RuleThresholds;
  readonly leak: LeakRule;
  /** A daemon that has not looked for so long is stuck. */
  readonly stuckSeconds: number;
  /** Names of labels that targets may have and alerts shall keep, beside instance: cluster, team. */
  readonly labels: readonly string[];
  /** Whether a NAT's quotas are configured. */
  readonly hasNat: boolean;
  readonly runbookBase: string;
  readonly dashboardUrl: string | null;
}

export interface Rule {
  readonly alert: AlertName;
  readonly severity: Severity;
  readonly expr: string;
  readonly summary: string;
  /** Fires when it has held so long: "1m"; without it, at once. */
  readonly forText?: string;
}

/** The labels that an alert has from its series, for `by (…)`. */
export const labelList = ({ labels }: RuleOptions, names: string): string => ['instance', ...labels, names].join(', ');
