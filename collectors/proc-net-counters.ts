import type { Host } from '../agent/model/host.ts';
import { COUNTER_NAMES, COUNTER_SOURCES, type Collector, type Counters } from '../agent/model/readings.ts';

/** Files that most hosts lack for a good reason: no IPv6, no connection tracking. Their counters are just absent. */
const OPTIONAL = new Set([
  'net/sockstat6',
  'sys/net/netfilter/nf_conntrack_count',
  'sys/net/netfilter/nf_conntrack_max',
]);

/**
 * The counters beside the table: net/snmp, net/netstat (pairs of lines, names above numbers), net/sockstat{,6} (names
 * and numbers in turn), nf_conntrack_{count,max} (one number). proc_pid_net(5). A file that cannot be read or
 * understood is a Gap; the counters of the others are still there.
 */
export function procNetCounters(): Collector {
  return {
    name: 'proc-net-counters',
    costs: 'counters of the kernel',
    collect(readings, host) {
      const { counters, errors } = readCounters(host);
      readings.counters = counters;
      for (const error of errors) {
        readings.gaps.push({
          source: 'proc-net-counters',
          what: 'host counters',
          why: error.message,
          costs: 'their metrics are missing',
        });
      }
    },
  };
}

function readCounters(host: Host): { counters: Counters; errors: Error[] } {
  const counters: Counters = {};
  const errors: Error[] = [];
  const sections = new Map<string, Map<string, Map<string, number>>>();
  for (const path of new Set(COUNTER_NAMES.map((name) => COUNTER_SOURCES[name][0]))) {
    try {
      sections.set(path, parse(path, host.readText(path)));
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!(missing && OPTIONAL.has(path))) errors.push(error as Error);
    }
  }
  for (const name of COUNTER_NAMES) {
    const [path, section, field] = COUNTER_SOURCES[name];
    const value = sections.get(path)?.get(section)?.get(field);
    if (value !== undefined) counters[name] = value;
  }
  return { counters, errors };
}

function parse(path: string, text: string): Map<string, Map<string, number>> {
  if (path.startsWith('sys/')) return new Map([['', new Map([['', number(path, 1, text.trim())]])]]);
  return path.startsWith('net/sockstat') ? parseSockstat(path, text) : parsePairs(path, text);
}

/** "Tcp: ActiveOpens PassiveOpens\nTcp: 12 34\n" → Tcp → ActiveOpens → 12 */
function parsePairs(path: string, text: string): Map<string, Map<string, number>> {
  const sections = new Map<string, Map<string, number>>();
  const lines = text.split('\n');
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const names = lines[index]!.split(' ');
    const values = lines[index + 1]!.split(' ');
    if (names[0] !== values[0] || names.length !== values.length) {
      throw new Error(
        `Cannot parse ${path}:${index + 2}: ${shown(lines[index + 1]!)} does not match the names in the line above`,
      );
    }
    const fields = names.slice(1).map((name, at) => [name, number(path, index + 2, values[at + 1]!)] as const);
    sections.set(names[0]!.replace(/:$/, ''), new Map(fields));
  }
  return sections;
}

/** "TCP: inuse 3 orphan 0 tw 12 alloc 5 mem 1\n" → TCP → tw → 12 */
function parseSockstat(path: string, text: string): Map<string, Map<string, number>> {
  const sections = new Map<string, Map<string, number>>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const [name, ...words] = line.split(' ');
    const fields = new Map<string, number>();
    for (let at = 0; at < words.length; at += 2) fields.set(words[at]!, number(path, index + 1, words[at + 1] ?? ''));
    sections.set(name!.replace(/:$/, ''), fields);
  }
  return sections;
}

/** Tcp MaxConn is -1, so numbers may be negative. */
function number(path: string, line: number, text: string): number {
  if (!/^-?\d{1,20}$/.test(text)) throw new Error(`Cannot parse ${path}:${line}: ${shown(text)} is not a number`);
  return Number(text);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60).replace(/[^ -~]/g, '?'));
}
