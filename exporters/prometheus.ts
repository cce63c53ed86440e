import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  type PrometheusContentType,
  Registry,
} from 'prom-client';
import { formatEndpoint } from '../agent/model/address.ts';
import { ALERT_NAMES, type Alert, type AlertName, type Severity } from '../agent/model/alert.ts';
import {
  type Assessment,
  type BindPoolReport,
  type DestinationReport,
  type Forecast,
  type NamespaceReport,
  poolHeadroom,
  VERDICTS,
} from '../agent/model/assessment.ts';
import type { CounterName } from '../agent/model/readings.ts';
import { DELIVERY_RESULTS, type DeliveryResult } from './alert-sink.ts';
import { DestinationClocks } from './destination-clocks.ts';
import { METRIC_NAMES, METRICS, type MetricName } from './metrics.ts';
import { poolSeries } from './pool-series.ts';
import { REFUSALS, type Refusal } from './web/refusals.ts';

/** Above this share of its ports a destination has series of its own, healthy or not. */
const DETAIL_RATIO = 0.05;
/** The worst namespaces have series; the rest are in /api/assessment. */
const DETAILED_NAMESPACES = 20;
/** Sources of gaps that are told apart, and the longest label: both can come from outside. */
const GAP_SOURCES = 16;
/** Owners that have series, per network namespace. */
const OWNERS = 5;
/** Bind pools of the host that have series, the tightest. */
const POOLS = 4;
const LONGEST_LABEL = 128;
/**
 * Series of our own, whatever the host does: with those of the process 400 at most, so that 10,000 hosts fit one
 * Prometheus. Each destination above the default count may add its own. What does not fit is counted.
 */
const SERIES_BUDGET = 310;
const DEFAULT_DESTINATIONS = 8;
const SERIES_PER_DESTINATION = 45;
const TICK_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Gauges of prom-client that call themselves _total, which promtool rightly faults; the same by type are there too. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** The loop's lag is measured by waking up so often; the default of 10 ms alone would cost 0.3 % of a core. */
const LAG_PRECISION_MS = 1000;

/** Of the web configuration. */
interface WebState {
  readonly file: string;
  /** Whether it holds as the file is now. */
  readonly isCurrent: boolean;
  /** When the certificate ends, in ms since the epoch; null: there is none. */
  readonly expiresAt: number | null;
}

export type MetricsFormat = 'text' | 'openmetrics';

/** Assessment → prom-client registry, when it is scraped: an agent ticks far more often than anyone asks. */
export class PrometheusExporter {
  readonly name = 'prometheus';
  /** How many destinations of the host have series of their own. */
  maxDestinations: number;
  private readonly registry = new Registry<PrometheusContentType | OpenMetricsContentType>();
  private readonly gauges = new Map<MetricName, Gauge>();
  private readonly counters = new Map<MetricName, Counter>();
  private readonly tick: Histogram;
  private lastTurn: Promise<unknown> = Promise.resolve();
  private latest: Assessment | undefined;
  private filled: Assessment | undefined;
  private alerts: readonly Alert[] = [];
  private readonly deliveries = new Map<string, Map<DeliveryResult, number>>();
  private readonly own = { linesLost: 0, lookRestarts: 0 };
  private incidents: { readonly incidents: number; readonly writeFailures: number } | null = null;
  private web: WebState | null = null;
  private readonly refusals = new Map<Refusal, number>(REFUSALS.map((one) => [one, 0]));
  private readonly clocks = new DestinationClocks();
  private series = 0;
  private omitted = 0;
  private readonly build: { readonly version: string; readonly node: string };

  constructor(options: { maxDestinations: number; version: string; node: string }) {
    this.maxDestinations = options.maxDestinations;
    this.build = { version: options.version, node: options.node };
    // Two buckets tell a short pause from a long one; the default ones are a tenth of the whole budget.
    collectDefaultMetrics({
      register: this.registry as Registry,
      gcDurationBuckets: [0.01, 0.1],
      eventLoopMonitoringPrecision: LAG_PRECISION_MS,
    });
    for (const name of MISNAMED) this.registry.removeSingleMetric(name);
    const registers = [this.registry as Registry];
    const of = (name: MetricName) => ({ name, help: METRICS[name].help, labelNames: METRICS[name].labels, registers });
    for (const name of METRIC_NAMES) {
      if (METRICS[name].type === 'gauge') this.gauges.set(name, new Gauge(of(name)));
      if (METRICS[name].type === 'counter') this.counters.set(name, new Counter(of(name)));
    }
    this.tick = new Histogram({ ...of('lastport_tick_duration_seconds'), buckets: TICK_BUCKETS });
  }

