import { describe, it } from 'node:test';
import { grown } from '../../../exporters/grafana/series.ts';
import { needs } from '../../support/needs.ts';
import { playTests } from '../../support/promtool.ts';

/** What Prometheus makes of `grown` one hour on, for a counter with these samples, one a minute. */
const CASES = [
  ['counts what a series that is new began with', '_x30 8 8+0x29', 8],
  ['counts what it grew by since', '_x30 8 8+2x29', 8 + 59],
  ['counts nothing of what a series had before', '100+0x120', 0],
  ['counts growth alone where the series is old', '100+0x90 110+0x60', 10],
] as const;

describe('grown', { skip: needs('promtool') }, () => {
  for (const [what, values, expected] of CASES) {
    it(what, () => {
      // increase() adds what half a scrape's growth would be at either end.
      const expr = `round(${grown('x', '1h')})`;
      const at = values.startsWith('_') ? '1h' : '2h';
      const tests = [
        {
          interval: '1m',
          input_series: [{ series: 'x', values }],
          promql_expr_test: [{ expr, eval_time: at, exp_samples: [{ labels: '{}', value: expected }] }],
        },
      ];
      playTests({ rule_files: [], evaluation_interval: '1m', tests });
    });
  }
});
