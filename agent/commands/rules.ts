import { prometheusRuleObject, prometheusRules, type RuleOptions, ruleFile } from '../../exporters/rules/rules.ts';
import type { Config } from '../config/config.ts';
import { SLOW_LEAK } from '../correlate/leak.ts';

/** As `run` does, in ticks; and no less than a few scrapes. */
const STUCK_TICKS = 3;
const STUCK_SECONDS = 120;

/** Prometheus reads its rules as JSON too. */
const PRINTED: Readonly<Record<Config['format'], (options: RuleOptions) => string>> = {
  table: prometheusRules,
  json: (options) => `${JSON.stringify(ruleFile(options))}\n`,
  prometheusrule: prometheusRuleObject,
};

/** `lastport rules`: rules for Prometheus on stdout. Returns the exit code. */
export function rules(config: Config, stdout: (text: string) => void): number {
  const { runbookBase, dashboardUrl, horizonMs, tickMs } = config;
  const thresholds = { ...config, horizonSeconds: horizonMs / 1000 };
  const labels = config.alertLabels.map(({ name }) => name);
  const stuckSeconds = Math.max(STUCK_SECONDS, Math.ceil((tickMs / 1000) * STUCK_TICKS));
  const options = {
    thresholds,
    leak: SLOW_LEAK,
    stuckSeconds,
    labels,
    hasNat: config.nat.length > 0,
    runbookBase,
    dashboardUrl,
  };
  stdout(PRINTED[config.format](options));
  return 0;
}
