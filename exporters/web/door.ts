import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isWelcome } from './client-certificate.ts';
import type { Refusal } from './refusals.ts';
import type { TlsSettings } from './settings.ts';

/** A scrape sends a few hundred bytes of headers and no body; all else is a mistake or an attack. */
const LARGEST_HEADERS = 16 * 1024;
const MOST_HEADERS = 64;
/** Above the usual scrape interval of 15 s, so that a scraper keeps its connection. */
const KEEP_ALIVE_MS = 65_000;

/** What Node calls it when a handshake or a request takes too long. */
const TIMEOUTS = new Set(['ERR_TLS_HANDSHAKE_TIMEOUT', 'ERR_HTTP_REQUEST_TIMEOUT']);

export interface DoorOptions {
  /** null: plain HTTP. Whether there is TLS does not change later. */
  readonly tls: TlsSettings | null;
  readonly mostConnections: number;
  /** For the handshake, and for a request from its first byte to its last, in ms. */
  readonly requestMs: number;
  /** A connection, before anything is read from it. */
  readonly onConnection: (socket: Socket) => void;
  readonly onRequest: RequestListener;
  /** Somebody was hung up on. */
  readonly onRefused: (why: Extract<Refusal, 'certificate' | 'slow'>) => void;
}

/** A server of Node's with the limits of ours: whoever connects, it costs little and not for long. */
export class Door {
  readonly server: Server;
  private tls: TlsSettings | null;
  /** From which a request has come. */
  private readonly heard = new WeakSet<Socket>();
  /** By which settings a connection was let in. */
  private readonly letInBy = new WeakMap<Socket, TlsSettings | null>();

  constructor({ tls, mostConnections, requestMs, onConnection, onRequest, onRefused }: DoorOptions) {
    const limits = {
      maxHeaderSize: LARGEST_HEADERS,
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: requestMs / 2,
    };
    this.tls = tls;
    this.server =
      tls === null
        ? createServer(limits, onRequest)
        : createTlsServer({ ...limits, ...forServer(tls), handshakeTimeout: requestMs }, onRequest);
    const { server } = this;
    server.maxConnections = mostConnections;
    server.maxHeadersCount = MOST_HEADERS;
    // A client that takes nothing for this long is cut off, whatever it waits for.
    server.timeout = KEEP_ALIVE_MS;
    // Before those of Node: what is found out then holds for this connection.
    server.prependListener('connection', onConnection);
    if (tls === null) server.on('connection', (socket: Socket) => this.letInBy.set(socket, null));
    else server.prependListener('secureConnection', (socket: TLSSocket) => this.letIn(socket, onRefused));
    server.on('request', ({ socket }) => this.heard.add(socket));
    server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket) => {
      if (TIMEOUTS.has(code)) onRefused('slow');
      // Before the end of a handshake it would not be understood, and behind an answer be taken for another one.
      const speaks = this.letInBy.has(socket as Socket) && !this.heard.has(socket as Socket);
      // Destroyed as soon as that is out: half closed it would keep one of the places for connections.
      if (socket.writable)
        socket.end(speaks ? 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n' : '', () => socket.destroy());
      else socket.destroy();
    });
  }

  /** For connections from now on. Those that are idle are ended, and come back. */
  renew(tls: TlsSettings | null): void {
    if (tls === null || this.tls === null || tls === this.tls) return;
    this.tls = tls;
    // Properties of tls.Server that it reads for each connection. With the context the keys of its session tickets change,
    // so that nobody resumes what he would not be given any more.
    const { requestCert, ...context } = forServer(tls);
    Object.assign(this.server, { requestCert });
    (this.server as ReturnType<typeof createTlsServer>).setSecureContext(context);
    this.server.closeIdleConnections();
  }

  /** Whether it was let in by settings that have changed since. */
  isOutdated(socket: Socket): boolean {
    return this.letInBy.get(socket) !== this.tls;
  }

  /** Stops listening, ends idle connections, and after `graceMs` those too whose answer or request is not complete. */
  close(graceMs: number): Promise<void> {
    const { server } = this;
    return new Promise((resolve) => {
      const impatience = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close(() => {
        clearTimeout(impatience);
        resolve();
      });
    });
  }

  private letIn(socket: TLSSocket, onRefused: DoorOptions['onRefused']): void {
    socket.disableRenegotiation();
    this.letInBy.set(socket, this.tls);
    if (this.tls === null || isWelcome(socket, this.tls)) return;
    onRefused('certificate');
    socket.destroy();
  }
}

/** What a client's certificate is worth is decided by us, when the handshake is over (client-certificate.ts). */
const forServer = ({ context, clientAuth }: TlsSettings) => ({
  ...context,
  requestCert: clientAuth !== 'NoClientCert',
  rejectUnauthorized: false,
});
