import type { Socket } from 'node:net';

/** The next one is opened so long after one that failed or did not last. */
const PAUSE_MS = 15_000;
/** A spare that lived so long was worth having: its successor is opened at once. */
const LIFE_MS = 10_000;
/** Who speaks first, or hangs up, is no spare; `readable` is either. */
const ENDINGS = ['close', 'error', 'readable'] as const;

/** Keeps one connection open in advance, so that whoever needs one needs no port. */
export class SpareConnection {
  private spare: Socket | null = null;
  private forget: () => void = () => undefined;
  /** The one that is being opened: ends with it, or without. */
  private opening: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private readonly open: () => Promise<Socket>;

  constructor(open: () => Promise<Socket>) {
    this.open = open;
  }

  get address(): string | undefined {
    return this.spare?.remoteAddress;
  }

  /** Opens one if there is none. */
  warm(): void {
    if (this.spare !== null || this.opening !== null || this.isClosed || this.timer !== undefined) return;
    const begun = performance.now();
    const again = () => {
      if (this.isClosed) return;
      clearTimeout(this.timer);
      const pause = performance.now() - begun >= LIFE_MS ? 0 : PAUSE_MS;
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.warm();
      }, pause).unref();
    };
    this.opening = this.open().then(
      (socket) => {
        this.opening = null;
        if (this.isClosed) socket.destroy();
        else this.keep(socket, again);
      },
      // Nothing is to be sent yet: whoever has something hears of it.
      () => {
        this.opening = null;
        again();
      },
    );
  }

  /** The spare one, from now on the caller's, or the one that is just being opened; null: there is none. */
  async take(): Promise<Socket | null> {
    if (this.spare === null) await this.opening;
    const { spare } = this;
    this.forget();
    if (spare === null || spare.destroyed) return null;
    spare.ref();
    return spare;
  }

  /** It may lead to where nobody is any more. */
  discard(): void {
    const { spare } = this;
    this.forget();
    spare?.destroy();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.discard();
  }

  private keep(socket: Socket, again: () => void): void {
    this.spare = socket;
    // It alone keeps no process alive.
    socket.unref();
    const gone = () => {
      this.discard();
      again();
    };
    for (const event of ENDINGS) socket.on(event, gone);
    this.forget = () => {
      for (const event of ENDINGS) socket.off(event, gone);
      this.spare = null;
      this.forget = () => undefined;
    };
  }
}
