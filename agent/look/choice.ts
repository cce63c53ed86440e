import type { Gap } from '../model/gap.ts';
import type { Netns } from '../model/netns.ts';
import type { NetnsChoice, Refused } from './reach.ts';

/** Of the network namespaces that there are, those that --netns says. */
export function choose(
  namespaces: readonly Netns[],
  choice: NetnsChoice,
  inodeOf: (pid: number) => number | null,
): readonly Netns[] {
  if (choice === 'all') return namespaces;
  if (choice === 'self') return namespaces.filter(({ isOwn }) => isOwn);
  const inode = 'pid' in choice ? inodeOf(choice.pid) : choice.inode;
  return inode === null ? [] : namespaces.filter((netns) => netns.inode === inode);
}

export function notFound(choice: NetnsChoice): Gap {
  const what =
    typeof choice === 'string'
      ? 'any network namespace'
      : 'pid' in choice
        ? `the network namespace of process ${choice.pid}`
        : `network namespace ${choice.inode}`;
  return { source: 'proc-ns-net', what, why: `${what} is not to be found`, costs: 'everything' };
}

/** One at least. */
export function refusedGap(refused: readonly { readonly netns: Netns; readonly error: Refused }[]): Gap {
  const [first] = refused;
  return {
    source: 'netns-entry',
    what: refused.length === 1 ? `network namespace ${first!.netns.label}` : `${refused.length} network namespaces`,
    why: first!.error.message,
    costs: 'their ports are not watched',
  };
}
