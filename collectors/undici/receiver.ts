import { chmodSync, chownSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { CloseReason, ProbeIdentity, ProbeSums } from '../../agent/model/probe.ts';
import { FrameReader } from './frame-reader.ts';
import { type Hello, parseEvents, parseHello, parseSums } from './probe-message.ts';
import { EVENTS, HELLO, SUMS } from './wire.cts';

/** Probes at once, a thread of a program each. */
const MOST_PROBES = 200;
/** A program that opens 10,000 connections a second has 80 KB of them to tell. The rest waits, and then is dropped there. */
const MOST_BYTES_A_SECOND = 512 * 1024;
const SECOND_MS = 1000;
/** Who says nothing for so long at first is no probe. */
const HELLO_MS = 5000;

/** Where what probes say goes. */
export interface ProbeSink {
  begin(identity: ProbeIdentity, at: number): number;
  report(probe: number, sums: readonly ProbeSums[], dropped: number, at: number): void;
  event(probe: number, path: number, port: number, reason: CloseReason | null, at: number): void;
  end(probe: number, at: number): void;
  drop(count: number): void;
}

export interface ReceiverOptions {
  readonly path: string;
  readonly mode: number;
  /** null: as it comes. */
  readonly group: number | null;
  readonly sink: ProbeSink;
  /** In ms on a clock that no one sets. */
  readonly monotonic: () => number;
  /** Who has connected, by what the kernel says of him; `claimed`: the network namespace that he says he is in. */
  readonly identify: (socket: Socket, claimed: number | null) => Pick<ProbeIdentity, 'pid' | 'netns'>;
  readonly onError: (what: string, error: unknown) => void;
}

/** Takes what probes send. Whatever one sends, it costs its own connection and nobody anything else. */
export class ProbeReceiver {
  private readonly server: Server;
  private readonly probes = new Set<ProbeConnection>();
  private readonly refill: NodeJS.Timeout;
  private readonly options: ReceiverOptions;

  private constructor(options: ReceiverOptions, server: Server) {
    this.options = options;
    this.server = server;
    server.on('connection', (socket) => this.accept(socket));
    this.refill = setInterval(() => {
      for (const probe of this.probes) probe.refill();
    }, SECOND_MS);
    this.refill.unref();
  }

  /** Rejects with one line: what, why. */
  static async start(options: ReceiverOptions): Promise<ProbeReceiver> {
    const { path, mode, group } = options;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      await removeStale(path);
      const server = createServer();
      const receiver = new ProbeReceiver(options, server);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(path, () => {
          server.off('error', reject);
          resolve();
        });
      });
      server.on('error', (error) => options.onError('the probe socket', error));
      // Made for its owner alone to connect to, by the usual umask; only now is it opened to others.
      if (group !== null) chownSync(path, -1, group);
      chmodSync(path, mode);
      return receiver;
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      throw new Error(
        `Cannot listen for probes: ${path}: ${code === 'EADDRINUSE' ? 'another program does' : message}`,
        {
          cause: error,
        },
      );
    }
  }

  stop(): void {
    clearInterval(this.refill);
    for (const probe of this.probes) probe.end();
    this.server.close();
  }

  private accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.probes.size >= MOST_PROBES) {
      this.options.sink.drop(1);
      socket.destroy();
      return;
    }
    const probe = new ProbeConnection(socket, this.options);
    this.probes.add(probe);
    socket.on('close', () => {
      this.probes.delete(probe);
      probe.end();
    });
  }
}

class ProbeConnection {
  private readonly frames = new FrameReader();
  private left = MOST_BYTES_A_SECOND;
  /** In the sink; null: it has not said who it is. */
  private number: number | null = null;
  private readonly impatience: NodeJS.Timeout;
  private readonly socket: Socket;
  private readonly options: ReceiverOptions;

  constructor(socket: Socket, options: ReceiverOptions) {
    this.socket = socket;
    this.options = options;
    this.impatience = setTimeout(() => socket.destroy(), HELLO_MS);
    this.impatience.unref();
    socket.on('data', (bytes) => this.take(bytes));
  }

  refill(): void {
    this.left = MOST_BYTES_A_SECOND;
    if (this.socket.isPaused()) this.socket.resume();
  }

  end(): void {
    clearTimeout(this.impatience);
    this.socket.destroy();
    if (this.number !== null) this.options.sink.end(this.number, this.options.monotonic());
    this.number = null;
  }

  private take(bytes: Buffer): void {
    this.left -= bytes.length;
    if (this.left <= 0) this.socket.pause();
    try {
      for (const { kind, payload } of this.frames.read(bytes)) this.hear(kind, payload);
    } catch (error) {
      this.options.sink.drop(1);
      this.options.onError('a probe was not understood', error);
      this.socket.destroy();
    }
  }

  private hear(kind: number, payload: Buffer): void {
    const { sink, monotonic } = this.options;
    const at = monotonic();
    if (this.number === null) {
      if (kind !== HELLO) throw new Error('it did not say who it is');
      clearTimeout(this.impatience);
      this.number = sink.begin(this.identity(parseHello(payload)), at);
    } else if (kind === SUMS) {
      const { paths, dropped } = parseSums(payload);
      sink.report(this.number, paths, dropped, at);
    } else if (kind === EVENTS) {
      for (const { path, port, reason } of parseEvents(payload)) sink.event(this.number, path, port, reason, at);
    } else throw new Error(`a frame of kind ${kind}`);
  }

  private identity({ pid, thread, node, uptime, netns }: Hello): ProbeIdentity {
    const peer = this.options.identify(this.socket, netns);
    return { ...peer, name: `${pid} ${thread}`, node, uptimeSeconds: uptime };
  }
}

/** A socket file that a daemon left behind. Any other file, and one that answers, is left alone. */
async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isSocket()) return;
  const isDead = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (isDead) unlinkSync(path);
}
