import { X509Certificate } from 'node:crypto';
import { parseRange } from '../collectors/proc-sys-net-ipv4.ts';
import type { PortRange } from '../exporters/alert-connect.ts';
import type { AlertReceiver } from '../exporters/alert-receiver.ts';
import type { AlertSink, AlertSinkOptions, DeliveryResult } from '../exporters/alert-sink.ts';
import type { NameLookup } from '../exporters/name-lookup.ts';
import type { Config } from './config/config.ts';
import { UsageError } from './config/usage-error.ts';
import { AlertBook, type AlertRules } from './correlate/alert-book.ts';
import type { Alert } from './model/alert.ts';
import type { Assessment } from './model/assessment.ts';
import type { Publisher } from './publish.ts';

/** What hears of alerts: those that have begun or ended, all that fire, and those of which the cause is known only now. */
export interface AlertListener {
  publish(changed: readonly Alert[], firing: readonly Alert[], learned: readonly Alert[]): void;
}

/** Where the road leads from Assessments to alerts: decides which fire, and tells everybody who wants to know. */
export class Alerting implements Publisher {
  readonly name = 'alerts';
  private readonly book: AlertBook;
  private readonly listeners: readonly AlertListener[];
  private readonly monotonic: () => number;
  /** Connection to the receivers: closed at the end. */
  private readonly sinks: readonly AlertSink[];

  constructor(
    rules: AlertRules,
    listeners: readonly AlertListener[],
    sinks: readonly AlertSink[],
    monotonic: () => number,
  ) {
    this.book = new AlertBook(rules);
    // Nobody waits for a log line.
    this.listeners = [...sinks, ...listeners];
    this.sinks = sinks;
    this.monotonic = monotonic;
  }

  set rules(rules: AlertRules) {
    this.book.rules = rules;
  }

  publish(assessment: Assessment): void {
    const { changed, learned, firing } = this.book.update(assessment, Date.parse(assessment.takenAt), this.monotonic());
    for (const listener of this.listeners) listener.publish(changed, firing, learned);
  }

  /** Says nothing more: what fires goes on firing while nobody looks. */
  async close(): Promise<void> {
    await Promise.all(this.sinks.map((sink) => sink.close()));
  }
}

/** `instance`: what the label of that name is if the configuration gives none. */
export function rulesOf(config: Config, instance: string): AlertRules {
  const { headroomWarningRatio, headroomCriticalRatio, criticalUsedRatio, conntrackRatio, timeWaitTableRatio } = config;
  const more = Object.fromEntries(config.alertLabels.map(({ name, value }) => [name, value]));
  return {
    thresholds: {
      headroomWarningRatio,
      headroomCriticalRatio,
      criticalUsedRatio,
      horizonSeconds: config.horizonMs / 1000,
      conntrackRatio,
      timeWaitTableRatio,
    },
    overrides: config.alertOverrides,
    labels: { ...more, instance: config.alertInstance ?? instance },
    runbookBase: config.runbookBase,
    dashboardUrl: config.dashboardUrl,
  };
}

/** What sinks are made with. */
export interface SinkParts {
  readonly alertSink: new (options: AlertSinkOptions) => AlertSink;
  readonly alertmanager: (url: URL) => AlertReceiver;
  readonly webhook: (url: URL) => AlertReceiver;
  readonly lookup: NameLookup;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly readFile: (path: string) => string;
  readonly onResult: (sink: string, result: DeliveryResult, why: string | null) => void;
}

/** One for each receiver of the configuration. Throws a UsageError for a file that cannot be used. */
export function sinksOf(config: Config, parts: SinkParts): AlertSink[] {
  const ca = config.alertCa === null ? null : certificates(config.alertCa, parts);
  const receivers = [
    ...config.alertmanagers.map((url) => parts.alertmanager(new URL(url))),
    ...config.webhooks.map((url) => parts.webhook(new URL(url))),
  ];
  const origins = new Set(receivers.map(({ url }) => url.origin));
  for (const { origin, file } of config.alertAuth) {
    const known = [...origins].join(', ') || 'none';
    if (!origins.has(origin)) throw new UsageError(`--alert-auth: ${origin} is no receiver; there is ${known}`);
    authorizationIn(file, parts);
  }
  const names = new Map<string, number>();
  return receivers.map((receiver) => {
    const file = config.alertAuth.find(({ origin }) => origin === receiver.url.origin)?.file;
    // Neither path nor credentials: a webhook's path is its password.
    const place = `${receiver.kind} ${receiver.url.host}`;
    const count = (names.get(place) ?? 0) + 1;
    names.set(place, count);
    const name = count === 1 ? place : `${place} #${count}`;
    const { lookup, now, monotonic, random } = parts;
    return new parts.alertSink({
      receiver,
      name,
      range: () => ownRange(parts.readFile),
      ca,
      authorization: () => (file === undefined ? null : authorizationIn(file, parts)),
      lookup,
      now,
      monotonic,
      random,
      onResult: (result, why) => parts.onResult(name, result, why),
    });
  });
}

/** What connect() chooses from where this program runs, whatever it looks at; null: not known. */
function ownRange(readFile: (path: string) => string): PortRange {
  try {
    return parseRange(readFile('/proc/sys/net/ipv4/ip_local_port_range'));
  } catch {
    // Without /proc the usual one has to do.
    return null;
  }
}

function certificates(path: string, parts: SinkParts): string {
  const text = readable(path, '--alert-ca', parts);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch (error) {
    const why = (error as Error).message;
    throw new UsageError(`--alert-ca: ${path} has a certificate that cannot be read: ${why}`, { cause: error });
  }
  if (blocks.length === 0) throw new UsageError(`--alert-ca: ${path} has no certificate; name a PEM file`);
  return text;
}

/** What the file holds, one line. It is a secret, and in no message. */
function authorizationIn(file: string, parts: SinkParts): string {
  const text = readable(file, '--alert-auth', parts).trim();
  if (!/^[\x20-\x7e\x80-\xff]+$/.test(text)) {
    throw new UsageError(`--alert-auth: ${file} does not hold one line of text; write "Bearer …" or "Basic …" into it`);
  }
  return text;
}

function readable(path: string, option: string, { readFile }: SinkParts): string {
  try {
    return readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`${option}: cannot read ${path}: ${code ?? message}; name a file that this user may read`, {
      cause: error,
    });
  }
}
