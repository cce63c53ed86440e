// node:http and node:https, whoever uses them: got, axios, aws-sdk, and agents of their own kind.
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Books, type Connection, connectionOf, hostName, mark, SHORT_HINT } from './books.cts';
import { isOwn, type Sampler } from './call-site.cts';
import { failureOf, httpReason, kindOfFailure, reasonNumber } from './close-reason.cts';
import { codesOf } from './connect-error.cts';
import { readKeepAlive } from './keep-alive.cts';
import type { Subscribe } from './preload.cts';

isOwn(__filename);

/** What node:http keeps of a request on its socket, from its sending until the connection is free. */
interface HttpSocket extends Socket {
  readonly _httpMessage?: (ClientRequest & { readonly res?: IncomingMessage | null }) | null;
}

type Site = { [SITE]?: string };
const SITE = Symbol('lastport site');

export function watchHttp(subscribe: Subscribe, books: Books, sampler: Sampler): void {
  const originOf = ({ protocol, host }: ClientRequest, port: number) =>
    books.origin(`node ${protocol}//${host}:${port}`);

  function onClose(this: HttpSocket): void {
    try {
      const connection = connectionOf(this);
      if (connection === null || connection === undefined || connection.isClosed) return;
      const response = responseOf(this);
      if (response !== null) {
        connection.hasHeaders = true;
        connection.isComplete = response.complete;
      }
      const hasTimeout = connection.hint !== Number.POSITIVE_INFINITY || (this.timeout ?? 0) > 0;
      const reason = httpReason(connection, failureOf(this.errored), this.readableEnded, hasTimeout);
      books.close(connection, reasonNumber(reason));
    } catch {
      books.faults++;
    }
  }

  /** The agent has it back. It has decided already whether it keeps it. */
  function onFree(this: HttpSocket): void {
    try {
      const connection = connectionOf(this);
      if (connection === null || connection === undefined || connection.isClosed) return;
      connection.isComplete = true;
      connection.path.noteAnswered(connection);
      if (!this.destroyed || this.errored !== null) return;
      // One second is what node:http takes off the hint.
      const reason = connection.hint < SHORT_HINT ? 'keepalive_hint' : 'idle_limit';
      if (!connection.serverCloses && !connection.clientCloses) books.close(connection, reasonNumber(reason));
    } catch {
      books.faults++;
    }
  }

  const open = (request: ClientRequest, socket: Socket): Connection | null => {
    const origin = originOf(request, socket.remotePort ?? 0);
    const isTls = (socket as { encrypted?: boolean }).encrypted === true;
    const name = hostName(request.host);
    const connection = books.connection(socket, 'http', isTls, name, origin, !request.reusedSocket);
    if (connection === null) {
      mark(socket, null);
      return null;
    }
    socket.on('close', onClose);
    socket.on('free', onFree);
    return connection;
  };

  // Node 22.12 and later: here the program's own code is still on the stack.
  subscribe('http.client.request.created', ({ request }: { request: ClientRequest & Site }) => {
    const site = sampler.take();
    if (site !== '') request[SITE] = site;
  });

  const send = (request: ClientRequest & Site, socket: Socket): void => {
    const connection = connectionOf(socket) === undefined ? open(request, socket) : connectionOf(socket);
    if (connection === null || connection === undefined) return;
    // The one before had no end that was seen.
    connection.path.noteAnswered(connection);
    connection.path.noteSent(connection);
    connection.isAsked = !request.shouldKeepAlive;
    connection.clientCloses = connection.isAsked;
    connection.isUpgrade = request.method === 'CONNECT';
    connection.agent = (request as { agent?: object }).agent ?? null;
    connection.site = request[SITE] ?? '';
  };

  subscribe('http.client.request.start', ({ request }: { request: ClientRequest & Site }) => {
    const { socket } = request;
    if (socket === null) return;
    if (request[SITE] === undefined) {
      const site = sampler.take();
      if (site !== '') request[SITE] = site;
    }
    if (!socket.connecting) {
      send(request, socket);
      return;
    }
    socket.once('connect', () => {
      try {
        send(request, socket);
      } catch {
        books.faults++;
      }
    });
  });

  subscribe(
    'http.client.response.finish',
    ({ request, response }: { request: ClientRequest; response: IncomingMessage }) => {
      const connection = request.socket === null ? undefined : connectionOf(request.socket);
      if (connection === null || connection === undefined) return;
      connection.hasHeaders = true;
      if (response.statusCode === 101) connection.isUpgrade = true;
      readKeepAlive(response.rawHeaders, connection);
      if (connection.hint < connection.path.hint) connection.path.hint = connection.hint;
    },
  );

  subscribe('http.client.request.error', ({ request, error }: { request: ClientRequest; error: unknown }) => {
    const connection = request.socket === null ? undefined : connectionOf(request.socket);
    if (connection !== null && connection !== undefined) {
      connection.failure = kindOfFailure(error);
      return;
    }
    if (!isConnectError(error)) return;
    const isTls = request.protocol === 'https:';
    for (const { code, local, remote, port } of codesOf(error)) {
      if (remote === '') continue; // a name that has no address takes no port
      const origin = originOf(request, port);
      books.path({ client: 'http', isTls, name: hostName(request.host), local, remote, port }, origin)?.noteError(code);
    }
  });
}

/** The response under way; null: none. */
export function responseOf(socket: Socket): IncomingMessage | null {
  return (socket as HttpSocket)._httpMessage?.res ?? null;
}

function isConnectError(error: unknown): boolean {
  const { syscall, errors } = (error ?? {}) as { syscall?: unknown; errors?: unknown };
  return syscall === 'connect' || syscall === 'bind' || Array.isArray(errors);
}
