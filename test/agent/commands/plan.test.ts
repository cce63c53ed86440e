import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plan } from '../../../agent/commands/plan.ts';
import { loadConfig } from '../../../agent/config/config.ts';
import type { PlanAnswer } from '../../../agent/model/plan.ts';
import { type PlanFlags, question } from '../../support/plan-questions.ts';
import { lastport } from '../../support/program.ts';

async function planned(flags: PlanFlags): Promise<{ code: number; text: string }> {
  const { config } = await loadConfig({ command: 'plan', flags, env: {}, readFile: () => new Uint8Array() });
  let text = '';
  const code = plan(config, {
    render: ({ verdict }) => `rendered ${verdict}`,
    stdout: (more) => {
      text += more;
    },
  });
  return { code, text };
}

describe('plan', () => {
  for (const [rate, code, text] of [
    ['200', 0, 'rendered fits'],
    ['300', 1, 'rendered slow'],
    ['4000', 2, 'rendered exhausted'],
  ] as const) {
    it(`ends with ${code} at ${rate}/s`, async () => assert.deepEqual(await planned({ rate }), { code, text }));
  }

  it('prints JSON', async () => {
    const { text } = await planned({ rate: '300', format: 'json' });
    const { schema, verdict, asked } = JSON.parse(text) as PlanAnswer;
    assert.deepEqual([schema, verdict, asked.requestsPerSecond], ['lastport/1', 'slow', 300]);
    assert.ok(text.endsWith('}\n'));
  });
});

describe('questionOf', () => {
  it('takes options for what they mean', async () => {
    assert.deepEqual(await question({ rate: '10' }), {
      requestsPerSecond: 10,
      destinations: 1,
      client: { kind: 'reuse', reuseShare: 0 },
      load: { kind: 'latency', seconds: 0.005 },
      closes: 'local',
      range: { low: 32768, high: 60999 },
      reserved: [],
      twReuse: 'loopback',
      loopback: false,
    });
    const { client, load } = await question({ rate: '10', 'max-per-host': '5', concurrency: '3' });
    assert.deepEqual(client, { kind: 'pool', maxIdle: null, maxPerHost: 5, unreadShare: 0 });
    assert.deepEqual(load, { kind: 'concurrency', requests: 3 });
  });

  for (const [flags, message] of [
    [{}, '--rate: missing; give the requests a second, as in --rate 4000'],
    [
      { rate: '1', reuse: '0.5', 'max-idle': '2' },
      "--reuse and --max-idle: give one; a pool's limits say how many requests it reuses",
    ],
    [
      { rate: '1', reuse: '0.5', 'unread-bodies': '10%' },
      "--reuse and --unread-bodies: give one; a pool's limits say how many requests it reuses",
    ],
    [
      { rate: '1', concurrency: '5', lifetime: '1s' },
      '--concurrency and --lifetime: give one; with the rate, the others follow from it',
    ],
    [
      { rate: '1', lifetime: '1s', 'max-idle': '2' },
      '--lifetime: a pool decides that, by --max-idle; give --concurrency or --latency',
    ],
    [
      { rate: '1', closes: 'remote', 'max-per-host': '2' },
      '--closes: "remote" will not do with --max-per-host; a pool closes on this side, use local',
    ],
    [
      { rate: '1', range: '40000-40001', reserved: '40000-50000' },
      '--reserved: leaves no port of 40000-40001; reserve fewer',
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(flags)}`, async () => {
      await assert.rejects(question(flags), { name: 'UsageError', exitCode: 64, message });
    });
  }
});

describe('lastport plan', () => {
  it('answers without a host: with a /proc that is not there', () => {
    const { status, stdout, stderr } = lastport(['plan', '--rate', '4000'], { LASTPORT_PROCFS: '/nonexistent' });
    assert.equal(stderr, '');
    assert.match(stdout, /^RUNS OUT: 4,000 connections a second need /);
    assert.equal(status, 2);
  });

  for (const [args, expected] of [
    [[], /--rate: missing/],
    [['--rate', '4k'], /--rate: "4k" is not a rate/],
    [['--rate', '1', '--reuse', '90'], /--reuse: "90" is not a share/],
    [['--rate', '1', '--range', '5'], /--range: "5" is not a range/],
    [['--rate', '1', '--procfs', '/proc'], /--procfs: not an option of plan/],
    [['--rate', '1', '--max-idel', '2'], /--max-idel: unknown option; did you mean --max-idle\?/],
  ] as const) {
    it(`refuses ${args.join(' ')} in one line, with 64`, () => {
      const { status, stdout, stderr } = lastport(['plan', ...args]);
      assert.match(stderr, /^lastport: [^\n]+\n$/);
      assert.match(stderr, expected);
      assert.deepEqual([status, stdout], [64, '']);
    });
  }
});
