import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Alert } from '../../agent/model/alert.ts';
import { AlertLog } from '../../exporters/alert-log.ts';
import { createLogger } from '../../exporters/log.ts';
import { alert, resolved } from '../support/alerts.ts';

function logged(changed: readonly Alert[], isTerminal = false): string[] {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line) => lines.push(line.trimEnd()) }, isTerminal);
  new AlertLog(logger).publish(changed);
  return lines;
}

describe('AlertLog', () => {
  it('logs what fires and what has ended, by severity, one line each', () => {
    const lines = logged([alert(), alert({ severity: 'warning' }), resolved(alert())]).map((line) => JSON.parse(line));
    const summary = '10.9.0.2:8080 has no port left: every new connection fails';
    assert.deepEqual(
      lines.map(({ level, event, status, msg }) => [level, event, status, msg]),
      [
        ['error', 'alert', 'firing', summary],
        ['warn', 'alert', 'firing', summary],
        ['info', 'alert', 'resolved', `resolved: ${summary}`],
      ],
    );
  });

  it('has all that a reader needs', () => {
    const one = alert({ unit: 'api.service' });
    const { labels, annotations, since } = JSON.parse(logged([one])[0]!);
    assert.deepEqual(labels, one.labels);
    assert.deepEqual(annotations, one.annotations);
    assert.equal(since, '2026-11-23T02:40:00.000Z');
  });

  it('is for people on a terminal', () => {
    assert.match(logged([alert()], true)[0]!, /^\d\d:\d\d:\d\d error 10\.9\.0\.2:8080 has no port left.* event=alert /);
  });
});
