// undici, every copy in the process and the one behind fetch: all publish on the same channels.
import type { Socket } from 'node:net';
import { type Books, type Connection, connectionOf, hostName, isIdle, mark, type Origin } from './books.cts';
import { isOwn, type Sampler } from './call-site.cts';
import { failureOf, kindOfFailure, reasonNumber, undiciReason } from './close-reason.cts';
import { codesOf } from './connect-error.cts';
import { readKeepAlive } from './keep-alive.cts';
import type { Subscribe } from './preload.cts';

isOwn(__filename);

interface ConnectParams {
  readonly host?: string;
  readonly hostname?: string;
  readonly protocol?: string;
  readonly port?: string;
}

interface Request {
  readonly origin?: unknown;
  readonly method?: unknown;
  /** The request asks for the connection's end: by option, or by a header. */
  readonly reset?: unknown;
  readonly upgrade?: unknown;
  [SITE]?: string;
}

interface SendHeaders {
  readonly request: Request;
  readonly headers: unknown;
  readonly socket: Socket;
}

const SITE = Symbol('lastport site');
/** As undici writes it, in HTTP/1.1. */
const CLOSES = '\r\nconnection: close\r\n';

export function watchUndici(subscribe: Subscribe, books: Books, sampler: Sampler): void {
  const originOf = ({ protocol = '', host = '' }: ConnectParams): Origin => books.origin(`${protocol}//${host}`);
  // Requests to one place come in a row.
  let lastName: unknown;
  let lastOrigin: Origin | undefined;
  const originOfRequest = ({ origin }: Request): Origin => {
    if (lastOrigin !== undefined && origin === lastName) return lastOrigin;
    lastName = origin;
    lastOrigin = books.origin(typeof origin === 'string' ? origin : String((origin as URL | undefined)?.origin));
    return lastOrigin;
  };

  function onClose(this: Socket): void {
    try {
      const connection = connectionOf(this);
      if (connection === null || connection === undefined || connection.isClosed) return;
      const { socket } = connection;
      const failure = failureOf(socket.errored ?? this.errored);
      books.close(connection, reasonNumber(undiciReason(connection, failure, socket.readableEnded)));
    } catch {
      books.faults++;
    }
  }

  const open = (socket: Socket, params: ConnectParams, isNew: boolean): Connection | null => {
    const origin = originOf(params);
    const isTls = (socket as { encrypted?: boolean }).encrypted === true;
    const connection = books.connection(socket, 'undici', isTls, hostName(params.hostname), origin, isNew);
    if (connection === null) mark(socket, null);
    else socket.on('close', onClose);
    return connection;
  };

  subscribe('undici:request:create', ({ request }: { request: Request }) => {
    originOfRequest(request).noteQueued();
    const site = sampler.take();
    if (site !== '') request[SITE] = site;
  });

  subscribe('undici:client:beforeConnect', ({ connectParams }: { connectParams: ConnectParams }) => {
    const origin = originOf(connectParams);
    if (origin.hasIdle()) origin.besideIdle++;
  });

  subscribe(
    'undici:client:connected',
    ({ connectParams, socket }: { connectParams: ConnectParams; socket: Socket }) => {
      if (socket !== undefined && connectionOf(socket) === undefined) open(socket, connectParams, true);
    },
  );

  subscribe(
    'undici:client:connectError',
    ({ connectParams, error }: { connectParams: ConnectParams; error: unknown }) => {
      const origin = originOf(connectParams);
      if (origin.besideIdle > 0) origin.besideIdle--;
      const isTls = connectParams.protocol === 'https:';
      for (const { code, local, remote, port } of codesOf(error)) {
        const name = hostName(connectParams.hostname);
        const place = remote === '' ? placeOf(connectParams, origin) : { remote, port };
        // A name that has no address takes no port.
        if (place !== null) books.path({ client: 'undici', isTls, name, local, ...place }, origin)?.noteError(code);
      }
    },
  );

  // `headers` holds credentials: of them only this is looked at, and nothing kept.
  subscribe('undici:client:sendHeaders', ({ request, headers, socket }: SendHeaders) => {
    const origin = originOfRequest(request);
    if (connectionOf(request) === undefined) origin.noteSent();
    let connection = connectionOf(socket);
    // Loaded late: it was open before.
    if (connection === undefined) connection = open(socket, paramsOf(request), false);
    if (connection === null) {
      mark(request, null);
      return;
    }
    mark(request, connection);
    connection.path.noteSent(connection);
    connection.isAsked = request.reset === true;
    connection.clientCloses = connection.isAsked || (typeof headers === 'string' && headers.includes(CLOSES));
    connection.isHead = request.method === 'HEAD';
    connection.isUpgrade = request.method === 'CONNECT' ? connection.isUpgrade : Boolean(request.upgrade);
    const site = request[SITE];
    if (site !== undefined || connection.site !== '') connection.site = site ?? '';
  });

  subscribe('undici:request:headers', ({ request, response }: { request: Request; response: { headers: unknown } }) => {
    const connection = connectionOf(request);
    if (connection === null || connection === undefined) return;
    connection.hasHeaders = true;
    readKeepAlive(response.headers, connection);
    if (connection.hint < connection.path.hint) connection.path.hint = connection.hint;
  });

  subscribe('undici:request:trailers', ({ request }: { request: Request }) => {
    const connection = connectionOf(request);
    if (connection === null || connection === undefined) return;
    connection.isComplete = true;
    connection.path.noteAnswered(connection);
    mark(request, null);
  });

  subscribe('undici:request:error', ({ request, error }: { request: Request; error: unknown }) => {
    const connection = connectionOf(request);
    if (connection === undefined) originOfRequest(request).noteSent();
    if (connection === null || connection === undefined) return;
    connection.failure = kindOfFailure(error);
    // What is left of the response comes to nobody, but the connection is not free: it is about to be closed.
    if (!isIdle(connection)) connection.path.noteAnswered(connection);
    mark(request, null);
  });
}

/** Where a connection went that did not come about in time, of which the error does not tell; null: not known. */
function placeOf({ hostname = '', port = '', protocol }: ConnectParams, origin: Origin) {
  const [known] = origin.paths;
  if (known !== undefined) return { remote: known.remote, port: known.port };
  if (hostName(hostname) !== '' || hostname === '') return null;
  return { remote: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

/** Of a request whose connection was made before the probe came. */
function paramsOf({ origin }: Request): ConnectParams {
  try {
    const { host, hostname, protocol } = new URL(String(origin));
    return { host, hostname, protocol };
  } catch {
    return {};
  }
}
