// The way to the daemon, which may be absent, slow, hung or hostile: nothing of that may be felt by the program.
import { readlinkSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { frame, HELLO, WIRE_VERSION, type WireHello } from './wire.cts';

/** A daemon that is further behind is left. */
const MOST_WAITING = 256 * 1024;
/** A write under way keeps a program from its end: one that makes no progress for so long is given up. */
const PATIENCE_MS = 500;
/** Beats to the next attempt, doubled up to a quarter of a minute. */
const FIRST_PAUSE = 4;
const LONGEST_PAUSE = 60;

export class Sender {
  private socket: Socket | null = null;
  private isReady = false;
  private pause = 0;
  private nextPause = FIRST_PAUSE;
  private candidate = 0;
  private readonly paths: readonly string[];
  private readonly watchdog: NodeJS.Timeout;
  private isWatching = false;
  private waiting = 0;

  constructor(paths: readonly string[]) {
    this.paths = paths;
    // Made once, while the program has no context of its own that it could hold on to.
    this.watchdog = setTimeout(() => this.watch(), PATIENCE_MS);
    this.watchdog.unref();
  }

  /** Connects, unless that was in vain a short while ago. */
  call(): void {
    if (this.socket === null && this.pause === 0) this.connect();
  }

  /** Sends what `make` makes, if there is somebody who takes it; `all`: he knows nothing yet. Call at every beat. */
  send(make: (all: boolean) => readonly Buffer[]): void {
    const { socket } = this;
    if (socket === null) {
      if (this.pause > 0) this.pause--;
      else this.connect();
      return;
    }
    // What waits is for the next report: sums tell it too.
    if (socket.connecting || socket.writableLength > 0) return;
    const bytes = this.bytesOf(make);
    if (bytes.length > 0) this.write(socket, bytes);
  }

  /**
   * The last word of a program, at once or never: a Unix socket is connected when connect(2) has returned, though Node tells
   * that later.
   */
  sendLast(make: (all: boolean) => readonly Buffer[], hasNews: boolean): void {
    if (!hasNews) return;
    this.call();
    const { socket } = this;
    if (socket === null || socket.writableLength > 0) return;
    const { fd } = (socket as { _handle?: { fd?: number } })._handle ?? {};
    if (fd === undefined || fd < 0) return;
    const bytes = this.bytesOf(make);
    // As much as there is room for: it does not wait (O_NONBLOCK).
    if (bytes.length > 0) writeSync(fd, bytes);
  }

  private bytesOf(make: (all: boolean) => readonly Buffer[]): Buffer {
    const frames = [...make(!this.isReady)];
    if (!this.isReady && frames.length > 0) {
      this.isReady = true;
      const hello: WireHello = {
        version: WIRE_VERSION,
        pid: process.pid,
        thread: (require('node:worker_threads') as typeof import('node:worker_threads')).threadId,
        node: process.versions.node,
        netns: ownNetns(),
        uptime: process.uptime(),
      };
      frames.unshift(frame(HELLO, Buffer.from(JSON.stringify(hello))));
    }
    return Buffer.concat(frames);
  }

  private write(socket: Socket, bytes: Buffer): void {
    socket.write(bytes);
    if (socket.writableLength > MOST_WAITING) this.leave(socket);
    else if (socket.writableLength > 0 && !this.isWatching) {
      this.isWatching = true;
      this.waiting = socket.writableLength;
      this.watchdog.refresh();
    }
  }

  private watch(): void {
    this.isWatching = false;
    const { socket } = this;
    if (socket === null || socket.writableLength === 0) return;
    if (socket.writableLength >= this.waiting) this.leave(socket);
    else {
      this.isWatching = true;
      this.waiting = socket.writableLength;
      this.watchdog.refresh();
    }
  }

  private connect(): void {
    const path = this.paths[this.candidate++ % this.paths.length] as string;
    // Not before it is needed: a program that makes no connection need not wait for it at its start.
    const { connect } = require('node:net') as typeof import('node:net');
    const socket = connect({ path });
    this.socket = socket;
    this.isReady = false;
    socket.unref();
    const gone = () => this.leave(socket);
    socket.on('error', gone);
    socket.on('close', gone);
    // It has nothing to say.
    socket.on('data', gone);
    socket.on('connect', () => {
      this.nextPause = FIRST_PAUSE;
    });
  }

  private leave(socket: Socket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    this.isReady = false;
    socket.destroy();
    // All of its places first, then a pause.
    if (this.candidate % this.paths.length !== 0) return;
    this.pause = this.nextPause;
    this.nextPause = Math.min(LONGEST_PAUSE, this.nextPause * 2);
  }
}

function ownNetns(): number | null {
  try {
    return Number(/^net:\[(\d+)\]$/.exec(readlinkSync('/proc/self/ns/net'))?.[1] ?? Number.NaN) || null;
  } catch {
    return null;
  }
}
