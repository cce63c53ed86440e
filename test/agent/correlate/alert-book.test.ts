import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AlertBook, type AlertRules, RESOLVE_AFTER_MS, STORM } from '../../../agent/correlate/alert-book.ts';
import { DEFAULT_THRESHOLDS } from '../../../agent/correlate/alert-conditions.ts';
import { UNUSED_FORECAST } from '../../../agent/correlate/forecast.ts';
import { type Alert, alertKey } from '../../../agent/model/alert.ts';
import type { Assessment, DestinationReport } from '../../../agent/model/assessment.ts';
import type { Cause } from '../../../agent/model/cause.ts';
import { CAUSE_WORDS } from '../../../agent/model/cause-words.ts';
import { assessment, cause, destination, namespace } from '../../support/assessments.ts';

const RULES: AlertRules = {
  thresholds: DEFAULT_THRESHOLDS,
  overrides: [],
  labels: { instance: 'web-1:9477', team: 'payments' },
  runbookBase: 'https://example.com/runbook',
  dashboardUrl: null,
};
const EPOCH = Date.UTC(2026, 0, 1);

const calm = (more: Partial<DestinationReport> = {}) =>
  destination({
    usedPorts: 1000,
    headroomPorts: 27_000,
    fastHeadroomPorts: 13_000,
    forecast: UNUSED_FORECAST,
    ...more,
  });
const exhausted = (more: Partial<DestinationReport> = {}) => {
  const forecast = { ...UNUSED_FORECAST, kind: 'exhausted' as const, slowConnectInSeconds: 0, exhaustedInSeconds: 0 };
  return destination({ headroomPorts: 0, fastHeadroomPorts: 0, forecast, ...more });
};
const host = (...destinations: DestinationReport[]): Assessment =>
  assessment({ namespaces: [namespace({ destinations })] });

/** Feeds one Assessment a second; remembers what changed. */
class Days {
  readonly book: AlertBook;
  at = 0;
  constructor(rules: Partial<AlertRules> = {}) {
    this.book = new AlertBook({ ...RULES, ...rules });
  }

  pass(seconds: number, of: Assessment): Alert[] {
    const changed: Alert[] = [];
    for (let second = 0; second < seconds; second++) {
      this.at += 1000;
      changed.push(...this.book.update(of, EPOCH + this.at, this.at).changed);
    }
    return changed;
  }

  get firing(): string[] {
    return this.book.firing.map(({ labels }) => `${labels.alertname} ${labels.severity}`).sort();
  }
}

const named = (alerts: readonly Alert[], name: string) => alerts.filter(({ labels }) => labels.alertname === name);

