/** By bit (include/uapi/linux/capability.h). */
const NAMES = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  'CHECKPOINT_RESTORE',
];

/** Who this process is to the kernel, from the text of /proc/self/status. */
export interface Credentials {
  /** Effective. */
  readonly uid: number;
  /** Effective: "CAP_NET_ADMIN". A bit that has no name here is "CAP_41". */
  readonly capabilities: readonly string[];
}

/** @throws Error if a line is missing or not as proc_pid_status(5) has it. */
export function parseCredentials(status: string): Credentials {
  const field = (name: string, pattern: RegExp): string => {
    const value = pattern.exec(status)?.[1];
    if (value === undefined) throw new Error(`Cannot find "${name}" in self/status`);
    return value;
  };
  const uid = field('Uid:', /^Uid:\s+\d+\s+(\d+)\s/m);
  const mask = field('CapEff:', /^CapEff:\s+([\da-f]{1,16})$/m);
  return { uid: Number(uid), capabilities: decodeCapabilities(mask) };
}

/** "0000000000080000" → ["CAP_SYS_PTRACE"] */
export function decodeCapabilities(mask: string): readonly string[] {
  const bits = BigInt(`0x${mask}`);
  const names: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    if ((bits >> BigInt(bit)) & 1n) names.push(`CAP_${NAMES[bit] ?? bit}`);
  }
  return names;
}

/** How many there are to have. */
export const KNOWN_CAPABILITIES = NAMES.length;
