// What is counted, by path: a program's connections from one local address to one remote one. All of it is bounded, and
// nothing is kept of a request.
import type { Socket } from 'node:net';
import type { KeepAlive } from './keep-alive.cts';
import { EVENT_BYTES, OPENED, REASONS } from './wire.cts';

/** Of paths kept in detail; a program that talks to more has the rest counted as dropped. */
const MOST_PATHS = 1000;
/** Origins whose queues are watched. */
const MOST_ORIGINS = 1000;
const MOST_SITES = 16;
const MOST_CODES = 16;
/** Connections opened and closed from one report to the next whose ports are told. */
const MOST_EVENTS = 4096;
/** Connections of a path looked at for an idle one. */
const SEARCHED = 16;
/** Seconds: undici does not use a connection again that the server keeps for no longer (its keepAliveTimeoutThreshold). */
export const SHORT_HINT = 2;

/** Marks a socket, and a request, with its connection. */
const CONNECTION = Symbol('lastport connection');

/** One connection, from its opening to its close. */
export interface Connection extends KeepAlive {
  readonly path: Path;
  readonly localPort: number;
  /** The outermost: TLS inside a proxy's tunnel has its own. */
  socket: Socket;
  requests: number;
  /** Requests sent on it and not answered to the end. */
  inFlight: number;
  /** Of the last request. */
  hasHeaders: boolean;
  isComplete: boolean;
  /** Whether the request said that it is the connection's last. */
  clientCloses: boolean;
  /** By an option or a header of its own; undici adds one by itself too. */
  isAsked: boolean;
  isHead: boolean;
  isUpgrade: boolean;
  /** How it failed: the error's code, or its name; '': it did not. */
  failure: string;
  /** Where it was made, if that was sampled. */
  site: string;
  agent: object | null;
  isClosed: boolean;
  /** Whole beats it has been open without a request, or has had an unread body without a byte coming in. */
  still: number;
  bytesRead: number;
  isTold: boolean;
}

/** Where requests go, whether or not a connection is there yet. */
export class Origin {
  readonly paths = new Set<Path>();
  queued = 0;
  mostQueued = 0;
  /** Connections being opened although one was idle. */
  besideIdle = 0;

  noteQueued(): void {
    this.queued++;
    if (this.queued > this.mostQueued) this.mostQueued = this.queued;
  }

  noteSent(): void {
    if (this.queued > 0) this.queued--;
  }

  /** Whether a connection is there that could take a request. */
  hasIdle(): boolean {
    for (const path of this.paths) {
      let seen = 0;
      for (const connection of path.connections.values()) {
        if (isIdle(connection)) return true;
        if (++seen === SEARCHED) break;
      }
    }
    return false;
  }
}

export class Path {
  readonly id: number;
  readonly client: 'undici' | 'http';
  readonly isTls: boolean;
  readonly name: string;
  readonly local: string;
  readonly remote: string;
  readonly port: number;
  readonly origin: Origin;
  /** By local port. */
  readonly connections = new Map<number, Connection>();
  opens = 0;
  requests = 0;
  besideIdle = 0;
  /** By the number of the reason. */
  readonly closes = new Array<number>(REASONS.length).fill(0);
  readonly errors = new Map<string, number>();
  readonly sites = new Map<string, [site: string, reason: string, count: number]>();
  concurrent = 0;
  mostOpen = 0;
  mostConcurrent = 0;
  /** Infinity: none seen. */
  hint = Number.POSITIVE_INFINITY;
  hasChanged = true;

  constructor(id: number, place: Place, origin: Origin) {
    this.id = id;
    this.client = place.client;
    this.isTls = place.isTls;
    this.name = place.name;
    this.local = place.local;
    this.remote = place.remote;
    this.port = place.port;
    this.origin = origin;
  }

  noteSent(connection: Connection): void {
    this.requests++;
    connection.requests++;
    connection.inFlight++;
    this.concurrent++;
    if (this.concurrent > this.mostConcurrent) this.mostConcurrent = this.concurrent;
    connection.hasHeaders = false;
    connection.isComplete = false;
    connection.serverCloses = false;
    connection.hint = Number.POSITIVE_INFINITY;
    connection.failure = '';
    connection.still = 0;
    connection.isTold = false;
    this.hasChanged = true;
  }

  noteAnswered(connection: Connection): void {
    if (connection.inFlight === 0) return;
    connection.inFlight--;
    this.concurrent--;
  }

  noteSite(site: string, reason: string): void {
    const key = `${reason} ${site}`;
    const known = this.sites.get(key);
    if (known !== undefined) known[2]++;
    else if (this.sites.size < MOST_SITES) this.sites.set(key, [site, reason, 1]);
  }

  noteError(code: string): void {
    const known = this.errors.get(code);
    if (known === undefined && this.errors.size >= MOST_CODES) return;
    this.errors.set(code, (known ?? 0) + 1);
    this.hasChanged = true;
  }
}

interface Place {
  readonly client: 'undici' | 'http';
  readonly isTls: boolean;
  readonly name: string;
  readonly local: string;
  readonly remote: string;
  readonly port: number;
}

/** Everything that one thread of a program is known to do. */
export class Books {
  private readonly origins = new Map<string, Origin>();
  /** What does not fit. */
  private readonly elsewhere = new Origin();
  readonly paths = new Map<string, Path>();
  readonly events = Buffer.alloc(MOST_EVENTS * EVENT_BYTES);
  eventCount = 0;
  /** Since the program began. */
  dropped = 0;
  faults = 0;
  private lastId = 0;
  private readonly wake: () => void;

