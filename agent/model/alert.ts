export const ALERT_NAMES = [
  'LastportPortsExhausted',
  'LastportExhaustionPredicted',
  'LastportSlowConnect',
  'LastportHeadroomLow',
  'LastportBindPoolLow',
  'LastportConnectionLeak',
  'LastportNatQuotaLow',
  'LastportConntrackLow',
  'LastportTimeWaitTableFull',
  'LastportBlind',
] as const;
export type AlertName = (typeof ALERT_NAMES)[number];

export const SEVERITIES = ['warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * By what an alert is known from its first word to its last: Alertmanager takes any other set of labels for another
 * alert. What can change is an annotation.
 */
export interface AlertLabels {
  readonly alertname: AlertName;
  readonly severity: Severity;
  readonly netns?: string;
  readonly local?: string;
  readonly destination?: string;
  /** Whose ports they were when it first fired. */
  readonly unit?: string;
  /** Whose quota it is (LastportNatQuotaLow). */
  readonly pool?: string;
  /** What has become blind (LastportBlind). */
  readonly what?: string;
  /** `instance`, and what the configuration adds. */
  readonly [name: string]: string | undefined;
}

export interface Annotations {
  readonly summary: string;
  readonly description: string;
  readonly [name: string]: string | undefined;
}

export interface Alert {
  readonly labels: AlertLabels;
  readonly annotations: Annotations;
  /** In ms since the epoch. */
  readonly startsAt: number;
  /** When it was resolved; null: it fires. */
  readonly endsAt: number | null;
}

/** What is the same for as long as an alert is: its labels, as one text. */
export function alertKey(labels: AlertLabels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
