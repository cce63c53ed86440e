import type { Alert } from '../agent/model/alert.ts';
import type { Logger } from './log.ts';

/**
 * A line for each alert that begins, ends, or of which the cause has become known:
 * {"level":"error","event":"alert","status":"firing|updated|resolved","labels":{…},…}
 */
export class AlertLog {
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  publish(changed: readonly Alert[], _firing: readonly Alert[], learned: readonly Alert[]): void {
    for (const alert of changed) {
      const { summary } = alert.annotations;
      if (alert.endsAt === null) this.line(alert, 'firing', summary);
      else this.line(alert, 'resolved', `resolved: ${summary}`);
    }
    for (const alert of learned)
      this.line(alert, 'updated', `${alert.annotations.summary}: ${alert.annotations['cause']}`);
  }

  private line(
    { labels, annotations, startsAt }: Alert,
    status: 'firing' | 'updated' | 'resolved',
    text: string,
  ): void {
    const level = status === 'resolved' ? 'info' : labels.severity === 'critical' ? 'error' : 'warn';
    const since = new Date(startsAt).toISOString();
    this.logger[level]({ event: 'alert', status, since, labels, annotations }, text);
  }
}