describe('AlertBook', () => {
  it('fires at once, and resolves when the contrary has held for half a minute', () => {
    const days = new Days();
    days.pass(5, host(calm()));
    assert.deepEqual(days.firing, []);
    const [begun] = named(days.pass(1, host(exhausted())), 'LastportPortsExhausted');
    assert.equal(begun?.endsAt, null);
    assert.deepEqual(days.pass(RESOLVE_AFTER_MS / 1000 - 1, host(calm())), []);
    const [ended] = named(days.pass(1, host(calm())), 'LastportPortsExhausted');
    assert.ok(ended !== undefined && ended.endsAt === EPOCH + days.at);
    assert.equal(alertKey(ended.labels), alertKey(begun?.labels as Alert['labels']));
    assert.deepEqual(days.firing, []);
  });

  it('does not take for over what cannot be seen any more', () => {
    const days = new Days();
    days.pass(1, host(exhausted()));
    const blind = assessment({ namespaces: [namespace({ verdict: 'blind', destinations: [] })] });
    assert.deepEqual(named(days.pass(600, blind), 'LastportPortsExhausted'), []);
    assert.ok(days.firing.includes('LastportPortsExhausted critical'));
    assert.equal(named(days.pass(31, host(calm())), 'LastportPortsExhausted').length, 1);
    days.pass(1, host(exhausted()));
    const gone = assessment({ namespaces: [] });
    assert.equal(
      named(days.pass(61, gone), 'LastportPortsExhausted').length,
      1,
      'a namespace that is gone is no blind one',
    );
  });

  it('goes on where it was false for less than that', () => {
    const days = new Days();
    days.pass(1, host(exhausted()));
    days.pass(20, host(calm()));
    assert.deepEqual(named(days.pass(1, host(exhausted())), 'LastportPortsExhausted'), []);
    assert.deepEqual(named(days.pass(29, host(calm())), 'LastportPortsExhausted'), []);
  });

  it('keeps its labels while owner, numbers and cause change, and says these anew', () => {
    const days = new Days();
    days.pass(1, host(exhausted({ causes: [cause()] })));
    const [before] = named(days.book.firing, 'LastportPortsExhausted');
    assert.deepEqual(before?.labels, {
      alertname: 'LastportPortsExhausted',
      severity: 'critical',
      instance: 'web-1:9477',
      team: 'payments',
      netns: 'host',
      local: '10.9.0.1',
      destination: '10.9.0.2:8080',
      unit: 'api.service',
    });
    const [owner] = destination().owners ?? [];
    const other = { ...(owner as NonNullable<typeof owner>), unit: 'cron.service', pid: 7 };
    days.pass(1, host(exhausted({ owners: [other], usedPorts: 20_000, causes: [] })));
    const [after] = named(days.book.firing, 'LastportPortsExhausted');
    assert.deepEqual(after?.labels, before?.labels);
    assert.match(after?.annotations.description ?? '', /uses 20000 of/);
    assert.match(after?.annotations['owner'] ?? '', /cron\.service \(pid 7\)/);
    assert.match(before?.annotations['cause'] ?? '', /given up before their end: 900/);
    assert.equal(after?.annotations['cause'], undefined);
    assert.match(after?.annotations['runbook_url'] ?? '', /runbook#lastportportsexhausted$/);
  });

  describe('says a cause that became known later', () => {
    const because = (...causes: Cause[]) =>
      host(exhausted({ causes: causes.map((one) => ({ ...cause(), cause: one })) }));
    /** The causes that were news, one Assessment a second. */
    const news = (...each: Assessment[]) => {
      const days = new Days();
      return each.map((one) => {
        days.at += 1000;
        const { learned } = days.book.update(one, EPOCH + days.at, days.at);
        return named(learned, 'LastportPortsExhausted').map(({ annotations }) => annotations['cause']?.split(' (')[0]);
      });
    };
    const [none, body, pool] = [because(), because('unread_body'), because('idle_pool_too_small')];

    it('at once, and once', () => {
      assert.deepEqual(
        news(none, because('unknown'), body, body, body, none, body).map((one) => one.length),
        [0, 0, 1, 0, 0, 0, 0],
      );
    });
    it('not where it was said already', () => {
      assert.deepEqual(news(body, body, none, because('unknown'), body), [[], [], [], [], []]);
    });
    it('when another one has been first for three seconds', () => {
      const said = news(body, pool, pool, body, pool, pool, pool, pool);
      assert.deepEqual(
        said.map((one) => one.length),
        [0, 0, 0, 0, 0, 0, 0, 1],
      );
      assert.match(said.at(-1)?.[0] ?? '', new RegExp(`^${CAUSE_WORDS.idle_pool_too_small.headline}`));
    });
    it('twice at most', () => {
      const turns = [body, pool, because('server_closes'), body].flatMap((one) => Array<Assessment>(5).fill(one));
      assert.equal(news(none, ...turns).flat().length, 2);
    });
  });

  it('has no unit where none was known when it fired, and keeps it so', () => {
    const days = new Days();
    days.pass(1, host(exhausted({ owners: [] })));
    days.pass(1, host(exhausted()));
    assert.equal(named(days.book.firing, 'LastportPortsExhausted')[0]?.labels.unit, undefined);
  });

  it('waits longer each time an alert comes back within ten minutes', () => {
    const days = new Days();
    const lasts: number[] = [];
    for (let round = 0; round < 4; round++) {
      days.pass(1, host(exhausted()));
      let seconds = 0;
      while (days.firing.includes('LastportPortsExhausted critical') && seconds < 3600) {
        days.pass(1, host(calm()));
        seconds++;
      }
      lasts.push(seconds);
    }
    assert.deepEqual(lasts, [30, 60, 120, 240]);
    days.pass(601, host(calm()));
    days.pass(1, host(exhausted()));
    days.pass(30, host(calm()));
    assert.deepEqual(days.firing, []);
  });

  it('folds a storm of destinations into one alert that names the worst, and leaves what fires already', () => {
    const days = new Days();
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) =>
        exhausted({ remotePort: 1 + index, headroomPorts: index === 5 ? -3 : 0 }),
      );
    days.pass(1, host(...many(2)));
    const begun = named(days.pass(1, host(...many(STORM + 1))), 'LastportPortsExhausted');
    assert.equal(begun.length, 1);
    assert.equal(begun[0]?.labels.destination, 'many');
    assert.match(begun[0]?.annotations.summary ?? '', /^11 destinations, the worst: 10\.9\.0\.2:6 /);
    // The first two fire on their own still: nothing has ended.
    assert.equal(named(days.book.firing, 'LastportPortsExhausted').length, 3);
    assert.deepEqual(days.pass(60, host(...many(STORM + 1))), []);
    // And it is one storm until there are half as many.
    assert.deepEqual(days.pass(60, host(...many(STORM / 2 + 1))), []);
  });

  it('follows the first override that matches, until it ends', () => {
    const override = {
      destination: null,
      unit: null,
      netns: null,
      thresholds: {},
      maxSeverity: undefined,
      until: null,
    };
    const firing = (...overrides: AlertRules['overrides']) => {
      const days = new Days({ overrides });
      days.pass(1, host(exhausted()));
      return days.firing.includes('LastportPortsExhausted critical');
    };
    assert.ok(firing());
    assert.ok(!firing({ ...override, destination: '10.9.0.2:8080', maxSeverity: null }));
    assert.ok(!firing({ ...override, unit: 'api.service', maxSeverity: 'warning' }));
    assert.ok(firing({ ...override, netns: 'other', maxSeverity: null }));
    assert.ok(firing({ ...override, netns: 'host', maxSeverity: null, until: EPOCH }));
    const days = new Days({ overrides: [{ ...override, netns: 'host', thresholds: { headroomWarningRatio: 0.01 } }] });
    days.pass(1, host(calm({ headroomPorts: 1000 })));
    assert.deepEqual(days.firing, []);
  });

  it('calls blind what worked and has failed for ten seconds, not what never did', () => {
    const days = new Days();
    const collectors = (ok: boolean) =>
      assessment({
        collectors: [{ collector: 'proc-fd', durationMs: 1, ok }],
        namespaces: [namespace({ destinations: [] })],
      });
    assert.deepEqual(new Days().pass(60, collectors(false)), []);
    days.pass(1, collectors(true));
    assert.deepEqual(days.pass(10, collectors(false)), []);
    const [begun] = days.pass(1, collectors(false));
    assert.equal(begun?.labels.alertname, 'LastportBlind');
    assert.equal(begun?.labels.what, 'collector proc-fd');
    assert.equal(days.pass(30, collectors(true)).at(-1)?.endsAt !== null, true);
  });

  it('resolves no alert because the clock was set, and dates none before its start', () => {
    const days = new Days();
    days.pass(1, host(exhausted()));
    const { changed } = days.book.update(host(exhausted()), EPOCH - 3_600_000, days.at + 1000);
    assert.deepEqual(changed, []);
    const ended = days.book.update(host(calm()), EPOCH - 3_600_000, days.at + 60_000).changed;
    assert.ok(ended.every(({ startsAt, endsAt }) => endsAt !== null && endsAt >= startsAt));
  });
});
