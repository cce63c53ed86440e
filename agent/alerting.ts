import type { PortRange } from '../exporters/alert-connect.ts';
import type { AlertReceiver, AlertSink, AlertSinkOptions, DeliveryResult } from '../exporters/alert-sink.ts';
import type { Config } from './config/config.ts';
import { UsageError } from './config/usage-error.ts';
import { AlertBook, type AlertRules } from './correlate/alert-book.ts';
import type { Alert } from './model/alert.ts';
import type { Assessment } from './model/assessment.ts';
import type { Publisher } from './publish.ts';

/** What hears of alerts: those that have changed, and all that fire. */
export interface AlertListener {
  publish(changed: readonly Alert[], firing: readonly Alert[]): void;
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
    this.listeners = [...listeners, ...sinks];
    this.sinks = sinks;
    this.monotonic = monotonic;
  }

  set rules(rules: AlertRules) {
    this.book.rules = rules;
  }

  publish(assessment: Assessment): void {
    const { changed, firing } = this.book.update(assessment, Date.parse(assessment.takenAt), this.monotonic());
    for (const listener of this.listeners) listener.publish(changed, firing);
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
  readonly range: () => PortRange;
  readonly now: () => number;
  readonly readFile: (path: string) => string;
  readonly onResult: (sink: string, result: DeliveryResult, why: string | null) => void;
}

/** One for each receiver of the configuration. Throws a UsageError for a file that cannot be read. */
export function sinksOf(config: Config, parts: SinkParts): AlertSink[] {
  const ca = config.alertCa === null ? null : readable(config.alertCa, '--alert-ca', parts);
  for (const { file } of config.alertAuth) readable(file, '--alert-auth', parts);
  const receivers = [
    ...config.alertmanagers.map((url) => parts.alertmanager(new URL(url))),
    ...config.webhooks.map((url) => parts.webhook(new URL(url))),
  ];
  return receivers.map((receiver) => {
    const file = config.alertAuth.find(({ origin }) => origin === receiver.url.origin)?.file;
    const sink: AlertSink = new parts.alertSink({
      receiver,
      range: parts.range,
      ca,
      authorization: () => (file === undefined ? null : parts.readFile(file).trim()),
      now: parts.now,
      onResult: (result, why) => parts.onResult(sink.name, result, why),
    });
    return sink;
  });
}

function readable(path: string, option: string, { readFile }: SinkParts): string {
  try {
    return readFile(path);
  } catch (error) {
    throw new UsageError(
      `${option}: cannot read ${path}: ${(error as Error).message}; name a file that this user may read`,
    );
  }
}