  /** Alerts that fire from now on. */
  noteAlerts(firing: readonly Alert[]): void {
    this.alerts = firing;
  }

  /** There is a receiver of that name: it has had nothing yet. */
  noteSink(sink: string): void {
    this.deliveries.set(sink, new Map(DELIVERY_RESULTS.map((one) => [one, 0])));
  }

  noteDelivery(sink: string, result: DeliveryResult): void {
    const counts = this.deliveries.get(sink);
    counts?.set(result, (counts.get(result) ?? 0) + 1);
  }

  /** How many were recorded; never called: none are. */
  noteIncidents(counts: { readonly incidents: number; readonly writeFailures: number }): void {
    this.incidents = counts;
  }

  /** Since the start. */
  noteOwn(counts: Partial<{ linesLost: number; lookRestarts: number }>): void {
    Object.assign(this.own, counts);
  }

  /** What holds of the web configuration. Never called: there is none. */
  noteWeb({ file, isCurrent, expiresAt }: WebState): void {
    this.web = { file, isCurrent, expiresAt };
  }

  /** Of somebody who wanted to read. */
  noteRefused(why: Refusal): void {
    this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
  }

  publish(assessment: Assessment): void {
    this.clocks.note(assessment);
    // What was found blind has the time of the last look, and is none.
    if (assessment.takenAt !== this.latest?.takenAt) this.tick.observe(assessment.tookMs / 1000);
    this.latest = assessment;
  }

  /** Does what a scrape would have to do first. */
  prepare(): void {
    if (this.latest !== undefined && this.latest !== this.filled) this.fill(this.latest);
  }

  /** Replaces all values by those of the latest tick: what is gone leaves no series behind. */
  private fill(assessment: Assessment): void {
    this.filled = assessment;
    for (const metric of [...this.gauges.values(), ...this.counters.values()]) metric.reset();
    this.series = 0;
    this.omitted = 0;
    // In the order of importance: where the budget ends, the last ones are left out.
    this.set('lastport_build_info', this.build, 1);
    this.set('lastport_last_tick_timestamp_seconds', {}, Date.parse(assessment.takenAt) / 1000);
    const { kernel, inventory } = assessment.host;
    if (inventory !== null) {
      const { distribution, release, architecture, virtual } = inventory;
      this.set('lastport_host_info', { kernel, distribution, release, architecture, virtual: String(virtual) }, 1);
    }
    for (const { collector, durationMs, ok } of assessment.collectors) {
      this.set('lastport_collector_duration_seconds', { collector }, durationMs / 1000);
      this.set('lastport_collector_success', { collector }, ok ? 1 : 0);
    }
    this.count('lastport_log_lines_lost_total', {}, this.own.linesLost);
    this.count('lastport_look_restarts_total', {}, this.own.lookRestarts);
    const { trace } = assessment;
    if (trace !== null) {
      this.count('lastport_trace_lost_events_total', {}, trace.lostEvents);
      this.countErrors('', trace);
    }
    const { probes } = assessment;
    if (probes !== null) {
      this.set('lastport_probes', {}, probes.connected);
      this.count('lastport_probe_events_dropped_total', {}, probes.dropped);
    }
    for (const [source, count] of gapCounts(assessment)) this.set('lastport_gaps', { source }, count);

    for (const [sink, counts] of this.deliveries) {
      for (const [result, count] of counts) this.count('lastport_alert_deliveries_total', { sink, result }, count);
    }
    for (const [kind, count] of alertCounts(this.alerts)) {
      const [alertname = '', severity = ''] = kind.split(' ');
      this.set('lastport_alerts', { alertname, severity }, count);
    }
    for (const { name, labels, value } of poolSeries(assessment.pools, 'quotas')) this.set(name, labels, value);
    if (this.incidents !== null) {
      this.count('lastport_incidents_total', {}, this.incidents.incidents);
      this.count('lastport_incident_write_failures_total', {}, this.incidents.writeFailures);
    }
    for (const [reason, count] of this.refusals) this.count('lastport_http_refused_total', { reason }, count);
    if (this.web !== null) {
      const { file, isCurrent, expiresAt } = this.web;
      this.set('lastport_web_config_last_reload_successful', { file }, Number(isCurrent));
      if (expiresAt !== null) this.set('lastport_web_certificate_expiry_timestamp_seconds', { file }, expiresAt / 1000);
    }
    const worst = [...assessment.namespaces].sort(byRisk).slice(0, DETAILED_NAMESPACES);
    const detailed = detailedDestinations(worst, this.maxDestinations);
    for (const { label, destinations } of worst) {
      for (const one of destinations) if (detailed.has(one)) this.publishDestination(label, one);
    }
    for (const { label, destinations } of worst) {
      for (const one of destinations) if (detailed.has(one)) this.publishDetails(label, one);
    }
    for (const { label, destinations } of worst) {
      for (const one of ownersOf(destinations.filter((destination) => detailed.has(destination)))) {
        const { unit, comm, usedPorts } = one;
        this.set('lastport_owner_used_ports', { netns: label, unit: unit ?? '', command: comm }, usedPorts);
      }
    }
    for (const { label, pool } of tightestPools(worst)) this.publishPool(label, pool);
    const [own] = assessment.namespaces;
    if (own !== undefined) this.publishCounters(own);
    for (const { name, labels, value } of poolSeries(assessment.pools, 'tables')) this.set(name, labels, value);
    for (const namespace of worst) this.publishNamespace(namespace, detailed);
    this.gauges.get('lastport_series_omitted')?.set(this.omitted);
  }

