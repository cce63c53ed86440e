import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plan } from '../../agent/correlate/plan.ts';
import { planText } from '../../exporters/plan-text.ts';
import { matchesGolden } from '../support/golden.ts';
import { type PlanFlags, question } from '../support/plan-questions.ts';

const text = async (flags: PlanFlags, color = false) => planText(plan(await question(flags)), { color });

const POOL = { rate: '4000', 'max-idle': '2', concurrency: '2000' };

describe('planText', () => {
  it('looks like its golden', async () => {
    const questions: PlanFlags[] = [
      POOL,
      { rate: '4000', 'unread-bodies': '30%', latency: '20ms' },
      { rate: '4000', destinations: '3', reuse: '90%', reserved: '40000-50000,8080', loopback: true },
      { rate: '450' },
      { rate: '20', lifetime: '700s' },
      { rate: '100', lifetime: '30s', closes: 'remote' },
      { rate: '4000', 'max-per-host': '100', concurrency: '200' },
    ];
    const asked = questions.map((flags) =>
      Object.entries(flags).flatMap(([flag, value]) => (value === true ? [`--${flag}`] : [`--${flag}`, value])),
    );
    const all = await Promise.all(questions.map((flags) => text(flags)));
    matchesGolden('plan.txt', all.map((one, index) => `$ lastport plan ${asked[index]!.join(' ')}\n${one}`).join('\n'));
  });

  it('begins with the verdict, in colour what it says in words', async () => {
    const colored = await text(POOL, true);
    const esc = String.fromCharCode(27);
    assert.ok(colored.startsWith(`${esc}[1;31mRUNS OUT: `));
    assert.equal(colored.replaceAll(new RegExp(`${esc}\\[[0-9;]*m`, 'g'), ''), await text(POOL));
    assert.match(await text({ rate: '300' }), /^SLOW: /);
    assert.match(await text({ rate: '200' }), /^FITS: /);
  });

  it('never shows a share as none or all that is neither', async () => {
    const opened = async (reuse: string) => /opened +(.+)/.exec(await text({ rate: '4000', reuse }))?.[1];
    assert.equal(await opened('100%'), '0/s, 0% of the requests');
    assert.equal(await opened('99.99%'), '0.4/s, below 0.1% of the requests');
    assert.equal(await opened('0.001%'), '4,000/s, 99.9% of the requests');
    assert.equal(await opened('90%'), '400/s, 10% of the requests');
    assert.equal(await opened('0'), '4,000/s, 100% of the requests');
  });
});
