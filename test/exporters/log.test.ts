import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AssessmentLog, createLogger, type LogFormat } from '../../exporters/log.ts';
import { assessment, destination, namespace } from '../support/assessments.ts';

function logged(publish: (log: AssessmentLog) => void, format: LogFormat = 'json'): string[] {
  const lines: string[] = [];
  publish(new AssessmentLog(createLogger('info', { write: (line) => lines.push(line.trimEnd()) }, format)));
  return lines;
}

const messages = (lines: readonly string[]) => lines.map((line) => [JSON.parse(line).level, JSON.parse(line).msg]);
const withVerdict = (verdict: 'healthy' | 'critical' | 'warning') =>
  assessment({ namespaces: [namespace({ destinations: [destination({ verdict })] })] });
const gap = { source: 'proc-net-tcp', what: 'IPv6 sockets', why: 'EACCES', costs: 'much' };

describe('AssessmentLog', () => {
  it('logs a change of verdict once, and its end', () => {
    const lines = logged((log) => {
      for (const verdict of ['healthy', 'critical', 'critical', 'warning', 'healthy', 'healthy'] as const)
        log.publish(withVerdict(verdict));
    });
    assert.deepEqual(messages(lines), [
      ['error', '10.9.0.2:8080 is critical'],
      ['warn', '10.9.0.2:8080 is warning'],
      ['info', 'host 10.9.0.1 10.9.0.2:8080 is healthy'],
    ]);
    assert.equal(JSON.parse(lines[0]!).headroomPorts, 14209);
  });

  it('logs a gap when it appears and when it goes, not when its reason changes', () => {
    const lines = logged((log) => {
      for (const gaps of [[gap], [{ ...gap, why: 'EIO' }], []]) log.publish(assessment({ gaps, namespaces: [] }));
    });
    assert.deepEqual(messages(lines), [
      ['warn', 'not visible: IPv6 sockets'],
      ['info', 'visible again: proc-net-tcp: IPv6 sockets'],
    ]);
  });

  it('says that it cannot look', () => {
    const blind = assessment({ namespaces: [namespace({ verdict: 'blind', destinations: [] })] });
    assert.deepEqual(messages(logged((log) => [log.publish(blind), log.publish(blind)])), [['error', 'cannot look']]);
  });

  it('holds back what would fill a disk, and counts it', () => {
    const storm = (verdict: 'critical' | 'healthy', takenAt: string) =>
      assessment({
        takenAt,
        namespaces: [
          namespace({
            destinations: Array.from({ length: 500 }, (_, port) => destination({ remotePort: port + 1, verdict })),
          }),
        ],
      });
    const lines = logged((log) => {
      log.publish(storm('critical', '2026-11-23T02:40:00.000Z'));
      log.publish(storm('healthy', '2026-11-23T02:40:01.000Z'));
      log.publish(storm('healthy', '2026-11-23T02:41:00.000Z'));
    });
    assert.equal(lines.length, 61);
    assert.deepEqual(JSON.parse(lines[60]!).lines, 940);
  });

  it('gives the journal its priorities', () => {
    const lines = logged((log) => {
      log.publish(withVerdict('critical'));
      log.publish(withVerdict('warning'));
      log.publish(withVerdict('healthy'));
    }, 'journal');
    assert.deepEqual(
      lines.map((line) => line.slice(0, 4)),
      ['<3>{', '<4>{', '<6>{'],
    );
    assert.equal(JSON.parse(lines[0]!.slice(3)).level, 'error');
  });

  it('is for people on a terminal', () => {
    const [line] = logged((log) => log.publish(assessment({ gaps: [gap], namespaces: [] })), 'terminal');
    assert.match(
      line ?? '',
      /^\d\d:\d\d:\d\d warn {2}not visible: IPv6 sockets {2}source=proc-net-tcp why=EACCES costs=much$/,
    );
  });
});
