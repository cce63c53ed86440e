// What people are told to copy: compiled, or run, by the programs that it is for.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { remediesOf } from '../../../../agent/correlate/remedy/remedies.ts';
import { sizingOf } from '../../../../agent/correlate/remedy/sizing.ts';
import { CAUSES } from '../../../../agent/model/cause.ts';
import type { Remedy } from '../../../../agent/model/remedy.ts';
import { destination, owner, PROBED } from '../../../support/assessments.ts';
import { allRemedies } from '../../../support/causes-doc.ts';
import { needs } from '../../../support/needs.ts';

const folder = mkdtempSync(join(tmpdir(), 'lastport-remedies-'));
const all = CAUSES.flatMap((cause) => allRemedies(cause).map((remedy) => ({ cause, remedy })));
const snippets = (kinds: readonly Remedy['for'][]) =>
  all
    .filter(({ remedy }) => kinds.includes(remedy.for) && remedy.code.length > 0)
    .map(({ cause, remedy }) => ({ name: `${remedy.for}, ${cause}`, code: `${remedy.code.join('\n')}\n`, remedy }));

let count = 0;
function file(text: string, extension: string): string {
  const path = join(folder, `${count++}.${extension}`);
  writeFileSync(path, text);
  return path;
}

describe('remedies', () => {
  it('there is at least one for every cause, in one line that stands alone', () => {
    for (const cause of CAUSES) {
      for (const report of [
        destination(PROBED),
        destination({ owners: [] }),
        destination({ owners: [owner({ comm: 'x' })] }),
      ]) {
        const found = remediesOf(cause, report);
        assert.ok(found.length > 0, cause);
        for (const { line, expect } of found) assert.ok(!line.includes('\n') && line.length > 20 && expect.length > 5);
      }
    }
  });

  for (const [comm, kind] of [
    ['node', 'undici'],
    ['python3', 'python'],
    ['nginx', 'nginx'],
    ['java', 'java'],
    ['curl', 'curl'],
    ['api-server', 'go'],
  ] as const) {
    it(`speak to ${comm} of ${kind}`, () => {
      const [first] = remediesOf('connection_per_request', destination({ owners: [owner({ comm })] }));
      assert.equal(first?.for, kind);
    });
  }

  it('settings of the host come last', () => {
    const kinds = remediesOf('tw_reuse_would_help', destination()).map((remedy) => remedy.for);
    assert.deepEqual(kinds, ['kernel']);
    assert.notEqual(remediesOf('unread_body', destination()).at(-1)?.for, 'kernel');
  });

  for (const { name, code } of snippets(['undici', 'fetch', 'node:http']).filter(
    ({ code }) => !code.startsWith('npm '),
  )) {
    it(`compiles: ${name}`, () => {
      execFileSync(process.execPath, ['--check', file(code, 'mjs')], { stdio: 'pipe' });
    });
  }

  it('undici takes the options that it is told', async () => {
    const undici = await import('undici');
    for (const { code } of snippets(['undici'])) {
      for (const [, options = ''] of code.matchAll(/new Agent\((\{[\s\S]*?\})[,\s]*\)/g)) {
        const made = new undici.Agent(new Function(`return ${options}`)() as object);
        await made.close();
      }
    }
  });

  for (const { name, code } of snippets(['python', 'any']).filter(({ code }) => code.startsWith('import '))) {
    it(`compiles: ${name}`, { skip: needs('python3') }, () => {
      execFileSync('python3', ['-c', 'import sys; compile(sys.stdin.read(), "x", "exec")'], { input: code });
    });
  }

  for (const { name, code } of snippets(['go'])) {
    it(`compiles: ${name}`, { skip: needs('go') }, () => {
      const { status, stderr } = spawnSync('gofmt', ['-l', '-e', file(code, 'go')], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    });
  }

  it('go vet finds nothing', { skip: needs('go') }, () => {
    for (const code of new Set(snippets(['go']).map((one) => one.code))) {
      const path = file(`${code}\nfunc main() {}\n`, 'go');
      const { status, stderr } = spawnSync('go', ['vet', path], {
        encoding: 'utf8',
        env: { ...process.env, GO111MODULE: 'off' },
      });
      // What nobody calls is no fault of a snippet.
      assert.equal(status, 0, stderr);
    }
  });

  for (const { name, code } of snippets(['nginx'])) {
    it(`nginx takes it: ${name}`, { skip: needs('nginx') }, () => {
      const conf = file(
        `pid ${folder}/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n  access_log off;\n${code}}\n`,
        'conf',
      );
      const { status, stderr } = spawnSync('nginx', ['-t', '-c', conf, '-p', folder], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    });
  }
});

describe('sizingOf', () => {
  for (const [concurrent, connections] of [
    [1, 10],
    [9, 16],
    [40, 50],
    [110, 200],
    [5000, 256],
  ] as const) {
    it(`${concurrent} requests at once want ${connections} connections`, () => {
      const probe = { ...PROBED.probe!, marks: { open: concurrent, concurrent, queued: 0 } };
      assert.equal(sizingOf(destination({ probe })).connections, connections);
    });
  }

  it('keeps idle connections for less long than the server', () => {
    const keep = (keepAliveHintSeconds: number | null) =>
      sizingOf(destination({ probe: { ...PROBED.probe!, keepAliveHintSeconds } })).keepAliveMs;
    assert.deepEqual([keep(null), keep(120), keep(10), keep(1)], [30_000, 30_000, 9000, 30_000]);
  });
});
