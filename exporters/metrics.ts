/** One metric: all that is known of it but its values. Base units; `_total` for counters only. */
export interface MetricDefinition {
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

/** The labels that name a destination. */
const DESTINATION = ['netns', 'local', 'destination', 'remote_name'] as const;
const NETNS = ['netns'] as const;
/** The labels that name a pool. */
const POOL = ['pool', 'kind', 'netns'] as const;
/** The labels that name a bind pool. */
const BIND_POOL = ['netns', 'local'] as const;

const gauge = (help: string, labels: readonly string[]): MetricDefinition => ({ type: 'gauge', help, labels });
const counter = (help: string, labels: readonly string[] = NETNS): MetricDefinition => ({
  type: 'counter',
  help,
  labels,
});

/** The catalogue: every metric there is, beside prom-client's own of the process. docs/metrics.md tells how to read them. */
export const METRICS = {
  lastport_ephemeral_ports: gauge(
    'Local ports of the network namespace: the range, of these reserved, usable (the rest), and blocked for every destination.',
    [...NETNS, 'kind'],
  ),
  lastport_destination_used_ports: gauge('Usable ports that the destination holds, in any state.', DESTINATION),
  lastport_destination_ports: gauge('Usable ports that the destination holds, by state.', [...DESTINATION, 'state']),
  lastport_destination_maybe_blocked_ports: gauge(
    'Ports in use elsewhere that may have been bound, and then are blocked.',
    DESTINATION,
  ),
  lastport_destination_reusable_ports: gauge('Used ports in TIME_WAIT that connect() would take over.', DESTINATION),
  lastport_destination_headroom_ports: gauge('connect() calls to the destination that would succeed now.', DESTINATION),
  lastport_destination_headroom_low_ports: gauge(
    'The same with everything that could not be known counted against it.',
    DESTINATION,
  ),
  lastport_destination_fast_headroom_ports: gauge(
    'connect() calls until each becomes 50 to 100 times slower.',
    DESTINATION,
  ),
  lastport_destination_opens_per_second: gauge(
    'Connections opened to the destination a second. Absent where it is not known.',
    DESTINATION,
  ),
  lastport_destination_opens_total: counter(
    'Connections opened to the destination since the agent has known it.',
    DESTINATION,
  ),
  lastport_destination_closes_total: counter('Connections of the destination closed, by the side that closed first.', [
    ...DESTINATION,
    'closer',
  ]),
  lastport_connect_errors_total: counter(
    "connect() calls to the destination that failed for want of a port, by the kernel's trace (--trace).",
    [...DESTINATION, 'code'],
  ),
  lastport_namespace_connect_errors_total: counter(
    'All connect() and bind() calls of the namespace that failed so, those to no known destination too (--trace).',
    [...NETNS, 'code'],
  ),
  lastport_trace_lost_events_total: counter("Events of the kernel's trace that came faster than they were read.", []),
  lastport_owner_used_ports: gauge(
    'Ports that a program holds or held, of all destinations that have series of their own.',
    ['netns', 'unit', 'command'],
  ),
  lastport_destination_exhaustion_seconds: gauge(
    'Time until the destination has no port left, if its demand stays; +Inf where that is not in sight.',
    DESTINATION,
  ),
  lastport_destination_slow_connect_seconds: gauge(
    'Time until each connect() becomes 50 to 100 times slower; 0 if it is, +Inf where that is not in sight.',
    DESTINATION,
  ),
  lastport_destination_sure_exhaustion_seconds: gauge(
    'The same as the exhaustion seconds at the demand that has held without a break: what alerts rest on.',
    DESTINATION,
  ),
  lastport_destination_sure_slow_connect_seconds: gauge(
    'The same as the slow connect seconds at the demand that has held without a break.',
    DESTINATION,
  ),
  lastport_destination_peak_used_ports: gauge(
    'The most ports that the destination would come to use if there were enough of them.',
    DESTINATION,
  ),
  lastport_destination_settled_used_ports: gauge(
    'The ports that the destination comes to use once its demand has settled, if it stays.',
    DESTINATION,
  ),
  lastport_destination_headroom_min_ports: gauge('The lowest headroom of the last minute.', DESTINATION),
  lastport_exhausted_seconds_total: counter('Time that the destination has had no port left.', DESTINATION),
  lastport_slow_connect_seconds_total: counter('Time that connect() to the destination has been slow.', DESTINATION),
  lastport_destination_cause: gauge('1 while this is why ports of the destination go.', [...DESTINATION, 'cause']),
  lastport_destination_requests_total: counter(
    'Requests to the destination, by the probes of the programs that use it.',
    DESTINATION,
  ),
  lastport_destination_requests_per_connection: gauge(
    'Requests for each connection of the last minute, by the probes.',
    DESTINATION,
  ),
  lastport_destination_connection_closes_total: counter(
    'Connections of the destination that ended, by why, by the probes.',
    [...DESTINATION, 'reason'],
  ),
  lastport_probes: gauge('Threads of programs whose probe is connected; 0 also where nobody listens for them.', []),
  lastport_probe_events_dropped_total: counter('What probes had to tell and could not, or was not understood.', []),
  lastport_destination_unit: gauge('Always 1: the systemd unit that the alerts of the destination name.', [
    ...NETNS,
    'local',
    'destination',
    'unit',
  ]),
  lastport_bind_pool_headroom_ports: gauge(
    'Sockets that programs could bind(port 0) to the local address now; to any address, until it is known that they bind to this one.',
    BIND_POOL,
  ),
  lastport_bind_pool_exhaustion_seconds: gauge(
    'Time until such a bind() fails with EADDRINUSE, if the demand stays; +Inf where that is not in sight.',
    BIND_POOL,
  ),
  lastport_bind_pool_sure_exhaustion_seconds: gauge(
    'The same at the binds that have held without a break: what alerts rest on.',
    BIND_POOL,
  ),
  lastport_bind_pool_used_ports: gauge('Ports taken at the local address.', BIND_POOL),
  lastport_bind_pool_settled_used_ports: gauge(
    'What that comes to in the end if the demand stays. Absent where it is not known, or would never end.',
    BIND_POOL,
  ),
  lastport_bind_pool_opens_per_second: gauge('Sockets so bound a second. Absent where it is not known.', BIND_POOL),
  lastport_worst_exhaustion_seconds: gauge(
    'The least time until a destination in use has no port left; +Inf where that is not in sight.',
    NETNS,
  ),
  lastport_pool_limit: gauge(
    "What a NAT lends this host, or what a table of the kernel holds: this host's share. kind: nat, conntrack or time_wait.",
    POOL,
  ),
  lastport_pool_used: gauge(
    'Of these used, by the fullest destination where each has its own. Absent where it is not known.',
    POOL,
  ),
  lastport_pool_used_low: gauge('So many are surely used: what alerts rest on.', POOL),
  lastport_pool_exhaustion_seconds: gauge(
    'Time until all are used, if the demand stays; +Inf where that is not in sight, absent where nothing is known.',
    POOL,
  ),
  lastport_pool_sure_exhaustion_seconds: gauge('The same at the demand that has held without a break.', POOL),
  lastport_pool_settled_used: gauge(
    'What is used in the end if the demand stays. Absent where it is not known, or would never end.',
    POOL,
  ),
  lastport_alerts: gauge('Alerts that fire.', ['alertname', 'severity']),
  lastport_alert_deliveries_total: counter('Deliveries of alerts, by receiver and what came of it.', [
    'sink',
    'result',
  ]),
  lastport_incidents_total: counter('Incidents that have begun and are recorded.', []),
  lastport_incident_write_failures_total: counter('Attempts to write an incident down that failed.', []),
  lastport_log_lines_lost_total: counter('Lines of the log that could not be written.', []),
  lastport_look_restarts_total: counter('Times that the thread that looks had ended and was started again.', []),
  lastport_http_refused_total: counter('Requests and connections that were refused or hung up on, by why.', ['reason']),
  lastport_web_config_last_reload_successful: gauge(
    'Whether the web configuration and its files are in use as they are now, or older ones since these are bad.',
    ['file'],
  ),
  lastport_web_certificate_expiry_timestamp_seconds: gauge('When the certificate that is served ends.', ['file']),
  lastport_destination_saturation_ratio: gauge('1 - headroom / usable ports.', DESTINATION),
  lastport_worst_saturation_ratio: gauge(
    'The highest saturation of all destinations in use, 0 if there are none.',
    NETNS,
  ),
  lastport_destinations: gauge('Destinations in use.', NETNS),
  lastport_destinations_omitted: gauge('Destinations in use that have no series of their own.', NETNS),
  lastport_omitted_used_ports: gauge('Ports that the omitted destinations use, summed over all of them.', NETNS),
  lastport_sockets: gauge('Sockets of connections, by direction: out of this namespace, or in to a listener.', [
    ...NETNS,
    'direction',
  ]),
  lastport_collector_duration_seconds: gauge('Time that the collector took in the last tick.', ['collector']),
  lastport_collector_success: gauge('Whether the collector succeeded in the last tick.', ['collector']),
  lastport_tick_duration_seconds: {
    type: 'histogram',
    help: 'Time from the start of a look to its Assessment.',
    labels: [],
  },
  lastport_last_tick_timestamp_seconds: gauge('When the last look was taken.', []),
  lastport_gaps: gauge('Things that could not be seen in the last tick, by source.', ['source']),
  lastport_series_omitted: gauge('Series left out of this page, to keep it within its budget.', []),
  lastport_build_info: gauge('Always 1.', ['version', 'node']),
  lastport_host_info: gauge('Always 1.', ['kernel', 'distribution', 'release', 'architecture', 'virtual']),
  lastport_tcp_active_opens_total: counter('Tcp ActiveOpens of /proc/net/snmp: connections tried from here.'),
  lastport_tcp_passive_opens_total: counter('Tcp PassiveOpens: connections accepted.'),
  lastport_tcp_attempt_fails_total: counter('Tcp AttemptFails: connections that did not come about.'),
  lastport_tcp_estab_resets_total: counter('Tcp EstabResets: connections reset.'),
  lastport_tcp_out_rsts_total: counter('Tcp OutRsts: resets sent.'),
  lastport_tcp_time_waits_total: counter(
    'TcpExt TW of /proc/net/netstat: TIME_WAIT begun, FIN_WAIT2 remains included.',
  ),
  lastport_tcp_time_waits_recycled_total: counter('TcpExt TWRecycled: TIME_WAIT that a new connection took over.'),
  lastport_tcp_time_waits_killed_total: counter('TcpExt TWKilled: those begun with 4 s or less to live.'),
  lastport_tcp_time_wait_overflows_total: counter(
    'TcpExt TCPTimeWaitOverflow: TIME_WAIT not kept, tcp_max_tw_buckets reached.',
  ),
  lastport_tcp_aborts_on_close_total: counter('TcpExt TCPAbortOnClose: closed with unread data, which resets.'),
  lastport_tcp_aborts_on_data_total: counter('TcpExt TCPAbortOnData: data after close, which resets.'),
  lastport_tcp_listen_overflows_total: counter('TcpExt ListenOverflows: accept queues that were full.'),
  lastport_tcp_sockets_in_use: gauge('TCP sockets in the tables, both families (sockstat inuse).', NETNS),
  lastport_tcp_sockets_orphaned: gauge('TCP sockets that no process holds (sockstat orphan).', NETNS),
  lastport_tcp_sockets_time_wait: gauge('TIME_WAIT of both sides, and FIN_WAIT2 remains (sockstat tw).', NETNS),
  lastport_tcp_time_wait_limit: gauge('TIME_WAIT that there may be at once (tcp_max_tw_buckets).', NETNS),
  lastport_tcp_sockets_allocated: gauge('TCP sockets of the whole host (sockstat alloc).', NETNS),
  lastport_conntrack_entries: gauge('Entries of the connection tracking table.', NETNS),
  lastport_conntrack_entries_limit: gauge('What the connection tracking table can hold.', NETNS),
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as MetricName[];
