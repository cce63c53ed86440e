import { prometheusRules } from '../../exporters/rules/rules.ts';
import type { Config } from '../config/config.ts';
import { SLOW_LEAK } from '../correlate/leak.ts';

/** As `run` does, in ticks; and no less than a few scrapes. */
const STUCK_TICKS = 3;
const STUCK_SECONDS = 120;

/** `lastport rules`: rules for Prometheus on stdout. Returns the exit code. */
export function rules(config: Config, stdout: (text: string) => void): number {
  const { runbookBase, dashboardUrl, horizonMs, tickMs } = config;
  const thresholds = { ...config, horizonSeconds: horizonMs / 1000 };
  const labels = config.alertLabels.map(({ name }) => name);
  const stuckSeconds = Math.max(STUCK_SECONDS, Math.ceil((tickMs / 1000) * STUCK_TICKS));
  stdout(
    prometheusRules({
      thresholds,
      leak: SLOW_LEAK,
      stuckSeconds,
      labels,
      hasNat: config.nat.length > 0,
      runbookBase,
      dashboardUrl,
    }),
  );
  return 0;
}
