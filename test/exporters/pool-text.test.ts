import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_POOL_FORECAST, type PoolReport } from '../../agent/model/pool.ts';
import { poolLines } from '../../exporters/pool-text.ts';
import { checkTable } from '../../exporters/text.ts';
import { assessment, destination, namespace, pool } from '../support/assessments.ts';

const line = (one: Partial<PoolReport>, all = false) => poolLines([pool(one)], all)[0]?.text;
const table = { kind: 'conntrack', netns: 'host', destination: null } as const;

describe('poolLines', () => {
  it('says of a quota what is used, and what is known of it', () => {
    assert.equal(line({}), 'NAT azure-load-balancer to 203.0.113.7:443 · 412 of 1,024 used · settles at 430');
    const forecast = NO_POOL_FORECAST;
    const unknown = { used: null, usedLow: 12, usedHigh: null, forecast, destination: null };
    assert.equal(line(unknown), 'NAT azure-load-balancer · at least 12 of 1,024 used');
    assert.equal(
      line({ ...unknown, usedHigh: 1200 }),
      'NAT azure-load-balancer · at least 12 and at most 1,200 of 1,024 used',
    );
    const end = { ...NO_POOL_FORECAST, kind: 'draining', exhaustedInSeconds: 41.7 } as const;
    assert.equal(
      line({ ...unknown, forecast: end }),
      'NAT azure-load-balancer · at least 12 of 1,024 used · used up in 42 s',
    );
    assert.match(line({ forecast: { ...end, kind: 'exhausted', exhaustedInSeconds: 0 } }) ?? '', / · used up$/);
  });

  it('says of a table what it holds, if it is not fine or all are asked for', () => {
    assert.equal(line(table), undefined);
    assert.equal(line(table, true), 'connection tracking table · 412 of 1,024 used · settles at 430');
    assert.match(line({ ...table, verdict: 'watch', netns: 'web' }) ?? '', /^connection tracking table of web · /);
    assert.match(
      line({ ...table, kind: 'time_wait', verdict: 'watch' }) ?? '',
      /^TIME_WAIT table \(tcp_max_tw_buckets\) · /,
    );
  });
});

describe('checkTable of pools', () => {
  const plain = { all: false, color: false };
  const low = pool({ verdict: 'warning', used: 900, usedLow: 900 });
  const healthy = namespace({ destinations: [destination({ verdict: 'healthy' })] });

  it('has its line, and names it first where nothing else is as bad', () => {
    const text = checkTable(assessment({ verdict: 'warning', namespaces: [healthy], pools: [low] }), plain);
    const title = 'NAT azure-load-balancer to 203.0.113.7:443 · 900 of 1,024 used · settles at 430';
    assert.equal(text.split('\n')[0], `WARNING web-1: ${title} | worst_used=49%;80;95`);
    assert.ok(text.includes(`\n!  ${title}\n`));
    const unused = assessment({ verdict: 'warning', namespaces: [namespace({ destinations: [] })], pools: [low] });
    assert.equal(checkTable(unused, plain).split('\n')[0], `WARNING web-1: ${title} | worst_used=0%;80;95`);
  });

  it('names a destination first that is as bad', () => {
    const sick = namespace({ destinations: [destination({ verdict: 'warning', fastHeadroomPorts: 0 })] });
    const text = checkTable(assessment({ verdict: 'warning', namespaces: [sick], pools: [low] }), plain);
    assert.match(text, /^WARNING web-1: 10\.9\.0\.2:8080 out of ports in 4\.1s/);
  });
});
