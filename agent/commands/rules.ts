import { prometheusRules } from '../../exporters/rules/rules.ts';
import type { Config } from '../config/config.ts';

/** `lastport rules`: rules for Prometheus on stdout. Returns the exit code. */
export function rules(config: Config, stdout: (text: string) => void): number {
  const { runbookBase, dashboardUrl, horizonMs } = config;
  const thresholds = { ...config, horizonSeconds: horizonMs / 1000 };
  stdout(prometheusRules({ thresholds, hasNat: config.nat.length > 0, runbookBase, dashboardUrl }));
  return 0;
}
