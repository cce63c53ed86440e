import { plainText } from '../agent/model/shape.ts';

/** How good a name for a network namespace is; a better one replaces a worse, never the other way round. */
const LABEL_RANKS = ['inode', 'mount', 'unit', 'named', 'container', 'pod', 'host'] as const;
type LabelRank = (typeof LABEL_RANKS)[number];

export interface NetnsLabel {
  readonly rank: LabelRank;
  readonly text: string;
}

/** As container runtimes name what they mount or put into a cgroup: 64 hexadecimal digits, of which people use 12. */
const CONTAINER_ID = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:$|\/)/;
const SHORT_ID = 12;

/**
 * A name that people know, from a process's cgroup (cgroups(7), proc_pid_cgroup(5)): the container it is in, else its
 * systemd unit; null if it tells neither. Version 1 has a line per controller, of which any may have it.
 *
 * "0::/system.slice/docker-4f0c….scope" → 4f0c…; "0::/lxc.payload.web" → web; "0::/system.slice/api.service" → api.service
 */
export function labelOfCgroup(text: string): NetnsLabel | null {
  const container = containerOfCgroup(text);
  if (container !== null) return { rank: 'container', text: plainText(container) };
  const unit = unitOfCgroup(text);
  return unit === null ? null : { rank: 'unit', text: plainText(unit) };
}

export function containerOfCgroup(text: string): string | null {
  for (const path of pathsOf(text)) {
    const container = containerOf(path);
    if (container !== null) return container;
  }
  return null;
}

export function unitOfCgroup(text: string): string | null {
  for (const path of pathsOf(text)) {
    const unit = path.split('/').findLast((part) => part.endsWith('.service'));
    if (unit !== undefined) return unescapeUnit(unit);
  }
  return null;
}

function pathsOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.split(':').slice(2).join(':'))
    .filter((path) => path !== '');
}

function containerOf(path: string): string | null {
  const id = CONTAINER_ID.exec(path)?.[1];
  if (id !== undefined) return id.slice(0, SHORT_ID);
  const lxc = /(?:^|\/)(?:lxc\.payload\.|lxc\/)([^/]+)/.exec(path)?.[1];
  if (lxc !== undefined) return lxc;
  const machine = /(?:^|\/)(?:machine-([^/]+)\.scope|systemd-nspawn@([^/]+)\.service)/.exec(path);
  const name = machine?.[1] ?? machine?.[2];
  return name === undefined ? null : unescapeUnit(name);
}

/** systemd writes what may not be in a unit's name as \x2d (systemd-escape(1)). */
function unescapeUnit(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * The name of a mount that holds a network namespace: what `ip netns` was given is a name; what container runtimes
 * make up for themselves is better than an inode number, and no more.
 */
export function labelOfMount(path: string): NetnsLabel {
  const name = plainText(path.slice(path.lastIndexOf('/') + 1));
  const isMadeUp = /^(cni-[0-9a-f-]+|[0-9a-f]{12,})$/.test(name);
  return { rank: isMadeUp ? 'mount' : 'named', text: name };
}

export const isBetter = (one: NetnsLabel, other: NetnsLabel): boolean =>
  LABEL_RANKS.indexOf(one.rank) > LABEL_RANKS.indexOf(other.rank);
