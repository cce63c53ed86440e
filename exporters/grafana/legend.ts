import type { Scope } from './series.ts';

/** What names a destination. */
const BY_DESTINATION = 'by (netns, local, destination)';
export const OF_DESTINATION = '{{destination}} from {{local}} ({{netns}})';

/** One series for each destination, without labels that no legend has. */
export const perDestination = (expr: Scope): string => `max ${BY_DESTINATION} (${expr})`;
