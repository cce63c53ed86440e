/** A set of ports as a bitmap of one byte each: index = port, 1 = in the set. */
export type PortSet = Uint8Array;

export const PORTS = 65536;

/** `tcp_tw_reuse`: 0, 1, 2 (Documentation/networking/ip-sysctl.rst). */
export type TwReuse = 'off' | 'on' | 'loopback';
export const TW_REUSE = ['off', 'on', 'loopback'] as const satisfies readonly TwReuse[];

/** What one network namespace says about its ports (/proc/sys/net/ipv4). `null` = could not be read. */
export interface PortSettings {
  /** ip_local_port_range, both ends inclusive. */
  readonly range: { readonly low: number; readonly high: number };
  /** ip_local_reserved_ports. */
  readonly reserved: PortSet | null;
  readonly twReuse: TwReuse | null;
  /** tcp_tw_reuse_delay; null on kernels before 6.14, which have no such file. */
  readonly twReuseDelayMs: number | null;
  /** tcp_timestamps: without them no TIME_WAIT is ever reusable. */
  readonly timestamps: boolean | null;
  readonly finTimeoutMs: number | null;
  readonly maxTwBuckets: number | null;
}

/** The ports that connect() may choose from, and how they fall into its two passes. */
export interface UsablePorts {
  readonly low: number;
  readonly high: number;
  /** Range less reserved. */
  readonly set: PortSet;
  readonly count: number;
  /** Those of the parity of the range's first port, which connect() tries first (__inet_hash_connect). */
  readonly firstParityCount: number;
  /** Reserved ports inside the range; null where the list could not be read. */
  readonly reservedCount: number | null;
}

/** usable = range − reserved; reserved ports outside the range cost nothing. */
export function usablePorts(settings: PortSettings): UsablePorts {
  const { low, high } = settings.range;
  const set = new Uint8Array(PORTS);
  let count = 0;
  let firstParityCount = 0;
  for (let port = low; port <= high; port++) {
    if (settings.reserved?.[port]) continue;
    set[port] = 1;
    count++;
    if (((port - low) & 1) === 0) firstParityCount++;
  }
  return {
    low,
    high,
    set,
    count,
    firstParityCount,
    reservedCount: settings.reserved === null ? null : high - low + 1 - count,
  };
}
