import type { Host } from '../model/host.ts';
import { type Credentials, parseCredentials } from './capabilities.ts';

/** One thing to see, whether it is seen, and what the reader loses where it is not. */
export interface Sight {
  readonly what: string;
  /** absent: this kernel or host has no such thing, so there is nothing to see. */
  readonly seen: 'yes' | 'partly' | 'no' | 'absent';
  /** What was found, or why not. */
  readonly found: string;
  /** null: nothing. */
  readonly costs: string | null;
}

type Source = readonly [path: string, costs: string, absent: string | null];

const NOTHING_NOW = 'nothing that a number depends on in this version';

/** File, what its lack costs, and what it means where it does not exist: null = the same. */
const FILES: readonly Source[] = [
  ['sys/net/ipv4/ip_local_port_range', 'everything: without the range no port can be counted', null],
  ['sys/net/ipv4/ip_local_reserved_ports', 'reserved ports are counted as usable', null],
  ['sys/net/ipv4/tcp_tw_reuse', 'no TIME_WAIT is counted as reusable', null],
  [
    'sys/net/ipv4/tcp_tw_reuse_delay',
    'when a TIME_WAIT becomes reusable is not known',
    'kernels before 6.14 have none: a TIME_WAIT becomes reusable after about a second',
  ],
  ['sys/net/ipv4/tcp_timestamps', 'reusable TIME_WAIT are counted as if timestamps were on', null],
  ['sys/net/ipv4/tcp_fin_timeout', NOTHING_NOW, null],
  ['sys/net/ipv4/tcp_max_tw_buckets', NOTHING_NOW, null],
  ['net/snmp', 'opens, failed attempts and resets of the whole namespace', null],
  ['net/netstat', 'TIME_WAIT totals, overflows and aborts of the whole namespace', null],
  ['net/sockstat', 'a bound on how many sockets no table lists', null],
  ['net/sockstat6', 'a bound on how many IPv6 sockets no table lists', 'IPv6 is off'],
  ['sys/net/netfilter/nf_conntrack_count', 'how full connection tracking is', 'no connection tracking here'],
  ['sys/net/netfilter/nf_conntrack_max', 'how full connection tracking is', 'no connection tracking here'],
];

/** The reserved list may name every second port; the kernel gives it to the first read() only. */
const LARGEST = 512 * 1024;

/** All that /proc lets this process see. Reads each file once; never throws. */
export function look(host: Host): readonly Sight[] {
  return [
    table(host, 'net/tcp', null),
    table(host, 'net/tcp6', 'IPv6 is off'),
    ...FILES.map((source) => file(host, source)),
    namespace(host),
    otherProcesses(host),
  ];
}

/** Whether there is an answer at all. */
export function isBlind(sights: readonly Sight[]): boolean {
  return sights.some(
    ({ what, seen }) => (what === 'net/tcp' || what.endsWith('ip_local_port_range')) && seen !== 'yes',
  );
}

/** The uid and capabilities of this process, or why they are not known. */
export function credentials(host: Host): Credentials | Error {
  try {
    return parseCredentials(host.readText('self/status'));
  } catch (error) {
    return error as Error;
  }
}

function attempt(what: string, costs: string, absent: string | null, read: () => string): Sight {
  try {
    return { what, seen: 'yes', found: read(), costs: null };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && absent !== null) return { what, seen: 'absent', found: absent, costs: null };
    return { what, seen: 'no', found: message, costs };
  }
}

/** Opens it and reads its first bytes: a table can be large. */
function table(host: Host, path: string, absent: string | null): Sight {
  const costs =
    absent === null ? 'everything: there is no answer without it' : 'IPv6 sockets, and IPv4 ones that look like them';
  return attempt(path, costs, absent, () => {
    const file = host.open(path);
    try {
      if (file.read(new Uint8Array(64), 0, 64) === 0) throw new Error(`${host.procfs}/${path} is empty`);
    } finally {
      file.close();
    }
    return 'readable';
  });
}

function file(host: Host, [path, costs, absent]: Source): Sight {
  return attempt(path, costs, absent, () => {
    const text = host.readText(path, LARGEST).trim();
    if (text.includes('\n')) return 'readable';
    return text === '' ? 'none' : shorten(text.replace(/\s+/g, ' '));
  });
}

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

/** Numbers of the first namespaces of all (include/linux/proc_ns.h). */
const FIRST_USER = 'user:[4026531837]';
const FIRST_PID = 'pid:[4026531836]';

function link(host: Host, path: string): string | null {
  try {
    return host.readLink(path);
  } catch {
    return null;
  }
}

function namespace(host: Host): Sight {
  return attempt('network namespace', 'which one is shown', null, () => {
    const own = host.readLink('self/ns/net');
    const first = link(host, '1/ns/net');
    const whose = first === null ? '' : first === own ? ", the same as process 1's" : ", not process 1's";
    return `${own.replace(/\D/g, '')}${whose}`;
  });
}

/**
 * ptrace_may_access() guards what is in /proc/<pid>/fd: CAP_SYS_PTRACE in the user namespace of the other, or the same user.
 * The folder itself is readable to its user alone, or to those whom capabilities(7) lets pass file permissions.
 */
const SEE_ALL = [['CAP_SYS_PTRACE'], ['CAP_DAC_READ_SEARCH', 'CAP_DAC_OVERRIDE']] as const;

function otherProcesses(host: Host): Sight {
  const what = "other processes' sockets";
  const costs = "whose the others' sockets are";
  const own = credentials(host);
  if (own instanceof Error) return { what, seen: 'no', found: own.message, costs };
  const missing = SEE_ALL.filter((any) => !any.some((one) => own.capabilities.includes(one))).map(([one]) => one);
  if (missing.length > 0) {
    const found = `only those of uid ${own.uid}; ${missing.join(' and ')} would show all`;
    return { what, seen: 'partly', found, costs };
  }
  const inside = [
    ...(link(host, 'self/ns/user') === FIRST_USER ? [] : ['user']),
    ...(link(host, 'self/ns/pid') === FIRST_PID ? [] : ['pid']),
  ];
  if (inside.length === 0) {
    // A security module may refuse all the same. Process 1 is always there, and nobody's own.
    const refused = link(host, '1/ns/net') === null;
    if (refused) return { what, seen: 'partly', found: 'not those of process 1, in spite of CAP_SYS_PTRACE', costs };
    return { what, seen: 'yes', found: 'all', costs: null };
  }
  return { what, seen: 'partly', found: `only those in this ${inside.join(' and ')} namespace`, costs };
}
