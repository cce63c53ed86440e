// What is told at a beat: every path that has changed, and the connections opened and closed since.
import { type Books, type Connection, isIdle, type Path } from './books.cts';
import { responseOf } from './http-channels.cts';
import { EVENT_BYTES, EVENTS, frame, HEADER_BYTES, MOST_BYTES, REASONS, SUMS, type WirePath } from './wire.cts';

/** Beats without progress: 1 s. */
const STILL_BEATS = 4;
/** Connections of a path examined at one beat. */
const EXAMINED = 4096;

/** Frames. `beats`: since the last time; `all`: also what has not changed, for a daemon that knows nothing yet. */
export function report(books: Books, beats: number, all: boolean): Buffer[] {
  const frames: Buffer[] = [];
  let texts: string[] = [];
  let length = 0;
  const head = () => `{"dropped":${books.dropped},"faults":${books.faults},"paths":[`;
  const end = () => {
    frames.push(frame(SUMS, Buffer.from(`${head()}${texts.join(',')}]}`)));
    texts = [];
    length = 0;
  };
  for (const path of books.paths.values()) {
    const gauges = examine(path, beats);
    if (!path.hasChanged && !all) continue;
    const text = JSON.stringify(pathSums(path, gauges));
    // Text of two bytes a letter at most comes from file names; three letters' room for each is enough.
    const most = text.length * 3 + 1;
    if (length + most > MOST_BYTES - HEADER_BYTES - 256 && texts.length > 0) end();
    if (most > MOST_BYTES - HEADER_BYTES - 256) books.dropped++;
    else {
      texts.push(text);
      length += most;
    }
    path.hasChanged = false;
    path.mostOpen = path.connections.size;
    path.mostConcurrent = path.concurrent;
    path.origin.mostQueued = path.origin.queued;
  }
  if (texts.length > 0) end();
  if (books.eventCount > 0) {
    // After the sums, so that every path is known.
    frames.push(frame(EVENTS, books.events.subarray(0, books.eventCount * EVENT_BYTES)));
    books.eventCount = 0;
  }
  return frames;
}

interface Gauges {
  idle: number;
  unread: number;
  unused: number;
  agents: number;
}

/** Looks at the live connections of a path. */
function examine(path: Path, beats: number): Gauges {
  const gauges: Gauges = { idle: 0, unread: 0, unused: 0, agents: 0 };
  const agents = new Set<object>();
  let seen = 0;
  for (const connection of path.connections.values()) {
    if (++seen > EXAMINED) break;
    if (isIdle(connection)) gauges.idle++;
    if (connection.agent !== null) agents.add(connection.agent);
    const isUnused = connection.requests === 0;
    if (isUnused || isUnread(connection)) {
      connection.still += beats;
      if (connection.still < STILL_BEATS) continue;
      if (isUnused) gauges.unused++;
      else gauges.unread++;
      if (connection.isTold) continue;
      connection.isTold = true;
      path.hasChanged = true;
      if (!isUnused && connection.site !== '') path.noteSite(connection.site, 'unread');
    } else {
      if (connection.isTold) path.hasChanged = true;
      connection.isTold = false;
      connection.still = 0;
    }
  }
  gauges.agents = agents.size;
  return gauges;
}

/** A response that has come in part, with more waiting in the socket than anybody reads. */
function isUnread(connection: Connection): boolean {
  const { socket, hasHeaders, isComplete, path } = connection;
  const { bytesRead } = socket;
  const isStill = bytesRead === connection.bytesRead;
  connection.bytesRead = bytesRead;
  if (!isStill || !hasHeaders || connection.isUpgrade) return false;
  if (path.client === 'undici') return !isComplete && socket.readableLength > 0;
  const response = responseOf(socket);
  return response !== null && !response.readableEnded && response.readableLength > 0;
}

function pathSums(path: Path, { idle, unread, unused, agents }: Gauges): WirePath {
  const closes: { [reason: string]: number } = {};
  for (const [number, count] of path.closes.entries()) if (count > 0) closes[REASONS[number] as string] = count;
  return {
    id: path.id,
    client: path.client,
    tls: path.isTls,
    name: path.name,
    local: path.local,
    remote: path.remote,
    port: path.port,
    opens: path.opens,
    requests: path.requests,
    besideIdle: path.besideIdle,
    closes,
    errors: Object.fromEntries(path.errors),
    open: path.connections.size,
    idle,
    unread,
    unused,
    clients: agents,
    mostOpen: path.mostOpen,
    mostConcurrent: path.mostConcurrent,
    mostQueued: path.origin.mostQueued,
    hint: path.hint === Number.POSITIVE_INFINITY ? null : path.hint,
    sites: [...path.sites.values()],
  };
}
