// What others left or say: files of incidents, an answer where the daemon should be, a request's Host header.
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { gzipSync } from 'node:zlib';
import { explain } from '../../../agent/commands/explain.ts';
import { parsed } from '../../../agent/explain-source.ts';
import { explainText } from '../../../exporters/explain-text.ts';
import { isAllowedHost, isSameOrigin } from '../../../exporters/http-guard.ts';
import { decodeIncident, encodeIncident } from '../../../exporters/incidents/file.ts';
import { decodeMark, encodeMark } from '../../../exporters/incidents/mark.ts';
import { incidentsJson, incidentsTable } from '../../../exporters/incidents/text.ts';
import { checkTable } from '../../../exporters/text.ts';
import { summary } from '../../support/incidents.ts';
import { BUSY, screenText, viewOf } from '../../support/top-views.ts';
import { Draw } from '../draw.ts';
import { edited } from '../edited.ts';
import { isOneLine } from '../holds.ts';
import type { Target } from '../target.ts';

const MARK = encodeMark({ since: '2026-11-23T02:40:00.000Z', until: '2026-11-23T03:40:00.000Z' });

const lines = (text: string): void => {
  for (const line of text.split('\n')) isOneLine(line, 100_000);
};

async function show(bytes: Uint8Array): Promise<void> {
  let incident: Awaited<ReturnType<typeof decodeIncident>>;
  try {
    incident = await decodeIncident(bytes);
  } catch (error) {
    // readIncidents() shows the first line of it.
    assert.ok(error instanceof RangeError || error instanceof SyntaxError || 'code' in (error as Error), String(error));
    return;
  }
  assert.deepEqual(await decodeIncident(await encodeIncident(incident)), incident);
  const recorded = { watched: decodeMark(MARK), incidents: [incident.summary], skipped: [] };
  lines(incidentsTable(recorded, '/var/lib/lastport'));
  incidentsJson(recorded, null);
}

export const ANSWERS: readonly Target[] = [
  {
    name: 'incident-file',
    seeds: [gzipSync(`${JSON.stringify(summary())}\n{"a":1}\n`), gzipSync('{}\n'), MARK],
    tokens: ['{', '}', '"schema":', 'null', '\n'],
    async run(input) {
      const mark = decodeMark(input);
      if (mark !== null) assert.deepEqual(decodeMark(encodeMark(mark)), mark);
      await show(input);
      await show(gzipSync(input));
    },
  },
  {
    name: 'incident-summary',
    seeds: [new Uint8Array([0, 1, 2]), new Uint8Array([7, 0, 3, 1, 4])],
    async run(input) {
      await show(gzipSync(`${JSON.stringify(edited(summary(), new Draw(input)))}\n`));
    },
  },
  {
    name: 'daemon-answer',
    seeds: [new Uint8Array([5, 0, 3, 4]), new Uint8Array([5, 0, 25, 0, 3, 1, 2]), new Uint8Array([3, 1, 9, 4, 4])],
    async run(input) {
      const draw = new Draw(input);
      const columns = 20 + draw.byte();
      const text = JSON.stringify(edited(BUSY, draw)) ?? '';
      const assessment = parsed(text);
      if (assessment === null) return;
      lines(checkTable(assessment, { all: true, color: false }));
      const render = (all: Parameters<typeof explainText>[0]) => explainText(all, { color: false, hint: '' });
      await explain(undefined, {
        source: async () => ({ from: 'daemon', assessment }),
        render,
        format: 'table',
        stdout: lines,
      });
      for (const mode of ['table', 'detail', 'help'] as const) {
        lines(screenText(viewOf(columns, 30, { mode }, { feed: { from: 'daemon', assessment, problem: null } })));
      }
    },
  },
  {
    name: 'host-header',
    seeds: ['web-1:9477', '[::1]:9477', 'localhost', '127.0.0.1', 'a.localhost.:80', 'evil.example'],
    tokens: [':', '[', ']', '.', '%', '@', '/', 'localhost', '127.0.0.1', '::1', ':80', '\u0000', 'web-1', '０'],
    mostBytes: 4096,
    run(input) {
      const host = input.toString('latin1');
      if (!isAllowedHost(host, ['web-1'])) return;
      // As a browser reads it: an address, this host or its own name, or no URL at all.
      const url = URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`) : null;
      if (url === null || url.host === '') return;
      const name = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
      assert.ok(
        isIP(name) !== 0 || name === 'web-1' || /(^|\.)localhost$/.test(name),
        `${JSON.stringify(host)} is ${name}`,
      );
      assert.ok(!isSameOrigin('http://evil.example', host) || host === 'evil.example');
    },
  },
];
