import { DEFAULT_THRESHOLDS } from '../../agent/correlate/alert-conditions.ts';
import { SLOW_LEAK } from '../../agent/correlate/leak.ts';
import type { RuleOptions } from '../../exporters/rules/rules.ts';

/** What `lastport rules` goes by at its defaults. */
export const ruleOptions = (more: Partial<RuleOptions> = {}): RuleOptions => ({
  thresholds: DEFAULT_THRESHOLDS,
  leak: SLOW_LEAK,
  stuckSeconds: 120,
  labels: [],
  hasNat: false,
  runbookBase: 'docs/alerts.md',
  dashboardUrl: null,
  ...more,
});
