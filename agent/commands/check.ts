import type { Config } from '../config/config.ts';
import type { AskedDestination } from '../correlate/asked.ts';
import type { LookRequest } from '../look/host-look.ts';
import type { Assessment, Verdict } from '../model/assessment.ts';
import type { Gap } from '../model/gap.ts';

/** As Nagios, cron and CI expect: warning 1, critical 2, and 3 where there is no answer. `watch` is not worth a call. */
const EXIT_CODES: Readonly<Record<Verdict, number>> = { healthy: 0, watch: 0, warning: 1, critical: 2, blind: 3 };

export interface CheckParts {
  readonly look: (request: LookRequest) => Assessment;
  readonly route: (asked: Config['to']) => Promise<{ asked: readonly AskedDestination[]; gaps: readonly Gap[] }>;
  readonly render: (assessment: Assessment, options: { all: boolean }) => string;
  readonly now: () => number;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** `lastport check`: one look, one answer. Returns the exit code. */
export async function check(config: Config, parts: CheckParts): Promise<number> {
  const { asked, gaps } = await parts.route(config.to);
  const assessment = parts.look({ now: parts.now(), asked, gaps, inventory: null });
  if (config.format === 'json') parts.stdout(`${JSON.stringify(assessment)}\n`);
  else parts.stdout(parts.render(assessment, { all: config.all }));
  if (assessment.verdict === 'blind') {
    for (const { source, why } of assessment.gaps.slice(0, 1)) parts.stderr(`lastport: ${source}: ${why}\n`);
  }
  return EXIT_CODES[assessment.verdict];
}
