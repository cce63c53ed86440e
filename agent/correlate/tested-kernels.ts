import type { Gap } from '../model/gap.ts';

/** Those that the rules of docs/how-it-works.md were tried on, the oldest first; docs/kernels.md has how, and what differs. */
export const TESTED_KERNELS = ['5.10', '6.1', '6.12', '6.18'] as const;

const OLDEST = TESTED_KERNELS[0];
const NEWEST = TESTED_KERNELS[TESTED_KERNELS.length - 1] as string;

/** How a kernel stands to those. Only its version tells: what a rule of its port search is, it could only be asked by using up ports. */
export type KernelStanding = 'tested' | 'between' | 'older' | 'newer' | 'unknown';

/** `release`: what uname -r says, 5.14.0-570.el9.x86_64. */
export function kernelStanding(release: string): KernelStanding {
  const version = versionOf(release);
  if (version === null) return 'unknown';
  if (TESTED_KERNELS.some((tested) => compare(version, versionOf(tested)) === 0)) return 'tested';
  if (compare(version, versionOf(OLDEST)) < 0) return 'older';
  return compare(version, versionOf(NEWEST)) > 0 ? 'newer' : 'between';
}

/** Whether the rules are relied on: one that held before and after a kernel is taken to hold in it. */
export const isRelied = (release: string): boolean => !['older', 'newer'].includes(kernelStanding(release));

/** Said where the kernel is out of the reach of what was tested. */
export function kernelGap(release: string): Gap | null {
  if (isRelied(release)) return null;
  return {
    source: 'kernel',
    what: 'whether this kernel chooses ports by the known rules',
    why: `Linux ${release} is ${kernelStanding(release)} than those they were tested on, ${OLDEST} to ${NEWEST}`,
    costs: 'they are taken to hold; headroomPortsLow does not count on a TIME_WAIT being reused, not even on loopback',
  };
}

type Version = readonly [major: number, minor: number];

function versionOf(release: string): Version | null {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return major === undefined || minor === undefined ? null : [Number(major), Number(minor)];
}

function compare(one: Version, other: Version | null): number {
  return other === null ? 0 : one[0] - other[0] || one[1] - other[1];
}
