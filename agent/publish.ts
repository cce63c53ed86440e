import type { Assessment } from './model/assessment.ts';

/** What takes each Assessment. It must not take long; what it throws is logged and costs nobody else anything. */
export interface Publisher {
  readonly name: string;
  publish(assessment: Assessment): void;
}

export function publishTo(
  publishers: readonly Publisher[],
  onError: (what: string, error: unknown) => void,
): (assessment: Assessment) => void {
  return (assessment) => {
    for (const publisher of publishers) {
      try {
        publisher.publish(assessment);
      } catch (error) {
        onError(`publishing to ${publisher.name} failed`, error);
      }
    }
  };
}
