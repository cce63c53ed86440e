import type { PortRange } from '../model/plan.ts';
import type { TwReuse } from '../model/port-settings.ts';
import { duration, oneOf, parseBoolean, wholeNumber } from './option-values.ts';
import type { OptionFor } from './options.ts';
import { parsePortList, parsePortRange, parseRate, parseShare, parseTwReuse } from './plan-values.ts';

/** What only `lastport plan` asks for. null: not given. */
export interface PlanConfig {
  readonly rate: number | null;
  readonly reuseShare: number | null;
  readonly maxIdle: number | null;
  readonly maxPerHost: number | null;
  readonly concurrency: number | null;
  readonly latencyMs: number | null;
  readonly lifetimeMs: number | null;
  readonly unreadShare: number | null;
  readonly closes: 'local' | 'remote';
  readonly destinations: number;
  readonly range: PortRange;
  /** As given: lists of ranges. */
  readonly reserved: readonly (readonly PortRange[])[];
  readonly twReuse: TwReuse;
  readonly loopback: boolean;
}

const PLAN = ['plan'] as const;
const LONGEST_MS = 86_400_000;

/** Part of the one table of options. None has a default from this host: the answer is the same everywhere. */
export const PLAN_OPTIONS: { readonly [field in keyof PlanConfig]: OptionFor<PlanConfig[field]> } = {
  rate: {
    flag: 'rate',
    key: 'plan.rate',
    commands: PLAN,
    takes: 'N',
    help: 'requests a second, to all destinations together',
    default: null,
    parse: parseRate,
  },
  reuseShare: {
    flag: 'reuse',
    key: 'plan.reuse',
    commands: PLAN,
    takes: 'SHARE',
    help: 'share of the requests that find an open connection, 90% or 0.9; without it or limits of a pool, none does',
    default: null,
    parse: parseShare,
  },
  maxIdle: {
    flag: 'max-idle',
    key: 'plan.maxIdle',
    commands: PLAN,
    takes: 'N',
    help: "a pool's limit of idle connections per host, 0 to 1000000",
    default: null,
    parse: wholeNumber(0, 1_000_000),
  },
  maxPerHost: {
    flag: 'max-per-host',
    key: 'plan.maxPerHost',
    commands: PLAN,
    takes: 'N',
    help: "a pool's limit of connections per host, 1 to 1000000; requests beyond it wait",
    default: null,
    parse: wholeNumber(1, 1_000_000),
  },
  unreadShare: {
    flag: 'unread-bodies',
    key: 'plan.unreadBodies',
    commands: PLAN,
    takes: 'SHARE',
    help: 'share of the requests to a pool that close their body unread, and so their connection',
    default: null,
    parse: parseShare,
  },
  concurrency: {
    flag: 'concurrency',
    key: 'plan.concurrency',
    commands: PLAN,
    takes: 'N',
    help: 'requests under way at once, 1 to 1000000, to all destinations together: rate × latency',
    default: null,
    parse: wholeNumber(1, 1_000_000),
  },
  latencyMs: {
    flag: 'latency',
    key: 'plan.latency',
    commands: PLAN,
    takes: 'DURATION',
    help: 'how long a request takes, 1ms to 1440m, instead of --concurrency; 5ms without either',
    default: null,
    parse: duration(1, LONGEST_MS),
  },
  lifetimeMs: {
    flag: 'lifetime',
    key: 'plan.lifetime',
    commands: PLAN,
    takes: 'DURATION',
    help: 'how long a connection stays open on average, 1ms to 1440m, where no pool decides that',
    default: null,
    parse: duration(1, LONGEST_MS),
  },
  closes: {
    flag: 'closes',
    key: 'plan.closes',
    commands: PLAN,
    takes: 'local|remote',
    help: 'which side closes first, and so has the TIME_WAIT',
    default: 'local',
    parse: oneOf(['local', 'remote']),
  },
  destinations: {
    flag: 'destinations',
    key: 'plan.destinations',
    commands: PLAN,
    takes: 'N',
    help: 'spread over so many remote addresses or ports, or local addresses, 1 to 10000',
    default: '1',
    parse: wholeNumber(1, 10_000),
  },
  range: {
    flag: 'range',
    key: 'plan.range',
    commands: PLAN,
    takes: 'LOW-HIGH',
    help: 'net.ipv4.ip_local_port_range',
    default: '32768-60999',
    parse: parsePortRange,
  },
  reserved: {
    flag: 'reserved',
    key: 'plan.reserved',
    commands: PLAN,
    takes: 'PORT|LOW-HIGH,…',
    help: 'net.ipv4.ip_local_reserved_ports (repeatable)',
    default: null,
    many: true,
    parse: parsePortList,
  },
  twReuse: {
    flag: 'tw-reuse',
    key: 'plan.twReuse',
    commands: PLAN,
    takes: '0|1|2',
    help: 'net.ipv4.tcp_tw_reuse: 1 takes TIME_WAIT over after a second, 2 to loopback only',
    default: '2',
    parse: parseTwReuse,
  },
  loopback: {
    flag: 'loopback',
    key: 'plan.loopback',
    commands: PLAN,
    takes: null,
    help: 'the destinations are loopback addresses, 127.0.0.0/8 or ::1',
    default: 'false',
    parse: parseBoolean,
  },
};