  /** The scrape's body and its content type. One at a time: prom-client keeps the format in the registry. */
  render(format: MetricsFormat): Promise<{ contentType: string; body: string }> {
    const turn = this.lastTurn.then(() => this.renderNow(format));
    this.lastTurn = turn.catch(() => undefined);
    return turn;
  }

  private async renderNow(format: MetricsFormat): Promise<{ contentType: string; body: string }> {
    this.prepare();
    this.registry.setContentType(
      format === 'openmetrics' ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE,
    );
    const { contentType } = this.registry;
    // For OpenMetrics prom-client takes `_total` from the counters' names and never gives it back.
    const names = this.registry.getMetricsAsArray().map((metric) => ({ metric, name: metric.name }));
    try {
      return { contentType, body: await this.registry.metrics() };
    } finally {
      for (const { metric, name } of names) metric.name = name;
    }
  }

  private publishNamespace(namespace: NamespaceReport, detailed: ReadonlySet<DestinationReport>): void {
    const netns = namespace.label;
    const { range, destinations } = namespace;
    const kinds = {
      range: range === null ? null : range.high - range.low + 1,
      reserved: namespace.reservedPorts,
      usable: namespace.usablePorts,
      blocked: namespace.blockedPorts,
    };
    this.countErrors(netns, namespace);
    for (const [kind, ports] of Object.entries(kinds)) this.set('lastport_ephemeral_ports', { netns, kind }, ports);
    if (namespace.verdict === 'blind') return;
    const inUse = destinations.filter(({ usedPorts }) => usedPorts > 0);
    const omitted = inUse.filter((one) => !detailed.has(one));
    const sum = (reports: readonly DestinationReport[]) =>
      reports.reduce((total, { usedPorts }) => total + usedPorts, 0);
    this.set('lastport_worst_saturation_ratio', { netns }, Math.max(0, ...inUse.map(saturation)));
    const ends = inUse.map(({ forecast }) => forecast.exhaustedInSeconds ?? Number.POSITIVE_INFINITY);
    this.set('lastport_worst_exhaustion_seconds', { netns }, Math.min(Number.POSITIVE_INFINITY, ...ends));
    this.set('lastport_destinations', { netns }, namespace.destinationsInUse);
    this.set('lastport_destinations_omitted', { netns }, namespace.destinationsOmitted + omitted.length);
    this.set('lastport_omitted_used_ports', { netns }, namespace.omittedUsedPorts + sum(omitted));
    this.set('lastport_tcp_time_wait_limit', { netns }, namespace.timeWaitMost);
    this.set('lastport_sockets', { netns, direction: 'out' }, namespace.outboundSockets);
    this.set('lastport_sockets', { netns, direction: 'in' }, namespace.inboundSockets);
  }

