import { formatEndpoint } from '../../agent/model/address.ts';
import {
  type Assessment,
  type DestinationReport,
  type NamespaceReport,
  VERDICTS,
} from '../../agent/model/assessment.ts';
import { CAUSE_WORDS } from '../../agent/model/cause-words.ts';
import { ownerOf } from '../text.ts';
import { inert } from './inert.ts';

/** One destination on the screen, its names made inert. */
export interface Row {
  /** The same from look to look. */
  readonly key: string;
  readonly one: DestinationReport;
  readonly namespace: NamespaceReport;
  readonly endpoint: string;
  readonly name: string | null;
  readonly label: string;
  readonly owner: string;
  /** The first cause in words; null: there is none. */
  readonly cause: string | null;
}

/** An owner longer than that is no name. */
const LONGEST_OWNER = 60;

export function rowsOf({ namespaces }: Assessment): Row[] {
  return namespaces.flatMap((namespace) =>
    namespace.destinations.map((one) => {
      const endpoint = inert(formatEndpoint(one.remote, one.remotePort));
      const [cause] = one.causes;
      return {
        key: [namespace.netns, namespace.label, one.local, one.device, endpoint].join(' '),
        one,
        namespace,
        endpoint,
        name: one.remoteName === null ? null : inert(one.remoteName),
        label: inert(namespace.label, LONGEST_OWNER),
        owner: inert(ownerOf(one), LONGEST_OWNER),
        cause: cause === undefined ? null : CAUSE_WORDS[cause.cause].headline,
      };
    }),
  );
}

export const SORTS = ['risk', 'used', 'new/s', 'full', 'name', 'owner'] as const;
export type Sort = (typeof SORTS)[number];

const left = ({ one }: Row) => (one.usablePorts === 0 ? 0 : one.headroomPorts / one.usablePorts);
const full = ({ one }: Row) => one.forecast.exhaustedInSeconds ?? Number.POSITIVE_INFINITY;
/** Infinity − Infinity is no order. */
const ascending = (a: number, b: number) => (a === b ? 0 : a - b);
const byRisk = (a: Row, b: Row) =>
  VERDICTS.indexOf(b.one.verdict) - VERDICTS.indexOf(a.one.verdict) ||
  left(a) - left(b) ||
  b.one.usedPorts - a.one.usedPorts;

const ORDERS: { readonly [sort in Sort]: (a: Row, b: Row) => number } = {
  risk: byRisk,
  used: (a, b) => b.one.usedPorts - a.one.usedPorts,
  'new/s': (a, b) => (b.one.opensPerSecond ?? -1) - (a.one.opensPerSecond ?? -1),
  full: (a, b) => ascending(full(a), full(b)),
  name: (a, b) => compare(a.name ?? a.endpoint, b.name ?? b.endpoint),
  owner: (a, b) => compare(a.owner, b.owner),
};
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Those that match, in that order; equals by risk, then by key, so that none jumps about. */
export function shownRows(assessment: Assessment, sort: Sort, filter: string): Row[] {
  const wanted = filter.toLowerCase();
  return rowsOf(assessment)
    .filter((row) => wanted === '' || searched(row).includes(wanted))
    .sort((a, b) => ORDERS[sort](a, b) || byRisk(a, b) || compare(a.key, b.key));
}

const searched = ({ endpoint, name, label, owner, cause, one }: Row): string =>
  [endpoint, name, one.local, label, owner, cause, one.verdict].join('\n').toLowerCase();
