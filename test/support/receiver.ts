// A receiver of alerts that behaves as a test wants it.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The sender's port, by which connections are told apart. */
  readonly port: number;
}

/** What becomes of a request: a status, or whatever is done with the answer. */
export type Behaviour = number | ((answer: ServerResponse, socket: Socket) => void);

export class TestReceiver {
  readonly received: Received[] = [];
  /** Connections, as they were opened. */
  readonly sockets: Socket[] = [];
  readonly port: number;
  behaviour: Behaviour = 200;
  private readonly server: ReturnType<typeof createServer>;
  private waiting: (() => void)[] = [];
  private isClosing = false;

  private constructor(server: ReturnType<typeof createServer>) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket: Socket) => {
      socket.on('error', () => undefined); // a sender that gives up
      // Accepted on its way to its end.
      if (this.isClosing) socket.destroy();
      this.sockets.push(socket);
      this.wake();
    });
    server.on('request', (request: IncomingMessage, answer: ServerResponse) => void this.take(request, answer));
  }

  /** `tls`: key and certificate in PEM. `port` 0: any. */
  static async open(
    options: { tls?: { key: string; cert: string }; port?: number; host?: string } = {},
  ): Promise<TestReceiver> {
    const none: RequestListener = () => undefined;
    const server = options.tls === undefined ? createServer(none) : createSecureServer(options.tls, none);
    // What is sent here stays open, as a receiver's connections do.
    server.keepAliveTimeout = 600_000;
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
    await once(server, 'listening');
    return new TestReceiver(server);
  }

  /** Waits for what the test is about. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Waits for so many requests in all. */
  async requests(count: number): Promise<readonly Received[]> {
    await this.until(() => this.received.length >= count);
    return this.received;
  }

  /** Waits for so many connections in all. */
  async connections(count: number): Promise<void> {
    await this.until(() => this.sockets.length >= count);
  }

  /** Ends all connections, and takes no more. */
  async close(): Promise<void> {
    this.isClosing = true;
    for (const socket of this.sockets) socket.destroy();
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }

  private async take(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part as Buffer);
    } catch {
      return; // the sender has gone
    }
    const { url = '', headers, socket } = request;
    this.received.push({ path: url, headers, body: Buffer.concat(parts).toString(), port: socket.remotePort ?? 0 });
    if (typeof this.behaviour === 'number') answer.writeHead(this.behaviour).end('{}');
    else this.behaviour(answer, socket);
    this.wake();
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }
}
