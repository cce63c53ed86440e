import type { Assessment } from '../../agent/model/assessment.ts';
import { rowsOf } from './rows.ts';

/** Of one look each. */
const MOST_VALUES = 120;

/** Used ports of each destination, look by look, for as long as it is reported. */
export class History {
  private values = new Map<string, readonly number[]>();
  private takenAt = '';

  note(assessment: Assessment): void {
    if (assessment.takenAt === this.takenAt) return;
    this.takenAt = assessment.takenAt;
    this.values = new Map(
      rowsOf(assessment).map(({ key, one }) => [key, [...this.of(key), one.usedPorts].slice(-MOST_VALUES)]),
    );
  }

  of(key: string): readonly number[] {
    return this.values.get(key) ?? [];
  }
}