  private publishDestination(netns: string, one: DestinationReport): void {
    const labels = destinationLabels(netns, one);
    this.set('lastport_destination_used_ports', labels, one.usedPorts);
    this.set('lastport_destination_maybe_blocked_ports', labels, one.maybeBlockedPorts);
    this.set('lastport_destination_reusable_ports', labels, one.reusablePorts);
    this.set('lastport_destination_headroom_ports', labels, one.headroomPorts);
    this.set('lastport_destination_headroom_low_ports', labels, one.headroomPortsLow);
    this.set('lastport_destination_fast_headroom_ports', labels, one.fastHeadroomPorts);
    this.set('lastport_destination_saturation_ratio', labels, saturation(one));
    this.set('lastport_destination_opens_per_second', labels, one.opensPerSecond);
    const { forecast } = one;
    const { exhaustedInSeconds, slowConnectInSeconds, exhaustedInSecondsAtLow, slowConnectInSecondsAtLow } = forecast;
    const inSight = (seconds: number | null) => deadline(seconds, forecast);
    this.set('lastport_destination_exhaustion_seconds', labels, inSight(exhaustedInSeconds));
    this.set('lastport_destination_slow_connect_seconds', labels, inSight(slowConnectInSeconds));
    this.set('lastport_destination_sure_exhaustion_seconds', labels, inSight(exhaustedInSecondsAtLow));
    this.set('lastport_destination_sure_slow_connect_seconds', labels, inSight(slowConnectInSecondsAtLow));
    this.set('lastport_destination_peak_used_ports', labels, forecast.peakUsedPorts);
    this.set('lastport_destination_settled_used_ports', labels, forecast.settlesAtPorts);
    const clock = this.clocks.of(netns, one);
    this.set('lastport_destination_headroom_min_ports', labels, clock?.lowest ?? null);
    if (clock !== null) {
      this.count('lastport_exhausted_seconds_total', labels, clock.exhaustedSeconds);
      this.count('lastport_slow_connect_seconds_total', labels, clock.slowSeconds);
    }
    const { local, destination } = labels;
    const unit = this.unitOf({ netns, local, destination }, one);
    if (unit !== null) this.set('lastport_destination_unit', { netns, local, destination, unit }, 1);
  }

  /** What there is more or less of, after what each has. */
  private publishDetails(netns: string, one: DestinationReport): void {
    const labels = destinationLabels(netns, one);
    for (const { cause } of one.causes) this.set('lastport_destination_cause', { ...labels, cause }, 1);
    this.publishProbe(labels, one);
    if (one.opensTotal !== null) this.count('lastport_destination_opens_total', labels, one.opensTotal);
    for (const [closer, closes] of Object.entries(one.closesTotal ?? {})) {
      this.count('lastport_destination_closes_total', { ...labels, closer }, closes);
    }
    for (const [code, total] of errorsByCode(one))
      this.count('lastport_connect_errors_total', { ...labels, code }, total);
    for (const [state, ports] of Object.entries(one.states)) {
      this.set('lastport_destination_ports', { ...labels, state }, ports);
    }
  }

  private publishProbe(labels: Readonly<Record<string, string>>, { probe, requests }: DestinationReport): void {
    if (probe === null) return;
    this.count('lastport_destination_requests_total', labels, probe.totals.requests);
    this.set('lastport_destination_requests_per_connection', labels, requests?.perConnection ?? null);
    for (const [reason, closes] of Object.entries(probe.totals.closes)) {
      this.count('lastport_destination_connection_closes_total', { ...labels, reason }, closes);
    }
  }

