import type { Host } from '../agent/model/host.ts';
import type { Collector } from '../agent/model/readings.ts';
import { SocketTable } from '../agent/model/socket-table.ts';
import { ProcNetTcpParser } from './proc-net-tcp-parser.ts';

/** /proc gives about 4 KiB a read() whatever is asked for; a file of a --procfs tree gives as much as fits. */
const BUFFER_BYTES = 64 * 1024;

/**
 * The sockets of the reader's network namespace, from net/tcp6 and net/tcp. A table that cannot be read, or is none,
 * throws: half a table would be a wrong number. Single rows that cannot be understood are counted and become a Gap.
 */
export function procNetTcp(): Collector {
  const table = new SocketTable();
  const buffer = new Uint8Array(BUFFER_BYTES);
  return {
    name: 'proc-net-tcp',
    costs: 'there is no answer for this network namespace without it',
    collect(readings, host) {
      table.reset();
      // IPv6 first: its dual-stack listeners then are known when their IPv4 connections come by, which need no row.
      for (const [name, family] of [['net/tcp6', 6] as const, ['net/tcp', 4] as const]) {
        let parser: ProcNetTcpParser;
        try {
          parser = readTable(host, name, family, table, buffer);
        } catch (error) {
          if (family !== 6 || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
          readings.gaps.push({
            source: 'proc-net-tcp',
            what: 'IPv6 sockets',
            why: `${name} does not exist`,
            costs: 'nothing where IPv6 is switched off in the kernel',
          });
          continue;
        }
        if (parser.firstError === null) continue;
        // Not one row understood: whatever this is, it is no table to draw conclusions from.
        if (parser.rows === 0) throw parser.firstError;
        table.unreadRows += parser.unreadRows;
        const count = Number.isFinite(parser.unreadRows) ? `up to ${parser.unreadRows}` : 'an unknown number of';
        readings.gaps.push({
          source: 'proc-net-tcp',
          what: `${count} sockets in ${name}`,
          why: parser.firstError.message,
          costs: 'their ports are missing from "used"; headroomPortsLow counts them as taken',
        });
      }
      readings.engine = 'procfs';
      readings.sockets = table;
    },
  };
}

function readTable(host: Host, name: string, family: 4 | 6, table: SocketTable, buffer: Uint8Array): ProcNetTcpParser {
  const parser = new ProcNetTcpParser(name, family, table);
  const file = host.open(name);
  try {
    let filled = 0;
    for (;;) {
      const length = file.read(buffer, filled, buffer.length - filled);
      if (length === 0) break;
      filled += length;
      const taken = parser.feed(buffer, filled);
      buffer.copyWithin(0, taken, filled);
      filled -= taken;
    }
    parser.finish(buffer, filled);
  } finally {
    file.close();
  }
  return parser;
}
