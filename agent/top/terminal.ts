import { emitKeypressEvents, type Interface } from 'node:readline';
import { ENTER_SCREEN, LEAVE_SCREEN } from '../../exporters/top/codes.ts';
import { type Keypress, keysOf } from '../../exporters/top/key.ts';
import type { Size } from '../../exporters/top/screen.ts';
import type { Key } from '../../exporters/top/state.ts';

/** What of node:process it needs. */
export type TerminalProcess = Pick<
  NodeJS.Process,
  'stdin' | 'stdout' | 'stderr' | 'on' | 'off' | 'kill' | 'exit' | 'pid'
>;

export interface TerminalListeners {
  readonly onKey: (key: Key) => void;
  /** Nothing of what was painted is on the screen any more. */
  readonly onBlank: () => void;
  readonly onResize: () => void;
  /** The terminal has gone. */
  readonly onGone: () => void;
}

/** The bytes of a key like ↑ come together; an Esc that is alone for so long is one. */
const ESCAPE_MS = 50;
/** Where a terminal does not tell. */
const USUAL: Size = { columns: 80, rows: 24 };
/** For a stop by a signal to take effect, where it does: a program without a shell above it is not stopped. */
const STOP_MS = 50;

/** A terminal's other screen and its keys, for as long as they are ours. Given back on whatever way out. */
export class Terminal {
  private isOurs = false;
  private listeners: TerminalListeners | null = null;
  private guard: { dismiss(): void } | null = null;
  private readonly process: TerminalProcess;
  private readonly startGuard: () => { dismiss(): void };

  constructor(process: TerminalProcess, startGuard: () => { dismiss(): void }) {
    this.process = process;
    this.startGuard = startGuard;
  }

  get size(): Size {
    const { columns, rows } = this.process.stdout;
    return columns > 0 && rows > 0 ? { columns, rows } : USUAL;
  }

  open(listeners: TerminalListeners): void {
    const { process } = this;
    this.listeners = listeners;
    process.on('exit', this.onExit);
    process.on('uncaughtException', this.onCrash);
    process.on('SIGTSTP', this.suspend);
    process.on('SIGCONT', this.take);
    process.stdout.on('resize', listeners.onResize);
    process.stdout.on('error', listeners.onGone);
    process.stdin.on('error', listeners.onGone);
    process.stdin.on('end', listeners.onGone);
    emitKeypressEvents(process.stdin, { escapeCodeTimeout: ESCAPE_MS } as unknown as Interface);
    process.stdin.on('keypress', this.onKeypress);
    this.guard = this.startGuard();
    this.take();
  }

  close(): void {
    const { process, listeners } = this;
    this.giveBack();
    if (listeners === null) return;
    this.listeners = null;
    process.off('exit', this.onExit);
    process.off('uncaughtException', this.onCrash);
    process.off('SIGTSTP', this.suspend);
    process.off('SIGCONT', this.take);
    process.stdout.off('resize', listeners.onResize);
    process.stdin.off('keypress', this.onKeypress);
    process.stdin.pause();
    this.guard?.dismiss();
  }

  write(bytes: string): void {
    if (this.isOurs && bytes !== '') this.process.stdout.write(bytes);
  }

  /** As Ctrl-Z does it to any program; what comes after is painted when it is continued. */
  readonly suspend = (): void => {
    const { process } = this;
    this.giveBack();
    process.off('SIGTSTP', this.suspend);
    // All of the job, as the terminal itself would: sudo waits for us.
    process.kill(0, 'SIGTSTP');
    setTimeout(() => {
      if (this.listeners === null) return;
      process.on('SIGTSTP', this.suspend);
      this.take();
      // Whoever is stopped is not told that the terminal has another size.
      process.kill(process.pid, 'SIGWINCH');
    }, STOP_MS);
  };

  private readonly take = (): void => {
    if (this.isOurs || this.listeners === null) return;
    this.process.stdin.setRawMode(true);
    this.process.stdin.resume();
    this.isOurs = true;
    this.process.stdout.write(ENTER_SCREEN);
    this.listeners.onBlank();
  };

  private readonly giveBack = (): void => {
    if (!this.isOurs) return;
    this.isOurs = false;
    try {
      this.process.stdout.write(LEAVE_SCREEN);
      this.process.stdin.setRawMode(false);
    } catch {
      // A terminal that has gone needs nothing back.
    }
  };

  private readonly onExit = (): void => {
    this.giveBack();
    this.guard?.dismiss();
  };

  /** Said where it stays to be read. */
  private readonly onCrash = (error: Error): void => {
    this.giveBack();
    this.process.stderr.write(`lastport: ${error.stack ?? error.message}\n`);
    this.process.exit(3);
  };

  private readonly onKeypress = (_: unknown, press: Keypress): void => {
    for (const key of keysOf(press)) this.listeners?.onKey(key);
  };
}
