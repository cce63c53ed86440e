import type { Finding } from '../../model/cause.ts';
import type { CauseFacts } from './facts.ts';

export function remedyLines(_finding: Finding, _facts: CauseFacts): readonly string[] {
  return [];
}
