import type { DestinationReport, NamespaceReport } from '../../model/assessment.ts';
import type { Finding } from '../../model/cause.ts';
import type { ProbeView } from '../../model/probe.ts';

/** A destination's live connections as tcp_info tells of them (struct tcp_info, include/uapi/linux/tcp.h). */
export interface LiveSample {
  /** Connections asked about, all of them in ESTABLISHED. */
  readonly connections: number;
  /** Of these: more than one request was sent on them (more data segments out than one request takes). */
  readonly reused: number;
  /** Of these: what came for them was not read (receive queue not empty). */
  readonly unread: number;
  /** Of these: neither sent nor received data for a second or more. */
  readonly idle: number;
  /** Of these: have not carried data in either direction yet. */
  readonly unused: number;
}

/** All that a cause may look at. */
export interface CauseFacts {
  /** Numbers, states, rates, owners and forecast of the destination. */
  readonly report: Omit<DestinationReport, 'causes'>;
  /** Its namespace: range, reserved ports, blocked ports, tcp_tw_reuse, bind pools. */
  readonly namespace: Pick<
    NamespaceReport,
    'range' | 'reservedPorts' | 'usablePorts' | 'blockedPorts' | 'twReuse' | 'bindPools' | 'counters'
  >;
  /** Usable ports that a listening socket of the namespace takes from everybody. */
  readonly listenersInRange: number;
  /** null: no probe reports of this destination. */
  readonly probe: ProbeView | null;
  /** null: nobody asked. */
  readonly live: LiveSample | null;
  /**
   * Connections of the whole namespace that were closed with unread data, a second (TCPAbortOnClose): they end with a
   * RST and leave no TIME_WAIT. null: unknown.
   */
  readonly abortsPerSecond: number | null;
  /**
   * By how many a second live connections, and those in CLOSE_WAIT, have grown without a break for half a minute or more;
   * null: they have not.
   */
  readonly growth: { readonly livePerSecond: number | null; readonly closeWaitPerSecond: number | null };
}

/** One cause: what it needs to see is in its file. null: it does not hold, or too little is known. */
export type Rule = (facts: CauseFacts) => Finding | null;
