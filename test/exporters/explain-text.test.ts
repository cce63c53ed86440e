import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explain } from '../../agent/commands/explain.ts';
import type { Assessment } from '../../agent/model/assessment.ts';
import { explainText } from '../../exporters/explain-text.ts';
import { assessment, cause, destination, namespace, PROBED } from '../support/assessments.ts';
import { matchesGolden } from '../support/golden.ts';

/** The story, as the daemon knows it. */
const story = (): Assessment => {
  const told = destination({
    ...PROBED,
    remoteName: 'api.example.com',
    verdict: 'critical',
    causes: [
      cause({
        evidence: [
          '199,000 connections closed in the last minute because a response was given up before its end, 96 % of the requests',
        ],
        portsBack: 13_800,
        callSite: '/srv/app/api.js:41',
      }),
      cause({
        cause: 'tw_reuse_would_help',
        confidence: 'possible',
        evidence: ['most used ports wait'],
        portsBack: 13_900,
      }),
    ],
  });
  const fine = destination({ remotePort: 9000, usedPorts: 100, verdict: 'healthy', causes: [] });
  return assessment({ verdict: 'critical', namespaces: [namespace({ destinations: [told, fine] })] });
};

async function said(found: Assessment, target?: string, format: 'table' | 'json' = 'table', color = false) {
  let text = '';
  const code = await explain(target, {
    source: async () => ({ from: 'daemon', assessment: found }),
    render: (all) => explainText(all, { color, hint: 'nothing' }),
    format,
    stdout: (some) => {
      text += some;
    },
  });
  return { code, text };
}

describe('lastport explain', () => {
  it('looks like its golden', async () => matchesGolden('explain.txt', (await said(story())).text));

  it('fits a terminal, but for code that is to be copied', async () => {
    const { text } = await said(story());
    for (const line of text.split('\n').filter((one) => !one.startsWith(' '.repeat(17))))
      assert.ok(line.length <= 100, line);
  });

  for (const [target, port] of [
    ['10.9.0.2:9000', 9000],
    ['api.example.com', 8080],
    ['API.example.com:8080', 8080],
    ['4242', 8080],
  ] as const) {
    it(`finds ${target}`, async () => {
      const { code, text } = await said(story(), target, 'json');
      assert.equal(code, 0);
      assert.equal(JSON.parse(text)[0].destination.remotePort, port);
    });
  }

  it('ends with 3 where there is no such destination, and with 0 where all is fine', async () => {
    assert.deepEqual(await said(story(), '10.9.9.9:1'), { code: 3, text: 'nothing\n' });
    const fine = destination({ verdict: 'healthy', causes: [] });
    assert.deepEqual(await said(assessment({ namespaces: [namespace({ destinations: [fine] })] })), {
      code: 0,
      text: 'nothing\n',
    });
  });

  it('takes what an older version has recorded', async () => {
    const old = JSON.parse(JSON.stringify(story())) as { namespaces: { destinations: Record<string, unknown>[] }[] };
    for (const key of ['causes', 'probe', 'requests']) delete old.namespaces[0]?.destinations[0]?.[key];
    const { text } = await said(old as unknown as Assessment, 'api.example.com');
    assert.match(text, /nothing says why/);
  });

  it('steers no terminal', async () => {
    const evil = destination({ causes: [cause({ evidence: ['a\u001b]0;title\u0007b'] })], verdict: 'critical' });
    const { text } = await said(assessment({ namespaces: [namespace({ destinations: [evil] })] }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f]/);
  });
});
