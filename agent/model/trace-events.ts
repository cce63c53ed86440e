/** Which side of a connection closed first. */
export type Closer = 'here' | 'there';

/**
 * Takes what the kernel's trace says, in the order of time. Sockets are the kernel's addresses of them, destinations are
 * SocketTable's plain signatures, tasks are numbers that TraceTasks knows; `at` is in ms of the monotonic clock.
 */
export interface TraceSink {
  /** connect() was called. `boundPort`: what bind() had chosen; 0: connect() chooses. */
  connecting(socket: number, task: number, destination: number, boundPort: number, at: number): void;
  established(socket: number, destination: number, localPort: number, at: number): void;
  /** It never came about. `localPort` 0: there was none to be had. */
  failed(socket: number, destination: number, localPort: number, at: number): void;
  closed(destination: number, localPort: number, closer: Closer): void;
  /** connect() or bind() returned this error (a positive errno), which failed() may have told of just before. */
  refused(task: number, errno: number, at: number): void;
  /** What was known before may be so no more: events were lost, or it is followed in another way from now on. */
  broken(mode: TraceMode): void;
}

/** The threads that called connect(), known as of the last drain. */
export interface TraceTasks {
  /** See SocketOwners. 0: not known, or not yet. */
  programOf(task: number): number;
  /** Inode of its network namespace; 0: it had gone before that could be read. */
  netnsOf(task: number): number;
}

/** all: opens, ports and closes. opens: so much happens that only who opens what is followed. */
export type TraceMode = 'all' | 'opens';

/** How the trace does. */
export interface TraceHealth {
  readonly mode: TraceMode;
  readonly events: number;
  readonly lostEvents: number;
}
