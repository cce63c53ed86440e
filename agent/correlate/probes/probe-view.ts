import type { DestinationReport } from '../../model/assessment.ts';
import type { CloseReason, ProbeView } from '../../model/probe.ts';
import type { SocketTable } from '../../model/socket-table.ts';
import { TIME_WAIT } from '../../model/state.ts';
import type { PortNotes } from './port-notes.ts';
import type { NetnsProbes } from './probe-ledger.ts';
import { WINDOW_MS } from './probe-window.ts';

/** Connections that come and go while the table is read and while the probes tell. */
const MISSED_RATIO = 0.1;
const MISSED_LEAST = 2;
/** Closes may have been lost on the way, but not so many. */
const UNTOLD_RATIO = 0.5;
const UNTOLD_LEAST = 20;

/** What probes tell of a destination, joined with the kernel's table by local port. `index`: in the table; null: not there. */
export function probeView(
  probes: NetnsProbes,
  { local, remote, remotePort, usedPorts, states }: DestinationReport,
  table: SocketTable,
  index: number | null,
  at: number,
): ProbeView | null {
  if (local === null) return null;
  const view = probes.view(local, remote, remotePort);
  if (view === null) return null;
  const notes = probes.notes(local, remote, remotePort);
  const timeWait = notes === null || index === null ? {} : timeWaitBy(notes, table, index, at);
  const live = usedPorts - (states.time_wait ?? 0);
  const lacks = live - view.gauges.open > Math.max(MISSED_LEAST, live * MISSED_RATIO) || lacksCloses(view, states);
  return { ...view, timeWait, isAll: probes.isAll(local, remote, remotePort, lacks) };
}

/** Connections of others may be too short-lived to be seen, but not their TIME_WAIT, all of which are of the last minute. */
function lacksCloses(
  { seconds, counts }: Pick<ProbeView, 'seconds' | 'counts'>,
  states: DestinationReport['states'],
): boolean {
  if (seconds < WINDOW_MS / 1000) return false;
  const waiting = states.time_wait ?? 0;
  const told = Object.values(counts.closes).reduce((sum, count) => sum + count, 0);
  return waiting - told > Math.max(UNTOLD_LEAST, waiting * UNTOLD_RATIO);
}

/** Of the rows of one destination: those that a probe has told about. */
function timeWaitBy(
  notes: PortNotes,
  table: SocketTable,
  destination: number,
  at: number,
): { readonly [reason in CloseReason]?: number } {
  const found: { [reason in CloseReason]?: number } = {};
  for (let row = table.firstRow(destination); row >= 0; row = table.next[row]!) {
    if (table.state[row] !== TIME_WAIT) continue;
    const reason = notes.reasonOf(table.localPort[row]!, at);
    if (reason !== null) found[reason] = (found[reason] ?? 0) + 1;
  }
  return found;
}