  /** As the alerts that fire have it, so that those of Prometheus have the same labels; without one, whose ports they are. */
  private unitOf(labels: { readonly [name: string]: string }, one: DestinationReport): string | null {
    const alert = this.alerts.find((each) =>
      Object.entries(labels).every(([name, value]) => each.labels[name] === value),
    );
    return (alert === undefined ? one.owners?.[0]?.unit : alert.labels.unit) ?? null;
  }

  private publishPool(netns: string, pool: BindPoolReport): void {
    const { local, usedPorts, forecast, opensPerSecond } = pool;
    const { exhaustedInSeconds, exhaustedInSecondsAtLow } = forecast;
    const labels = { netns, local };
    this.set('lastport_bind_pool_headroom_ports', labels, poolHeadroom(pool));
    this.set('lastport_bind_pool_exhaustion_seconds', labels, deadline(exhaustedInSeconds, forecast));
    this.set('lastport_bind_pool_sure_exhaustion_seconds', labels, deadline(exhaustedInSecondsAtLow, forecast));
    this.set('lastport_bind_pool_used_ports', labels, usedPorts);
    this.set('lastport_bind_pool_settled_used_ports', labels, forecast.settlesAtPorts);
    this.set('lastport_bind_pool_opens_per_second', labels, opensPerSecond);
  }

  private countErrors(netns: string, errors: Pick<NamespaceReport, 'connectErrors'>): void {
    for (const [code, total] of errorsByCode(errors)) {
      this.count('lastport_namespace_connect_errors_total', { netns, code }, total);
    }
  }

  private publishCounters({ label: netns, counters }: NamespaceReport): void {
    for (const [name, metric] of Object.entries(COUNTER_METRICS) as [CounterName, MetricName][]) {
      const value = counters[name];
      if (value === undefined) continue;
      if (METRICS[metric].type === 'gauge') this.set(metric, { netns }, value);
      else this.count(metric, { netns }, value);
    }
    const { socketsInUse, socketsInUse6 } = counters;
    if (socketsInUse !== undefined) {
      this.set('lastport_tcp_sockets_in_use', { netns }, socketsInUse + (socketsInUse6 ?? 0));
    }
  }

  /** null is not known, and not known is no series. */
  private set(name: MetricName, labels: Readonly<Record<string, string>>, value: number | null): void {
    if (value !== null && this.fits()) this.gauges.get(name)?.set(cut(labels), value);
  }

  /** Of what is counted elsewhere: a Counter that was reset and takes the value whole follows it, resets included. */
  private count(name: MetricName, labels: Readonly<Record<string, string>>, value: number): void {
    if (this.fits()) this.counters.get(name)?.inc(cut(labels), Math.max(0, value));
  }

  private fits(): boolean {
    const budget = SERIES_BUDGET + Math.max(0, this.maxDestinations - DEFAULT_DESTINATIONS) * SERIES_PER_DESTINATION;
    const fits = this.series < budget;
    if (fits) this.series++;
    else this.omitted++;
    return fits;
  }
}

/** socketsInUse and socketsInUse6 are one metric, set apart. */
const COUNTER_METRICS: Readonly<Record<Exclude<CounterName, 'socketsInUse' | 'socketsInUse6'>, MetricName>> = {
  activeOpens: 'lastport_tcp_active_opens_total',
  passiveOpens: 'lastport_tcp_passive_opens_total',
  attemptFails: 'lastport_tcp_attempt_fails_total',
  estabResets: 'lastport_tcp_estab_resets_total',
  outRsts: 'lastport_tcp_out_rsts_total',
  timeWaits: 'lastport_tcp_time_waits_total',
  timeWaitsRecycled: 'lastport_tcp_time_waits_recycled_total',
  timeWaitsKilled: 'lastport_tcp_time_waits_killed_total',
  timeWaitOverflows: 'lastport_tcp_time_wait_overflows_total',
  abortsOnClose: 'lastport_tcp_aborts_on_close_total',
  abortsOnData: 'lastport_tcp_aborts_on_data_total',
  listenOverflows: 'lastport_tcp_listen_overflows_total',
  socketsOrphaned: 'lastport_tcp_sockets_orphaned',
  socketsTimeWait: 'lastport_tcp_sockets_time_wait',
  socketsAllocated: 'lastport_tcp_sockets_allocated',
  conntrackEntries: 'lastport_conntrack_entries',
  conntrackMax: 'lastport_conntrack_entries_limit',
};