  /** `wake`: called when there is something to tell. */
  constructor(wake: () => void) {
    this.wake = wake;
  }

  /** By scheme and host, as in "https://api.example.com:8443". */
  origin(name: string): Origin {
    const known = this.origins.get(name);
    if (known !== undefined) return known;
    this.wake();
    if (this.origins.size >= MOST_ORIGINS) {
      for (const [other, { queued, paths }] of this.origins) {
        if (queued > 0 || paths.size > 0) continue;
        this.origins.delete(other);
        break;
      }
    }
    if (this.origins.size >= MOST_ORIGINS) return this.elsewhere;
    const origin = new Origin();
    this.origins.set(name, origin);
    return origin;
  }

  /** null: there is no room. */
  path(place: Place, origin: Origin): Path | null {
    const key = `${place.client} ${place.isTls} ${place.local} ${place.remote} ${place.port} ${place.name}`;
    const known = this.paths.get(key);
    if (known !== undefined) return known;
    this.wake();
    if (this.paths.size >= MOST_PATHS) this.makeRoom();
    if (this.paths.size >= MOST_PATHS) {
      this.dropped++;
      return null;
    }
    const path = new Path(++this.lastId, place, origin);
    this.paths.set(key, path);
    origin.paths.add(path);
    return path;
  }

  /** Forgets the oldest path that has no connection and was told. */
  private makeRoom(): void {
    for (const [key, path] of this.paths) {
      if (path.connections.size > 0 || path.hasChanged) continue;
      this.paths.delete(key);
      path.origin.paths.delete(path);
      return;
    }
  }

  /** The connection of a socket that is connected; null: it has no ports, or there is no room. */
  connection(
    socket: Socket,
    client: 'undici' | 'http',
    isTls: boolean,
    name: string,
    origin: Origin,
    isNew: boolean,
  ): Connection | null {
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    if (localPort === undefined || remotePort === undefined) return null;
    if (localAddress === undefined || remoteAddress === undefined) return null;
    // In a tunnel of a proxy the socket inside has the same ports: it is the same connection.
    const tunnelled = innerConnection(socket);
    if (tunnelled !== null) {
      tunnelled.socket = socket;
      mark(socket, tunnelled);
      return tunnelled;
    }
    const place = { client, isTls, name, local: localAddress, remote: remoteAddress, port: remotePort };
    const path = this.path(place, origin);
    if (path === null) return null;
    const connection: Connection = {
      path,
      localPort,
      socket,
      requests: 0,
      inFlight: 0,
      hasHeaders: false,
      isComplete: false,
      clientCloses: false,
      isAsked: false,
      isHead: false,
      isUpgrade: false,
      serverCloses: false,
      hint: Number.POSITIVE_INFINITY,
      failure: '',
      site: '',
      agent: null,
      isClosed: false,
      still: 0,
      bytesRead: 0,
      isTold: false,
    };
    mark(socket, connection);
    path.connections.set(localPort, connection);
    if (path.connections.size > path.mostOpen) path.mostOpen = path.connections.size;
    if (isNew) path.opens++;
    path.hasChanged = true;
    if (origin.besideIdle > 0) {
      origin.besideIdle--;
      path.besideIdle++;
    }
    this.event(path, localPort, OPENED);
    return connection;
  }

  close(connection: Connection, reason: number): void {
    if (connection.isClosed) return;
    connection.isClosed = true;
    const { path, localPort } = connection;
    if (path.connections.get(localPort) === connection) path.connections.delete(localPort);
    path.concurrent -= connection.inFlight;
    connection.inFlight = 0;
    path.closes[reason] = (path.closes[reason] as number) + 1;
    if (connection.site !== '') path.noteSite(connection.site, REASONS[reason] as string);
    path.hasChanged = true;
    this.event(path, localPort, reason);
  }

  private event(path: Path, localPort: number, reason: number): void {
    this.wake();
    if (this.eventCount === MOST_EVENTS) {
      this.dropped++;
      return;
    }
    const at = this.eventCount++ * EVENT_BYTES;
    this.events.writeUInt32LE(path.id, at);
    this.events.writeUInt16LE(localPort, at + 4);
    this.events[at + 6] = reason;
    this.events[at + 7] = 0;
  }
}

export function connectionOf(marked: object): Connection | null | undefined {
  return (marked as { [CONNECTION]?: Connection | null })[CONNECTION];
}

export function mark(marked: object, connection: Connection | null): void {
  (marked as { [CONNECTION]?: Connection | null })[CONNECTION] = connection;
}

/** Whether it could take a request now. */
export function isIdle(connection: Connection): boolean {
  const { inFlight, requests, isComplete, isUpgrade, serverCloses, clientCloses, hint, socket } = connection;
  if (inFlight > 0 || requests === 0 || !isComplete || isUpgrade || serverCloses || clientCloses) return false;
  return hint > SHORT_HINT && !socket.destroyed;
}

/** What a TLS socket is made over, where undici's tunnels through a proxy do that (TLSSocket's own `_parent`). */
function innerConnection(socket: Socket): Connection | null {
  const inner = (socket as { _parent?: unknown })._parent;
  if (typeof inner !== 'object' || inner === null) return null;
  const known = connectionOf(inner) ?? null;
  return known !== null && !known.isClosed ? known : null;
}

const ADDRESS = /^\[|^[\d.]+$|:/;

/** What a path is called; '' where the program uses the address itself. */
export function hostName(name: unknown): string {
  return typeof name === 'string' && !ADDRESS.test(name) ? name.slice(0, 253) : '';
}
