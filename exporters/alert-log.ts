import type { Alert } from '../agent/model/alert.ts';
import type { Logger } from './log.ts';

/** A line for each alert that begins or ends: {"level":"error","event":"alert","status":"firing","labels":{…},…} */
export class AlertLog {
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  publish(changed: readonly Alert[]): void {
    for (const { labels, annotations, startsAt, endsAt } of changed) {
      const status = endsAt === null ? 'firing' : 'resolved';
      const level = endsAt !== null ? 'info' : labels.severity === 'critical' ? 'error' : 'warn';
      const since = new Date(startsAt).toISOString();
      const { summary } = annotations;
      const text = endsAt === null ? summary : `resolved: ${summary}`;
      this.logger[level]({ event: 'alert', status, since, labels, annotations }, text);
    }
  }
}
