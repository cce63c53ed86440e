import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Alert } from '../../agent/model/alert.ts';
import { AlertLog } from '../../exporters/alert-log.ts';
import { createLogger, type LogFormat } from '../../exporters/log.ts';
import { alert, resolved } from '../support/alerts.ts';

function logged(changed: readonly Alert[], format: LogFormat = 'json', learned: readonly Alert[] = []): string[] {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line) => lines.push(line.trimEnd()) }, format);
  new AlertLog(logger).publish(changed, [], learned);
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

  it('says what has become known of one that fires', () => {
    const one = alert();
    const known = { ...one, annotations: { ...one.annotations, cause: 'bodies left unread: 900 of 1,000' } };
    const [line] = logged([], 'json', [known]).map((text) => JSON.parse(text));
    assert.deepEqual(
      [line.level, line.event, line.status, line.annotations.cause],
      ['error', 'alert', 'updated', 'bodies left unread: 900 of 1,000'],
    );
    assert.match(line.msg, /has no port left.*: bodies left unread/);
  });

  it('has all that a reader needs', () => {
    const one = alert({ unit: 'api.service' });
    const { labels, annotations, since } = JSON.parse(logged([one])[0]!);
    assert.deepEqual(labels, one.labels);
    assert.deepEqual(annotations, one.annotations);
    assert.equal(since, '2026-11-23T02:40:00.000Z');
  });

  it('is for people on a terminal', () => {
    assert.match(
      logged([alert()], 'terminal')[0]!,
      /^\d\d:\d\d:\d\d error 10\.9\.0\.2:8080 has no port left.* event=alert /,
    );
  });
});
