/** From the text of the options of `lastport plan` to their values; see option-values.ts. */

import type { PortRange } from '../model/plan.ts';
import { PORTS, TW_REUSE, type TwReuse } from '../model/port-settings.ts';
import { oneOf, quote } from './option-values.ts';

const LOWEST_RATE = 0.01;
const HIGHEST_RATE = 10_000_000;

/** "4000", "0.5": events a second. */
export function parseRate(text: string): number {
  if (!/^\d{1,12}(\.\d{1,12})?$/.test(text)) throw new RangeError(`${quote(text)} is not a rate; use 4000 or 0.5`);
  const rate = Number(text);
  if (rate >= LOWEST_RATE && rate <= HIGHEST_RATE) return rate;
  throw new RangeError(`${quote(text)} is out of bounds; use ${LOWEST_RATE} to ${HIGHEST_RATE}`);
}

/** "90%" or "0.9" as 0.9. */
export function parseShare(text: string): number {
  const [, digits, sign] = /^(\d{1,3}(?:\.\d{1,12})?)(%?)$/.exec(text) ?? [];
  const share = digits === undefined ? Number.NaN : Number(digits) / (sign === '%' ? 100 : 1);
  if (share >= 0 && share <= 1) return share;
  throw new RangeError(`${quote(text)} is not a share; use 90% or 0.9`);
}

/** "32768-60999", as ip_local_port_range. */
export function parsePortRange(text: string): PortRange {
  const [, low = Number.NaN, high = Number.NaN] = /^(\d{1,5})-(\d{1,5})$/.exec(text)?.map(Number) ?? [];
  if (low >= 1 && high >= low && high < PORTS) return { low, high };
  throw new RangeError(`${quote(text)} is not a range of ports, the lower one first; use 32768-60999`);
}

/** "8080" or "9000-9100", or several with commas between, as ip_local_reserved_ports has them. */
export function parsePortList(text: string): readonly PortRange[] {
  return text.split(',').map((one) => {
    const range = /^\d{1,5}$/.test(one) ? `${one}-${one}` : one;
    try {
      return parsePortRange(range);
    } catch (error) {
      throw new RangeError(`${quote(one)} is not a port or a range of ports; use 8080 or 9000-9100`, { cause: error });
    }
  });
}

/** As in /proc/sys/net/ipv4/tcp_tw_reuse. */
export const parseTwReuse = (text: string): TwReuse => TW_REUSE[Number(oneOf(['0', '1', '2'])(text))]!;
