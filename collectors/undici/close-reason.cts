// Why a connection ended, from what its socket and its last request say. Messages are undici's own, the same in all
// versions from 5 to 8; what none of them explains is `other`.
import { type Connection, SHORT_HINT } from './books.cts';
import { REASONS } from './wire.cts';

type Reason = (typeof REASONS)[number];

const NUMBERS = new Map(REASONS.map((reason, number) => [reason, number]));

export function reasonNumber(reason: Reason): number {
  return NUMBERS.get(reason) as number;
}

/** An error as far as it matters, whatever was thrown. */
export interface Failure {
  readonly code: string;
  readonly name: string;
  readonly message: string;
}

const NO_FAILURE: Failure = { code: '', name: '', message: '' };

/** fetch() gives a body that was dropped up with this text, which is no Error. */
const COLLECTED = 'Response object has been garbage collected';

export function failureOf(error: unknown): Failure {
  if (typeof error === 'string') return { code: '', name: '', message: error };
  if (typeof error !== 'object' || error === null) return NO_FAILURE;
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { code: text(code), name: text(name), message: text(message) };
}

/** How a request failed, in a word. */
export function kindOfFailure(error: unknown): string {
  const { code, name, message } = failureOf(error);
  if (message === COLLECTED) return 'collected';
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return code;
  if (name === 'AbortError' || name === 'TimeoutError' || code === 'UND_ERR_ABORTED') return 'aborted';
  return 'failed';
}

/** Of a connection of undici's; `failure` is its socket's error. */
export function undiciReason(connection: Connection, { code, name, message }: Failure, hasEnded: boolean): Reason {
  const { requests, hasHeaders, isComplete, inFlight, failure } = connection;
  if (requests === 0) return code === 'UND_ERR_SOCKET' ? 'server_closed_idle' : 'phantom';
  if (connection.isUpgrade) return 'upgraded';
  if (message === 'socket idle timeout') return 'idle_timeout';
  if (failure === 'collected') return 'body_collected';
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || failure === 'UND_ERR_HEADERS_TIMEOUT') return 'headers_timeout';
  if (code === 'UND_ERR_BODY_TIMEOUT' || failure === 'UND_ERR_BODY_TIMEOUT') return 'body_timeout';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'server_reset';
  if (message === 'other side closed') return serverClosed(connection);
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return 'client_closed';
  if (message === 'reset') return asked(connection, hasEnded);
  const isAborted = message === 'aborted' || name === 'AbortError' || name === 'TimeoutError' || failure === 'aborted';
  if (isAborted && !isComplete) return hasHeaders ? 'body_unread' : 'aborted';
  // A body that is destroyed with the program's own error.
  if (!isComplete && failure !== '') return hasHeaders ? 'body_unread' : 'aborted';
  if (hasEnded && inFlight === 0 && code === '') return 'server_closed_idle';
  return 'other';
}

function serverClosed({ inFlight, isComplete, hasHeaders, failure }: Connection): Reason {
  if (isComplete || (inFlight === 0 && failure === '')) return 'server_closed_idle';
  return hasHeaders ? 'server_closed_body' : 'server_closed_early';
}

/** Somebody said that this request was the connection's last. */
function asked(connection: Connection, hasEnded: boolean): Reason {
  const { isAsked, clientCloses, serverCloses, isHead, hint, requests } = connection;
  if (isAsked) return 'client_asked';
  if (isHead) return 'head_request';
  // To such a request the server says the same.
  if (clientCloses) return requests === 1 ? 'pipelining_off' : 'request_limit';
  if (serverCloses) return 'server_asked';
  if (hint <= SHORT_HINT) return 'keepalive_hint';
  return hasEnded ? 'eof_body' : 'other';
}

/** Of a connection of a node:http agent; `isComplete` is that of the last response. */
export function httpReason(connection: Connection, { code }: Failure, hasEnded: boolean, hasTimeout: boolean): Reason {
  const { inFlight, isComplete, hasHeaders, clientCloses, serverCloses, failure } = connection;
  if (connection.isUpgrade) return 'upgraded';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'server_reset';
  if (inFlight === 0) {
    if (hasEnded) return 'server_closed_idle';
    return hasTimeout ? 'idle_timeout' : 'client_closed';
  }
  if (isComplete) {
    if (clientCloses) return 'client_asked';
    if (serverCloses) return 'server_asked';
    return hasEnded ? 'eof_body' : 'other';
  }
  if (hasEnded && failure !== 'aborted') return hasHeaders ? 'server_closed_body' : 'server_closed_early';
  return hasHeaders ? 'body_unread' : 'aborted';
}
