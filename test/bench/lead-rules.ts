// Part of bench:lead: what people alert by who have node_exporter and Prometheus, by this range of ports.

/** Twenty thousand of the default range, as most of the published rules have it; for other ranges the same share. */
const TIME_WAIT_RATIO = 20_000 / 28_232;
/** What such rules wait for, at least, before they fire. */
export const FOR = '1m';
export const SCRAPE_EVERY = '15s';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
}

/** Each rule without `for`, and with it. */
export const RULES: Readonly<Record<string, (ports: number) => string>> = {
  TimeWaitThreshold: (ports) => `node_sockstat_TCP_tw > ${Math.round(ports * TIME_WAIT_RATIO)}`,
  RangeUsed: (ports) => `(node_sockstat_TCP_inuse + node_sockstat_TCP_tw) / ${ports} > 0.8`,
  Predicted: (ports) => `predict_linear(node_sockstat_TCP_tw[5m], 300) > ${ports}`,
};

/** The name under which a rule waits before it fires. */
export const patient = (name: string): string => `${name}For${FOR}`;

export function ruleFile(ports: number): object {
  const rules = Object.entries(RULES).flatMap(([alert, expr]): Rule[] => [
    { alert, expr: expr(ports) },
    { alert: patient(alert), expr: expr(ports), for: FOR },
  ]);
  return { groups: [{ name: 'ports', rules }] };
}
