import type { DestinationReport, NamespaceReport } from '../../model/assessment.ts';
import type { Finding } from '../../model/cause.ts';
import type { LiveSample } from '../../model/live-sample.ts';
import type { ProbeView } from '../../model/probe.ts';

/** All that a cause may look at. */
export interface CauseFacts {
  /** Numbers, states, rates, owners and forecast of the destination. */
  readonly report: Omit<DestinationReport, 'causes'>;
  /** Its namespace: range, reserved ports, blocked ports, tcp_tw_reuse, bind pools. */
  readonly namespace: Pick<
    NamespaceReport,
    'range' | 'reservedPorts' | 'usablePorts' | 'blockedPorts' | 'twReuse' | 'bindPools' | 'counters'
  >;
  /** Of its used ports, those that bind() is known to have chosen. */
  readonly boundPorts: number;
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
