import { PORTS } from '../model/port-settings.ts';
import type { SocketTable } from '../model/socket-table.ts';
import { BLOCKED, CHOSEN } from './port-kinds.ts';

/**
 * How long an answer is good for. What changes a port's kind changes its sockets, and that makes the answer void at
 * once; this is for what one look cannot tell from the next, a port that went and came back the same between them.
 */
const GOOD_FOR_MS = 30_000;

/** What the kernel said of ports it was asked about, in one network namespace. */
export class PortAnswers {
  /** By port: BLOCKED, CHOSEN, or 0 where there is no answer. */
  readonly kinds = new Uint8Array(PORTS);
  private readonly seconds = new Uint32Array(PORTS);
  private readonly signatures = new Int32Array(PORTS);
  private readonly current = new Int32Array(PORTS);
  private count = 0;

  /** Whether there is any answer. */
  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Forgets the answers that are too old, and those of ports whose sockets are not what they were. */
  refresh(table: SocketTable, nowMs: number): void {
    sign(table, this.current);
    this.count = 0;
    const oldest = (nowMs - GOOD_FOR_MS) / 1000;
    for (let port = 0; port < PORTS; port++) {
      if (this.kinds[port] === 0) continue;
      if (this.seconds[port]! < oldest || this.signatures[port] !== this.current[port]) this.kinds[port] = 0;
      else this.count++;
    }
  }

  /** An answer about the sockets of the last refresh(). */
  note(port: number, isBlocked: boolean, nowMs: number): void {
    if (this.kinds[port] === 0) this.count++;
    this.kinds[port] = isBlocked ? BLOCKED : CHOSEN;
    this.seconds[port] = nowMs / 1000;
    this.signatures[port] = this.current[port]!;
  }
}

/** By port, a number made of the sockets on it: equal while they are the same. Their order does not matter. */
function sign(table: SocketTable, signatures: Int32Array): void {
  signatures.fill(0);
  for (let destination = 0; destination < table.destinationCount; destination++) {
    const signature = table.signature(destination);
    for (let row = table.firstRow(destination); row >= 0; row = table.next[row]!) {
      const port = table.localPort[row]!;
      signatures[port] = signatures[port]! + Math.imul(signature ^ table.inode[row]!, 0x9e3779b1);
    }
  }
  for (const port of table.boundPorts) signatures[port] = signatures[port]! + 1;
}