/** The worst of the host that are worth series of their own: above 5 % used, not healthy, or asked for. */
function detailedDestinations(namespaces: readonly NamespaceReport[], limit: number): ReadonlySet<DestinationReport> {
  const worth = namespaces
    .flatMap(({ destinations }) => destinations)
    .filter(
      (one) =>
        one.asked ||
        one.verdict !== 'healthy' ||
        one.causes.length > 0 ||
        one.usedPorts > one.usablePorts * DETAIL_RATIO,
    );
  const severity = ({ verdict }: DestinationReport) => VERDICTS.indexOf(verdict);
  const worstFirst = (a: DestinationReport, b: DestinationReport) =>
    severity(b) - severity(a) || saturation(b) - saturation(a);
  return new Set(worth.sort(worstFirst).slice(0, limit));
}

/** Not in sight is far away; not known is nothing. */
function deadline(seconds: number | null, { kind }: Forecast): number | null {
  return seconds ?? (kind === 'unknown' ? null : Number.POSITIVE_INFINITY);
}

function tightestPools(namespaces: readonly NamespaceReport[]): { label: string; pool: BindPoolReport }[] {
  return namespaces
    .flatMap(({ label, bindPools }) => bindPools.map((pool) => ({ label, pool })))
    .sort((a, b) => poolHeadroom(a.pool) - poolHeadroom(b.pool))
    .slice(0, POOLS);
}

/** Of every alert there is, so that none that ends leaves its last number behind. */
function alertCounts(alerts: readonly Alert[]): ReadonlyMap<string, number> {
  const counts = new Map(ALERT_NAMES.map((name) => [`${name} ${USUAL_SEVERITY[name] ?? 'warning'}`, 0]));
  for (const { labels } of alerts) {
    const kind = `${labels.alertname} ${labels.severity}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

const USUAL_SEVERITY: { readonly [name in AlertName]?: Severity } = { LastportPortsExhausted: 'critical' };

function byRisk(a: NamespaceReport, b: NamespaceReport): number {
  const risk = ({ verdict, destinations }: NamespaceReport) =>
    VERDICTS.indexOf(verdict) + Math.max(0, ...destinations.slice(0, 1).map(saturation));
  return risk(b) - risk(a);
}

function gapCounts({ gaps }: Assessment): [string, number][] {
  const counts = new Map<string, number>();
  for (const { source } of gaps) counts.set(source, (counts.get(source) ?? 0) + 1);
  return [...counts].slice(0, GAP_SOURCES);
}

function errorsByCode({ connectErrors }: Pick<DestinationReport, 'connectErrors'>): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  for (const { code, total } of connectErrors ?? []) totals.set(code, total + (totals.get(code) ?? 0));
  return totals;
}

/** By unit and name, the biggest: a label for every process would be a series for every restart. */
function ownersOf(
  destinations: readonly DestinationReport[],
): { unit: string | null; comm: string; usedPorts: number }[] {
  const sums = new Map<string, { unit: string | null; comm: string; usedPorts: number }>();
  for (const { unit, comm, usedPorts } of destinations.flatMap(({ owners }) => owners ?? [])) {
    const key = `${unit} ${comm}`;
    sums.set(key, { unit, comm, usedPorts: usedPorts + (sums.get(key)?.usedPorts ?? 0) });
  }
  return [...sums.values()].sort((a, b) => b.usedPorts - a.usedPorts).slice(0, OWNERS);
}

function saturation({ headroomPorts, usablePorts }: DestinationReport): number {
  return usablePorts === 0 ? 1 : 1 - headroomPorts / usablePorts;
}

function destinationLabels(netns: string, one: DestinationReport) {
  return {
    netns,
    local: one.device === null ? (one.local ?? '') : `${one.local}%${one.device}`,
    destination: formatEndpoint(one.remote, one.remotePort),
    remote_name: one.remoteName ?? '',
  };
}

function cut(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value.slice(0, LONGEST_LABEL)]));
}
