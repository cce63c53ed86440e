import { mkdirSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
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

/** Who has connected, by what the kernel says of him. A socket that he hands on speaks for him, and not when he has ended. */
export interface Peer {
  /** As this host sees it; null: the kernel did not say. */
  readonly pid: number | null;
  /** His network namespace. `claimed`: the one he says; null: nothing proves that it is true. */
  netns(claimed: number | null): number | null;
  /** Whether his process is gone. */
  hasEnded(): boolean;
  close(): void;
}

export interface ReceiverOptions {
  readonly path: string;
  /** Makes the socket at `path`; returns what takes it away again. */
  readonly listen: (server: Server) => Promise<() => void>;
  readonly sink: ProbeSink;
  /** In ms on a clock that no one sets. */
  readonly monotonic: () => number;
  readonly identify: (socket: Socket) => Peer;
  readonly onError: (what: string, error: unknown) => void;
}

/** Takes what probes send. Whatever one sends, it costs its own connection and nobody anything else. */
export class ProbeReceiver {
  private readonly server: Server;
  private readonly probes = new Set<ProbeConnection>();
  private readonly refill: NodeJS.Timeout;
  private readonly options: ReceiverOptions;
  private release: () => void = () => undefined;

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
    const { path } = options;
    const server = createServer();
    const receiver = new ProbeReceiver(options, server);
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      receiver.release = await options.listen(server);
      server.on('error', (error) => options.onError('the probe socket', error));
      return receiver;
    } catch (error) {
      clearInterval(receiver.refill);
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
    this.release();
    this.server.close();
  }

  private accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.probes.size >= MOST_PROBES) {
      this.options.sink.drop(1);
      socket.destroy();
      return;
    }
    // At once: the longer it takes, the more can have become of whoever connected.
    const probe = new ProbeConnection(socket, this.options.identify(socket), this.options);
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
  private isClosed = false;
  /** In the sink; null: it has not said who it is. */
  private number: number | null = null;
  private readonly impatience: NodeJS.Timeout;
  private readonly socket: Socket;
  private readonly peer: Peer;
  private readonly options: ReceiverOptions;

  constructor(socket: Socket, peer: Peer, options: ReceiverOptions) {
    this.socket = socket;
    this.peer = peer;
    this.options = options;
    this.impatience = setTimeout(() => socket.destroy(), HELLO_MS);
    this.impatience.unref();
    socket.on('data', (bytes) => this.take(bytes));
  }

  /** Once a second. What a program sent before it ended is read by then; what comes later is another's. */
  refill(): void {
    if (this.peer.hasEnded()) this.socket.destroy();
    this.left = MOST_BYTES_A_SECOND;
    if (this.socket.isPaused()) this.socket.resume();
  }

  end(): void {
    clearTimeout(this.impatience);
    this.socket.destroy();
    if (!this.isClosed) this.peer.close();
    this.isClosed = true;
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

  private identity({ pid, thread, node, uptime, netns: claimed }: Hello): ProbeIdentity {
    const netns = this.peer.netns(claimed);
    if (netns === null) throw new Error('nothing proves in which network namespace it is');
    return { pid: this.peer.pid, netns, name: `${pid} ${thread}`, node, uptimeSeconds: uptime };
  }
}
