import { CLOSE_REASONS, type CloseReason } from '../../model/probe.ts';

const PORTS = 65536;
/** A TIME_WAIT is gone after that (time-wait-clock.ts), and the port another's. */
const KEPT_SECONDS = 66;
const OPENED = 255;

/** What probes said of a destination's ports: whose each is, and why its last connection was closed. */
export class PortNotes {
  /** 0: nothing; 255: it is open; else 1 + the reason's number. */
  private readonly reasons = new Uint8Array(PORTS);
  /** Numbers of probes. */
  private readonly probes = new Uint32Array(PORTS);
  private readonly seconds = new Uint32Array(PORTS);
  lastAt = 0;

  /** `reason` null: opened. `at` in ms on a clock that no one sets. */
  note(port: number, reason: CloseReason | null, probe: number, at: number): void {
    this.reasons[port] = reason === null ? OPENED : 1 + CLOSE_REASONS.indexOf(reason);
    this.probes[port] = probe;
    this.seconds[port] = at / 1000;
    this.lastAt = at;
  }

  /** null: it was not closed, as far as is known. */
  reasonOf(port: number, at: number): CloseReason | null {
    const reason = this.reasons[port]!;
    if (reason === 0 || reason === OPENED || at / 1000 - this.seconds[port]! > KEPT_SECONDS) return null;
    return CLOSE_REASONS[reason - 1] ?? null;
  }

  /** Who has it, or had it last: the number of a probe; 0: not known. */
  probeOf(port: number, at: number): number {
    const reason = this.reasons[port]!;
    if (reason === 0) return 0;
    if (reason !== OPENED && at / 1000 - this.seconds[port]! > KEPT_SECONDS) return 0;
    return this.probes[port]!;
  }
}
