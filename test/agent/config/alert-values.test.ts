import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parseAuth,
  parseLabel,
  parseOverride,
  parsePercent,
  parsePercentOrOff,
  parseUrl,
  shownUrl,
} from '../../../agent/config/alert-values.ts';

const complaint = (parse: () => unknown): string => {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof RangeError);
    return error.message;
  }
  return assert.fail('nothing was wrong');
};

describe('parseUrl', () => {
  it('takes what alerts can be sent to', () => {
    for (const url of ['http://am:9093', 'https://user:p%40ss@am.example/prefix', 'http://[::1]:9093/']) {
      assert.equal(parseUrl(url), url);
    }
  });

  it('says what is none, and no secret of it', () => {
    for (const url of ['am:9093', 'ftp://am', '', 'http://', 'https://us%zz:s3cret@am/T0K3N']) {
      assert.doesNotMatch(
        complaint(() => parseUrl(url)),
        /s3cret|T0K3N/,
      );
    }
    assert.equal(
      complaint(() => parseUrl('ftp://am/x')),
      '"ftp://am/…" is no URL; use http://host:port/path or https://…',
    );
  });

  it('shows a URL without its credentials and its path', () => {
    assert.equal(shownUrl('https://u:s3cret@hooks.example/services/T0K3N?k=v'), '"https://hooks.example/…"');
    assert.equal(shownUrl('http://am:9093'), '"http://am:9093"');
  });
});

describe('parseAuth', () => {
  it('takes an origin and a file', () => {
    assert.deepEqual(parseAuth('https://am.example:443=/etc/a=b'), { origin: 'https://am.example', file: '/etc/a=b' });
    for (const text of ['https://am.example', '=/file', 'https://am/path=/file', 'am=/file']) {
      assert.match(
        complaint(() => parseAuth(text)),
        /use https:\/\/host:port=FILE/,
      );
    }
  });
});

describe('parseLabel', () => {
  it('takes a name of its own and a value', () => {
    assert.deepEqual(parseLabel('team=pay=ments'), { name: 'team', value: 'pay=ments' });
    for (const text of ['team', 'team=', '0=a', '__name__=a', 'te-am=a']) complaint(() => parseLabel(text));
    assert.match(
      complaint(() => parseLabel('severity=page')),
      /set by lastport/,
    );
  });
});

describe('parsePercent', () => {
  it('takes shares of a hundred', () => {
    assert.deepEqual(['0%', '20%', '12.5%', '100%'].map(parsePercent), [0, 0.2, 0.125, 1]);
    assert.equal(parsePercentOrOff('off'), null);
    for (const text of ['20', '101%', '-1%', '%', '1e1%'])
      assert.match(
        complaint(() => parsePercent(text)),
        /like 20%/,
      );
  });
});

describe('parseOverride', () => {
  it('takes what it matches, what is different there, and until when', () => {
    const { thresholds, maxSeverity, until, ...match } = parseOverride(
      'destination=10.0.0.1:80; unit=api.service;headroom-warning=10%;horizon=5m;max-severity=none;until=2026-12-01',
    );
    assert.deepEqual(match, { destination: '10.0.0.1:80', unit: 'api.service', netns: null });
    assert.deepEqual(thresholds, { headroomWarningRatio: 0.1, horizonSeconds: 300 });
    assert.deepEqual([maxSeverity, until], [null, Date.parse('2026-12-01')]);
  });

  it('says what will not do', () => {
    for (const [text, why] of [
      ['horizon=5m', /matches nothing/],
      ['destination=a;until=tomorrow', /"tomorrow" is no date/],
      ['destination=a;until=2026-13-01', /is no date/],
      ['destination=a;horizn=5m', /"horizn=5m" will not do/],
      ['destination=a;horizon=5', /5/],
      ['destination=a;max-severity=info', /info/],
    ] as const) {
      assert.match(
        complaint(() => parseOverride(text)),
        why,
      );
    }
  });
});
