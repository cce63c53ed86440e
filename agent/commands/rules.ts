import { prometheusRules } from '../../exporters/rules/rules.ts';
import type { Config } from '../config/config.ts';

/** `lastport rules`: rules for Prometheus on stdout. Returns the exit code. */
export function rules(config: Config, stdout: (text: string) => void): number {
  const { runbookBase, dashboardUrl, horizonMs } = config;
  stdout(prometheusRules({ thresholds: { ...config, horizonSeconds: horizonMs / 1000 }, runbookBase, dashboardUrl }));
  return 0;
}
