import type { DestinationReport } from '../model/assessment.ts';
import { CAUSE_WORDS } from '../model/cause-words.ts';

/** Why ports go, and what would help: a line each, for an alert. */
export interface CauseLines {
  readonly cause: string;
  readonly remedy: string;
}

/** By the first cause; null: none is known. */
export function causeWords({ causes: [first] }: DestinationReport): CauseLines | null {
  if (first === undefined) return null;
  const { cause, confidence, evidence, callSite, remedies } = first;
  const sure = confidence === 'certain' ? '' : ` (${confidence})`;
  const where = callSite === null ? '' : `, most often at ${callSite}`;
  const [strongest = CAUSE_WORDS[cause].meaning] = evidence;
  return {
    cause: `${CAUSE_WORDS[cause].headline}${sure}: ${strongest}${where}`,
    remedy: remedies[0] ?? 'lastport explain tells more',
  };
}
