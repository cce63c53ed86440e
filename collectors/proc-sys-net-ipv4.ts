import type { Gap } from '../agent/model/gap.ts';
import type { Host } from '../agent/model/host.ts';
import { PORTS, type PortSet, type PortSettings, TW_REUSE } from '../agent/model/port-settings.ts';
import type { Collector } from '../agent/model/readings.ts';

/**
 * A list of every second port has 192 KiB, and the kernel gives it to the first read() only
 * (proc_do_large_bitmap, kernel/sysctl.c).
 */
const RESERVED_LIMIT = 512 * 1024;

/**
 * The port settings of the reader's own network namespace (Documentation/networking/ip-sysctl.rst). Without the range
 * there is nothing to compute, so that throws; any other file that is missing is null and, where it matters, a Gap.
 */
export function procSysNetIpv4(): Collector {
  // The list seldom changes: while its text is the same, so is the set, and what was computed from it holds.
  let last = { text: '', set: parseReserved('') };
  const reserved = (text: string): PortSet => {
    if (text !== last.text) last = { text, set: parseReserved(text) };
    return last.set;
  };
  return {
    name: 'proc-sys-net-ipv4',
    costs: 'there is no answer for this network namespace without it',
    collect(readings, host) {
      readings.ports = readPortSettings(host, readings.gaps, reserved);
    },
  };
}

function readPortSettings(host: Host, gaps: Gap[], parseReservedPorts: (text: string) => PortSet): PortSettings {
  const range = parseRange(sysctl('ip_local_port_range', host));

  const optional = <Value>(name: string, parse: (text: string) => Value, costs: string | null): Value | null => {
    try {
      return parse(sysctl(name, host));
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      // What this kernel never offered is no news, unless a number depends on it.
      if (costs !== null || !missing) {
        gaps.push({
          source: 'proc-sys-net-ipv4',
          what: name,
          why: missing ? `sys/net/ipv4/${name} does not exist` : (error as Error).message,
          costs: costs ?? 'its default is assumed where a number depends on it',
        });
      }
      return null;
    }
  };

  return {
    range,
    reserved: optional(
      'ip_local_reserved_ports',
      parseReservedPorts,
      'reserved ports are counted as usable, and headroomPortsLow is 0',
    ),
    twReuse: optional('tcp_tw_reuse', parseTwReuse, 'no TIME_WAIT is counted as reusable'),
    twReuseDelayMs: optional('tcp_tw_reuse_delay', wholeNumber('tcp_tw_reuse_delay', 0xffffffff), null),
    timestamps: optional(
      'tcp_timestamps',
      (text) => wholeNumber('tcp_timestamps', 2)(text) !== 0,
      'reusable TIME_WAIT are counted as if timestamps were on',
    ),
    finTimeoutMs: optional('tcp_fin_timeout', (text) => wholeNumber('tcp_fin_timeout', MAX_INT)(text) * 1000, null),
    maxTwBuckets: optional('tcp_max_tw_buckets', wholeNumber('tcp_max_tw_buckets', MAX_INT), null),
  };
}

const MAX_INT = 0x7fffffff;

function sysctl(name: string, host: Host): string {
  return host.readText(`sys/net/ipv4/${name}`, name === 'ip_local_reserved_ports' ? RESERVED_LIMIT : undefined);
}

/** "32768\t60999\n" */
export function parseRange(text: string): { low: number; high: number } {
  const match = /^(\d{1,5})\s+(\d{1,5})\s*$/.exec(text);
  const [low, high] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || low < 1 || high >= PORTS || low > high) {
    throw unparsable('ip_local_port_range', text, 'is not two ports, the lower one first');
  }
  return { low, high };
}

/** "8080,9148,10000-10010\n", or an empty line. */
export function parseReserved(text: string): PortSet {
  const set = new Uint8Array(PORTS);
  const list = text.trimEnd();
  if (list === '') return set;
  for (const item of list.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(item);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last >= PORTS || first > last) {
      throw unparsable('ip_local_reserved_ports', item, 'is not a port or a range of ports');
    }
    set.fill(1, first, last + 1);
  }
  return set;
}

function parseTwReuse(text: string): (typeof TW_REUSE)[number] {
  return TW_REUSE[wholeNumber('tcp_tw_reuse', 2)(text)]!;
}

function wholeNumber(name: string, highest: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}\s*$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= highest)) throw unparsable(name, text, `is not a whole number up to ${highest}`);
    return value;
  };
}

function unparsable(name: string, text: string, why: string): Error {
  const shown = text.trimEnd().replace(/[^ -~\t]/g, '?');
  const quoted = JSON.stringify(shown.length > 60 ? `${shown.slice(0, 60)}…` : shown);
  return new Error(`Cannot parse sys/net/ipv4/${name}: ${quoted} ${why}`);
}
