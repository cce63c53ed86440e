import type { Netns } from '../kernel/netns.ts';

/** What the client's kernel has of one destination, and how many connections its server's kernel was asked for. */
export interface KernelCounts {
  /** Connections that the server's side accepted (PassiveOpens of its namespace, all its ports together). */
  readonly opened: number;
  readonly timeWait: number;
  readonly established: number;
  readonly synSent: number;
  readonly closeWait: number;
}

/** A number, or both ends of what may come. */
export type Expected = number | readonly [low: number, high: number];

/** `opened` is always told; of the states, those left out must be 0. */
export type KernelExpectation = Pick<{ readonly [count in keyof KernelCounts]: Expected }, 'opened'> & {
  readonly [count in Exclude<keyof KernelCounts, 'opened'>]?: Expected;
};

/** include/net/tcp_states.h, as the tables have them. */
const STATES = { established: '01', synSent: '02', timeWait: '06', closeWait: '08' } as const;

export async function kernelCounts(net: Netns, destination: string, openedBefore = 0): Promise<KernelCounts> {
  const opened = (await passiveOpens(net)) - openedBefore;
  const rows = (await net.rows('client')).map((row) => row.split(' '));
  const inState = (code: string) => rows.filter(([, to, state]) => to === destination && state === code).length;
  return {
    opened,
    timeWait: inState(STATES.timeWait),
    established: inState(STATES.established),
    synSent: inState(STATES.synSent),
    closeWait: inState(STATES.closeWait),
  };
}

/** Connections accepted in the server's namespace since it is there (/proc/net/snmp). */
export async function passiveOpens(net: Netns): Promise<number> {
  const [names = [], values = []] = (await net.read('/proc/self/net/snmp', 'server'))
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  const value = values[names.indexOf('PassiveOpens')];
  if (value === undefined) throw new Error('/proc/net/snmp has no PassiveOpens');
  return Number(value);
}

export function meets(counts: KernelCounts, expected: KernelExpectation): boolean {
  return (Object.keys(counts) as (keyof KernelCounts)[]).every((name) => {
    const [low, high] = bounds(expected[name] ?? 0);
    return counts[name] >= low && counts[name] <= high;
  });
}

const bounds = (expected: Expected): readonly [number, number] =>
  typeof expected === 'number' ? [expected, expected] : expected;

/** A pool that is too small: how often it opens one depends on how requests happen to come. */
export const often = (count: number) => ({ opened: [count / 10, count], timeWait: [count / 10, count] }) as const;
