import type { FORECAST_KINDS, Verdict } from './assessment.ts';

export const POOL_KINDS = ['nat', 'conntrack', 'time_wait'] as const;

/** What else runs out, beside a destination's ports: what a NAT lends, and tables of the kernel. */
export interface PoolReport {
  /** The quota's name; that of a table is its kind. */
  readonly name: string;
  readonly kind: (typeof POOL_KINDS)[number];
  /** Label of the network namespace whose table it is; null: shared by all. */
  readonly netns: string | null;
  /** How many there are: this host's share. */
  readonly limit: number;
  /** For how long a NAT keeps the port of a closed connection, as configured: what `used` rests on. null: of a table. */
  readonly heldSeconds: number | null;
  /** Of the fullest destination where each has its own. null: not known, see the bounds. */
  readonly used: number | null;
  /** So many surely are, and at most so many may be; null: nothing bounds them. */
  readonly usedLow: number;
  readonly usedHigh: number | null;
  /** limit − used; null as `used`. */
  readonly headroom: number | null;
  readonly forecast: PoolForecast;
  readonly verdict: Verdict;
  /** The one that it is tightest for; null: there is none, or all share it. */
  readonly destination: { readonly remote: string; readonly remotePort: number } | null;
}

/** As a destination's Forecast. */
export interface PoolForecast {
  readonly kind: (typeof FORECAST_KINDS)[number];
  readonly exhaustedInSeconds: number | null;
  /** At the demand that has held, from what is surely used: what an alert rests on. */
  readonly exhaustedInSecondsAtLow: number | null;
  /** null: not known, or it would never end. */
  readonly settlesAt: number | null;
}

export const NO_POOL_FORECAST: PoolForecast = {
  kind: 'unknown',
  exhaustedInSeconds: null,
  exhaustedInSecondsAtLow: null,
  settlesAt: null,
};
