/** A destination's live connections as tcp_info tells of them (struct tcp_info, include/uapi/linux/tcp.h). */
export interface LiveSample {
  /** Connections asked about, all of them in ESTABLISHED. */
  readonly connections: number;
  /** Of these: more than one request was sent on them (more data segments out than one request takes). */
  readonly reused: number;
  /** Of these: what came for them a second ago or earlier was not read (receive queue not empty). */
  readonly unread: number;
  /** Of these: neither sent nor received data for a second or more. */
  readonly idle: number;
  /** Of these: have not carried data in either direction yet. */
  readonly unused: number;
}
