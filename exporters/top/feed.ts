import type { Assessment } from '../../agent/model/assessment.ts';

/** What is known, and from whom. */
export interface Feed {
  readonly from: 'daemon' | 'look';
  /** null: nothing is known yet. */
  readonly assessment: Assessment | null;
  /** Why it is not what it should be, in one line; null: all is well. */
  readonly problem: string | null;
}
