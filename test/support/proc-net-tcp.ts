// Writes rows of /proc/net/tcp{,6} as the kernel does, for tests and benchmarks.
import { type Address, MAPPED_WORD } from '../../agent/model/address.ts';
import type { TcpState } from '../../agent/model/state.ts';
import { TCP_STATES } from '../../agent/model/state.ts';

export interface Row {
  readonly local: Address;
  readonly localPort: number;
  readonly remote: Address;
  readonly remotePort: number;
  readonly state: TcpState;
  readonly timer?: number;
  /** Hundredths of a second. */
  readonly timerLeft?: number;
  readonly uid?: number;
  readonly inode?: number;
}

export const HEADER_V4 =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const HEADER_V6 =
  '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

const hex = (value: number, width: number) => (value >>> 0).toString(16).toUpperCase().padStart(width, '0');
const swapped = (word: number) => new DataView(new Uint32Array([word]).buffer).getUint32(0, false);

function address(value: Address, family: 4 | 6): string {
  const words: readonly number[] = family === 6 && value.length === 1 ? [0, 0, MAPPED_WORD, value[0]] : value;
  return words.map((word) => hex(swapped(word), 8)).join('');
}

/** One line without its newline. The kernel pads IPv4 rows to 149 characters (seq_setwidth), and IPv6 rows not. */
export function encodeRow(index: number, row: Row, family: 4 | 6): string {
  const text =
    `${String(index).padStart(4)}: ${address(row.local, family)}:${hex(row.localPort, 4)} ` +
    `${address(row.remote, family)}:${hex(row.remotePort, 4)} ${hex(TCP_STATES.indexOf(row.state), 2)} ` +
    `00000000:00000000 ${hex(row.timer ?? 0, 2)}:${hex(row.timerLeft ?? 0, 8)} 00000000 ` +
    `${String(row.uid ?? 0).padStart(5)} ${'0'.padStart(8)} ${row.inode ?? 0} 1 0000000000000000`;
  return family === 4 ? text.padEnd(149) : text;
}

export function encodeTable(rows: readonly Row[], family: 4 | 6): string {
  const lines = rows.map((row, index) => encodeRow(index, row, family));
  const header = family === 4 ? HEADER_V4.padEnd(149) : HEADER_V6;
  return `${[header, ...lines].join('\n')}\n`;
}
