// Views of `lastport top`, and its screen as text.
import { explainedOf } from '../../agent/commands/explain.ts';
import type { Assessment } from '../../agent/model/assessment.ts';
import { type Line, lineWidth } from '../../exporters/top/line.ts';
import { rowsOf } from '../../exporters/top/rows.ts';
import { screen, type View } from '../../exporters/top/screen.ts';
import { INITIAL, type ViewState } from '../../exporters/top/state.ts';
import { assessment, cause, destination, namespace, owner, PROBED } from './assessments.ts';

const FORECAST = destination().forecast;
const STEADY = { ...FORECAST, kind: 'steady', slowConnectInSeconds: null, exhaustedInSeconds: null } as const;

/** A host with a storm, a busy proxy, and something small. */
export const BUSY: Assessment = assessment({
  verdict: 'critical',
  namespaces: [
    namespace({
      verdict: 'critical',
      destinations: [
        destination({
          ...PROBED,
          remoteName: 'api.example.com',
          verdict: 'critical',
          causes: [
            cause({ cause: 'unread_body', callSite: '/srv/app/api.js:41' }),
            cause({ cause: 'connection_per_request' }),
          ],
        }),
        destination({
          remote: '10.9.1.5',
          remotePort: 9000,
          usedPorts: 12_600,
          states: { established: 12_600 },
          headroomPorts: 15_629,
          fastHeadroomPorts: 1516,
          opensPerSecond: 210,
          owners: [
            owner({ command: 'nginx', unit: null, pid: 1, usedPorts: 9000 }),
            owner({ command: 'nginx', unit: null, pid: 2, usedPorts: 3600 }),
          ],
          forecast: { ...STEADY, settlesAtPorts: 12_600, peakUsedPorts: 12_600 },
          verdict: 'healthy',
        }),
        destination({
          remote: '2001:db8:85a3:8d3:1319:8a2e:370:7348',
          remotePort: 443,
          local: '2001:db8::2',
          usedPorts: 5,
          states: { established: 5 },
          headroomPorts: 28_224,
          fastHeadroomPorts: 14_111,
          opensPerSecond: null,
          owners: [owner({ unit: 'warehouse-replication-exporter-eu-central-1.service', usedPorts: 5 })],
          forecast: { ...STEADY, kind: 'unknown' },
          verdict: 'healthy',
        }),
      ],
      destinationsOmitted: 3,
      omittedUsedPorts: 3,
    }),
  ],
  gaps: [
    { source: 'proc-fd', what: 'owners of 12 sockets', why: 'EACCES', costs: 'whose they are' },
    { source: 's', what: 'IPv6', why: 'ENOENT', costs: '' },
  ],
});

export function viewOf(
  columns: number,
  rows: number,
  state: Partial<ViewState> = {},
  overrides: Partial<View> = {},
): View {
  return {
    feed: { from: 'daemon', assessment: BUSY, problem: null },
    state: { ...INITIAL, chosen: state.mode === 'detail' ? keyOfRow('10.9.0.2:8080') : null, ...state },
    size: { columns, rows },
    ageSeconds: 0,
    history: (key) => Array.from({ length: 40 }, (_, look) => (key.includes('8080') ? look * 350 : 12_600)),
    explain: (all, { namespace, one }) => explainedOf(all, 'daemon', namespace, one),
    ...overrides,
  };
}

export const textOf = (line: Line): string =>
  line
    .map(({ text }) => text)
    .join('')
    .trimEnd();

/** As it would stand there; fails if it has more lines or columns than the screen. */
export function screenText(view: View): string {
  const { lines } = screen(view);
  const { columns, rows } = view.size;
  if (lines.length !== rows) throw new Error(`${lines.length} lines on ${rows} rows`);
  for (const line of lines) {
    if (lineWidth(line) > columns) throw new Error(`${lineWidth(line)} columns on ${columns}: ${textOf(line)}`);
  }
  return `${lines.map(textOf).join('\n')}\n`;
}

/** The key of the row with this address. */
export function keyOfRow(endpoint: string, all = BUSY): string {
  return rowsOf(all).find((row) => row.endpoint === endpoint)?.key ?? `no row of ${endpoint}`;
}
