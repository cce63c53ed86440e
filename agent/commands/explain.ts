import type { Config } from '../config/config.ts';
import { remediesOf } from '../correlate/remedy/remedies.ts';
import { byRisk } from '../correlate/sample.ts';
import { formatEndpoint } from '../model/address.ts';
import type { Assessment, DestinationReport, NamespaceReport } from '../model/assessment.ts';
import type { Explained } from '../model/explained.ts';

/** Destinations explained where none was named. */
const EXPLAINED = 3;

/** What is to be explained. */
export interface ExplainSource {
  readonly from: Explained['from'];
  readonly assessment: Assessment;
}

export interface ExplainParts {
  readonly source: () => Promise<ExplainSource>;
  readonly render: (all: readonly Explained[], source: ExplainSource) => string;
  readonly format: Config['format'];
  readonly stdout: (text: string) => void;
}

/**
 * `lastport explain [DESTINATION | PID]`: why ports go, and what to change. Returns the exit code: 0 there is an answer, 3
 * there is no such destination.
 */
export async function explain(target: string | undefined, parts: ExplainParts): Promise<0 | 3> {
  const source = await parts.source();
  const all = explained(source, target);
  if (parts.format === 'json') parts.stdout(`${JSON.stringify(all)}\n`);
  else parts.stdout(parts.render(all, source));
  return all.length === 0 && target !== undefined ? 3 : 0;
}

function explained({ assessment, from }: ExplainSource, target: string | undefined): readonly Explained[] {
  const found = assessment.namespaces.flatMap((namespace) =>
    namespace.destinations.map((destination) => ({ namespace, destination })),
  );
  const wanted = target === undefined ? null : matcher(target);
  const picked =
    wanted === null
      ? found
          .filter(({ destination }) => destination.verdict !== 'healthy' || causesOf(destination).length > 0)
          .slice(0, 1000)
      : found.filter(({ destination }) => wanted(destination));
  return picked
    .sort((a, b) => byRisk(a.destination, b.destination) || stake(b.destination) - stake(a.destination))
    .slice(0, EXPLAINED)
    .map(({ namespace, destination }) => explainedOf(assessment, from, namespace, destination));
}

/** Of one destination of an Assessment. */
export function explainedOf(
  { host, takenAt }: Assessment,
  from: Explained['from'],
  namespace: NamespaceReport,
  destination: DestinationReport,
): Explained {
  const { destinations, ...rest } = namespace;
  const others = destinations.filter((one) => one !== destination && one.usedPorts > 0);
  return {
    host,
    takenAt,
    from,
    namespace: rest,
    destination,
    others: others.length + namespace.destinationsOmitted,
    othersUnwell: others.filter(({ verdict }) => verdict !== 'healthy').length,
    causes: causesOf(destination).map((one) => ({ ...one, fixes: remediesOf(one.cause, withProbe(destination)) })),
  };
}

/** An incident that an older version has written has none. */
const causesOf = (one: DestinationReport): DestinationReport['causes'] => one.causes ?? [];
const withProbe = (one: DestinationReport): DestinationReport => ({ ...one, probe: one.probe ?? null });

const stake = (one: DestinationReport): number => causesOf(one)[0]?.portsBack ?? 0;

/** "10.9.0.2:8080", "10.9.0.2", "api.example.com", "api.example.com:443", or a process's id. */
function matcher(target: string): (one: DestinationReport) => boolean {
  if (/^\d+$/.test(target)) {
    const pid = Number(target);
    return ({ owners, probe }) =>
      owners?.some((owner) => owner.pid === pid) === true || probe?.programs.some((one) => one.pid === pid) === true;
  }
  const name = target.toLowerCase();
  return ({ remote, remotePort, remoteName }) =>
    name === remote ||
    name === formatEndpoint(remote, remotePort) ||
    (remoteName !== null && (name === remoteName || name === `${remoteName}:${remotePort}`));
}
