import type { Gap } from '../model/gap.ts';

/**
 * The gaps of all namespaces as one list: what is missing in several, for one and the same reason, is said once; what is
 * missing in one that is not ours, with its name.
 */
export function foldGaps(
  parts: readonly { readonly label: string; readonly isOwn: boolean; readonly gaps: readonly Gap[] }[],
): Gap[] {
  const folded = new Map<string, { gap: Gap; labels: string[]; own: boolean }>();
  for (const { label, isOwn, gaps } of parts) {
    for (const gap of gaps) {
      const key = `${gap.source}\n${gap.what}\n${gap.why}`;
      const known = folded.get(key) ?? { gap, labels: [], own: false };
      known.labels.push(label);
      known.own ||= isOwn;
      folded.set(key, known);
    }
  }
  return [...folded.values()].map(({ gap, labels, own }) => {
    if (labels.length > 1) return { ...gap, what: `${gap.what}, in ${labels.length} network namespaces` };
    return own ? gap : { ...gap, what: `${gap.what}, in network namespace ${labels[0]}` };
  });
}
