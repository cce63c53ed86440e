// A daemon that only listens: what programs with a probe send it, and the programs.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProbeSums } from '../../agent/model/probe.ts';
import { FrameReader } from '../../collectors/undici/frame-reader.ts';
import {
  type Hello,
  type ProbeEvent,
  parseEvents,
  parseHello,
  parseSums,
} from '../../collectors/undici/probe-message.ts';
import { EVENTS, HELLO, SUMS } from '../../collectors/undici/wire.cts';

export const PROBE = fileURLToPath(new URL('../../collectors/undici/probe.cjs', import.meta.url));
/** Where `undici` and `undici6` are found by programs that are text. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** One program's thread, as it reports. */
export interface Heard {
  hello: Hello | null;
  /** The last that was said of each path. */
  readonly paths: Map<number, ProbeSums>;
  readonly events: ProbeEvent[];
  dropped: number;
  faults: number;
}

export class Listener {
  readonly path = join(mkdtempSync(join(tmpdir(), 'lastport-probe-')), 'probe.sock');
  readonly heard: Heard[] = [];
  /** All bytes that came. */
  readonly bytes: Buffer[] = [];
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private static readonly running = new Set<Listener>();

  /** Those that a test which failed has left. */
  static stopAll(): void {
    for (const listener of Listener.running) listener.stop();
  }

  constructor(serve?: (socket: Socket) => void) {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      if (serve === undefined) this.listen(socket);
      else serve(socket);
    });
  }

  async start(): Promise<this> {
    Listener.running.add(this);
    this.server.listen(this.path);
    await once(this.server, 'listening');
    return this;
  }

  stop(): void {
    Listener.running.delete(this);
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  /** Of all programs, by the client and what was called. */
  get all(): readonly ProbeSums[] {
    return this.heard.flatMap(({ paths }) => [...paths.values()]);
  }

  private listen(socket: Socket): void {
    const heard: Heard = { hello: null, paths: new Map(), events: [], dropped: 0, faults: 0 };
    this.heard.push(heard);
    const reader = new FrameReader();
    socket.on('data', (bytes) => {
      this.bytes.push(bytes);
      for (const { kind, payload } of reader.read(bytes)) {
        if (kind === HELLO) heard.hello = parseHello(payload);
        else if (kind === SUMS) {
          const { paths, dropped, faults } = parseSums(payload);
          for (const path of paths) heard.paths.set(path.id, path);
          heard.dropped = dropped;
          heard.faults = faults;
        } else if (kind === EVENTS) heard.events.push(...parseEvents(payload));
      }
    });
  }
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

export interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Runs `code` as a module, with the probe or without. */
export function run(
  code: string,
  {
    socket,
    by = '--require',
    env = {},
    args = [],
    node = process.execPath,
  }: {
    socket?: string;
    by?: '--require' | '--import' | 'NODE_OPTIONS' | null;
    env?: NodeJS.ProcessEnv;
    args?: string[];
    node?: string;
  },
): Program {
  const started = performance.now();
  const load = by === null || by === 'NODE_OPTIONS' ? [] : [by, PROBE];
  const child = spawn(node, [...load, '--input-type=module', ...args, '-e', code], {
    cwd: ROOT,
    env: {
      ...process.env,
      ...(by === 'NODE_OPTIONS' ? { NODE_OPTIONS: `--require ${JSON.stringify(PROBE)}` } : {}),
      ...(socket === undefined ? {} : { LASTPORT_PROBE_SOCKET: socket }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes) => {
    text.stdout += bytes;
  });
  child.stderr.on('data', (bytes) => {
    text.stderr += bytes;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({
    code,
    signal,
    ...text,
    tookMs: performance.now() - started,
  }));
  return { child, ended };
}

/** A server that answers everything, large where the path says so. */
export async function startServer(): Promise<{ url: string; server: HttpServer }> {
  const large = Buffer.alloc(1 << 20, 'x');
  const server = createHttp((request, response) => {
    request.resume();
    response.end(request.url?.startsWith('/large') ? large : 'hello');
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
