import { type KernelStanding, kernelGap, kernelStanding, TESTED_KERNELS } from '../correlate/tested-kernels.ts';
import type { Sight } from './sight.ts';

const TESTED = `${TESTED_KERNELS.slice(0, -1).join(', ')} and ${TESTED_KERNELS.at(-1)}`;

const WORDS: Readonly<Record<KernelStanding, string>> = {
  tested: `tested on ${TESTED}, of which this is one`,
  between: `tested on ${TESTED}, before and after this one`,
  older: `tested on ${TESTED}; this one is older`,
  newer: `tested on ${TESTED}; this one is newer`,
  unknown: `tested on ${TESTED}; which this one is cannot be read`,
};

/** Whether the rules by which ports are counted were tried on this kernel. What it offers is tried, here and by every look. */
export function kernelSights(release: string | null): readonly Sight[] {
  const standing = kernelStanding(release ?? '');
  const costs = kernelGap(release ?? '')?.costs ?? null;
  return [{ what: 'rules of ports', seen: costs === null ? 'yes' : 'partly', found: WORDS[standing], costs }];
}
