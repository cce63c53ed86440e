import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Assessment } from '../../agent/model/assessment.ts';
import { until } from '../e2e/until.ts';
import { root } from '../support/golden.ts';
import { Daemon } from '../support/program.ts';

/** What koffi may do where its prebuilt file does not suit the machine, and what is then said. */
const UNFIT = {
  aborts: ['process.abort();', /^Cannot load koffi: it ended the process that tried it \(SIGABRT\)/],
  'is an illegal instruction': ["process.kill(process.pid, 'SIGILL');", /\(SIGILL\)/],
  throws: ["throw new Error('GLIBC_2.99 not found');", /^Cannot load koffi: GLIBC_2\.99 not found$/],
  'does not load what it should': ['module.exports = { load: () => ({ func: () => () => -1 }) };', /clock_gettime/],
} as const;

/** Of a file, in s since the epoch. */
const LONG_AGO = 1_600_000_000;
/** The package as it is installed, but for koffi. */
let folder: string;
const main = () => join(folder, 'dist/agent/main.js');

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'lastport-koffi-'));
  for (const part of ['agent', 'collectors', 'exporters']) {
    cpSync(`${root}dist/${part}`, join(folder, 'dist', part), { recursive: true });
  }
  for (const name of ['package.json', 'exporters']) symlinkSync(`${root}${name}`, join(folder, name));
  mkdirSync(join(folder, 'node_modules/koffi'), { recursive: true });
  for (const name of readdirSync(`${root}node_modules`)) {
    if (name !== 'koffi') symlinkSync(`${root}node_modules/${name}`, join(folder, 'node_modules', name));
  }
});
after(() => rmSync(folder, { recursive: true }));

function install(code: string): void {
  const koffi = join(folder, 'node_modules/koffi');
  rmSync(koffi, { recursive: true });
  mkdirSync(koffi);
  writeFileSync(join(koffi, 'package.json'), '{ "name": "koffi", "version": "0.0.0", "main": "index.cjs" }');
  writeFileSync(join(koffi, 'index.cjs'), code);
}

function installReal(): void {
  const koffi = join(folder, 'node_modules/koffi');
  rmSync(koffi, { recursive: true });
  // A copy, not a link: what is loaded is found from where it really lies, and so is Lastport.
  cpSync(`${root}node_modules/koffi`, koffi, { recursive: true, dereference: true });
}

const whyNot = ({ gaps }: Assessment): string => gaps.find(({ source }) => source === 'sock-diag')?.why ?? '';

/** `lastport check`; what it prints. */
function check(state: string, cache = ''): Assessment {
  const { stdout, stderr, signal } = spawnSync(process.execPath, [main(), 'check', '--format', 'json'], {
    encoding: 'utf8',
    env: { ...process.env, LASTPORT_STATE_DIR: state, XDG_CACHE_HOME: cache },
  });
  assert.equal(signal, null, stderr);
  return JSON.parse(stdout) as Assessment;
}

async function daemonSees(state: string): Promise<Assessment> {
  const daemon = new Daemon(['--tick', '200ms', '--listen', '127.0.0.1:0'], { LASTPORT_STATE_DIR: state }, main());
  try {
    const at = await daemon.address();
    const ask = async (path: string) => await (await fetch(`http://${at}${path}`)).text();
    // Past the first look: that is where what crashes would have crashed.
    const assessment = await until('two looks', async () => {
      const one = JSON.parse(await ask('/api/assessment')) as Assessment;
      return one.namespaces.length > 0 ? one : null;
    });
    assert.match(await ask('/metrics'), /^lastport_/m);
    return assessment;
  } finally {
    assert.equal(await daemon.end(), 0);
  }
}

describe('a koffi that does not suit this machine', () => {
  for (const [what, [code, why]] of Object.entries(UNFIT)) {
    it(`${what}: the daemon goes on through /proc and says so, and so does check`, async () => {
      install(code);
      for (const assessment of [await daemonSees('off'), check('off')]) {
        assert.match(whyNot(assessment), why);
        assert.equal(assessment.namespaces[0]?.engine, 'procfs');
        assert.notEqual(assessment.verdict, 'blind');
      }
    });
  }

  it('hangs: given up after a while', async () => {
    install('for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);');
    assert.match(whyNot(check('off')), /^Cannot load koffi: the process that tried it had not ended after 15000 ms$/);
  });
});

describe('a koffi that works', () => {
  it('is tried by the daemon each time; check takes word of that, and tries by itself where there is none', async () => {
    const state = mkdtempSync(join(tmpdir(), 'lastport-state-'));
    const word = join(state, 'koffi-works');
    try {
      installReal();
      await daemonSees(state);
      assert.ok(existsSync(word));
      // Whose word it was: another koffi is tried anew, and does no harm.
      install(UNFIT.aborts[0]);
      assert.match(whyNot(check(state)), UNFIT.aborts[1]);
      await daemonSees(state);
      assert.ok(!existsSync(word), 'what does not hold any more has gone');
    } finally {
      rmSync(state, { recursive: true });
    }
  });

  it('is remembered by check in a cache where no daemon has a state directory, unless nothing is to be kept', () => {
    const cache = mkdtempSync(join(tmpdir(), 'lastport-cache-'));
    const word = join(cache, 'lastport/koffi-works');
    const file = join(folder, 'node_modules/koffi/index.cjs');
    try {
      installReal();
      const { size } = statSync(file);
      utimesSync(file, LONG_AGO, LONG_AGO);
      check('off', cache);
      assert.ok(!existsSync(word));
      check(join(cache, 'no state'), cache);
      assert.ok(existsSync(word));
      assert.ok(!existsSync(join(cache, 'no state')));
      // It is taken: a koffi that looks the same is loaded without a trial, which would have found this one out.
      install('process.exit(7)//'.padEnd(size));
      utimesSync(file, LONG_AGO, LONG_AGO);
      const { status } = spawnSync(process.execPath, [main(), 'check'], {
        env: { ...process.env, LASTPORT_STATE_DIR: join(cache, 'no state'), XDG_CACHE_HOME: cache },
      });
      assert.equal(status, 7);
    } finally {
      rmSync(cache, { recursive: true });
    }
  });
});
