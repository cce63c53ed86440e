import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Command, type Config, loadConfig, UsageError } from '../../../agent/config/config.ts';
import { FIELDS, OPTIONS, yamlKey } from '../../../agent/config/options.ts';

interface Given {
  readonly command?: Command;
  readonly flags?: Record<string, unknown>;
  readonly env?: Record<string, string>;
  /** The text of /etc/lastport.yaml, which --config then names. */
  readonly file?: string;
}

function load({ command = 'run', flags = {}, env = {}, file }: Given): ReturnType<typeof loadConfig> {
  return loadConfig({
    command,
    flags: file === undefined ? flags : { ...flags, config: '/etc/lastport.yaml' },
    env,
    readFile: () => {
      if (file === undefined) throw new Error('no file was named');
      return new TextEncoder().encode(file);
    },
  });
}

const DEFAULTS: Config = {
  format: 'table',
  engine: 'auto',
  netns: 'all',
  ask: 'auto',
  trace: false,
  ownersCommandLine: false,
  podLogs: '/var/log/containers',
  to: [],
  procfs: '/proc',
  configFile: null,
  all: false,
  fleet: false,
  listen: { kind: 'tcp', host: '127.0.0.1', port: 9477 },
  tickMs: 1000,
  iterations: null,
  maxDestinations: 8,
  allowedHosts: [],
  logLevel: 'info',
  alertmanagers: [],
  webhooks: [],
  alertAuth: [],
  alertCa: null,
  alertInstance: null,
  alertLabels: [],
  alertOverrides: [],
  headroomWarningRatio: 0.2,
  headroomCriticalRatio: 0.05,
  criticalUsedRatio: 0.25,
  horizonMs: 120_000,
  conntrackRatio: null,
  timeWaitTableRatio: null,
  runbookBase: 'docs/alerts.md',
  dashboardUrl: null,
  rate: null,
  reuseShare: null,
  maxIdle: null,
  maxPerHost: null,
  unreadShare: null,
  concurrency: null,
  latencyMs: null,
  lifetimeMs: null,
  closes: 'local',
  destinations: 1,
  range: { low: 32768, high: 60999 },
  reserved: [],
  twReuse: 'loopback',
  loopback: false,
  nat: [],
  stateDir: 'auto',
  at: null,
  probeSocket: 'auto',
  probeSocketMode: 0o660,
  probeSocketGroup: null,
  webConfig: null,
  apiSocket: 'auto',
};

describe('loadConfig', () => {
  it('gives the defaults where nothing is given', async () => {
    assert.deepEqual(await load({}), { config: DEFAULTS, warnings: [] });
  });

  it('takes flags before variables before the file before defaults', async () => {
    const file = 'tick: 3s\nlogLevel: warn\nmaxDestinations: 3\nprocfs: /host/proc/\n';
    const env = { LASTPORT_TICK: '2s', LASTPORT_LOG_LEVEL: 'debug' };
    const { config } = await load({ flags: { tick: '1500ms' }, env, file });
    assert.deepEqual(config, {
      ...DEFAULTS,
      configFile: '/etc/lastport.yaml',
      tickMs: 1500,
      logLevel: 'debug',
      maxDestinations: 3,
      procfs: '/host/proc',
    });
  });

  it('replaces lists as a whole', async () => {
    const file = 'to: [a:1, b:2]\nallowedHost: [x, Y]\n';
    const { config } = await load({ flags: { to: 'c:3' }, env: { LASTPORT_TO: 'd:4' }, file });
    assert.deepEqual(config.to, [{ host: 'c', port: 3 }]);
    assert.deepEqual(config.allowedHosts, ['x', 'y']);
  });

  it('reads the file that LASTPORT_CONFIG names', async () => {
    const readFile = (path: string) => new TextEncoder().encode(`procfs: /of${path}`);
    const sources = { command: 'check', flags: {}, env: { LASTPORT_CONFIG: '/e.yaml' }, readFile } as const;
    assert.equal((await loadConfig(sources)).config.procfs, '/of/e.yaml');
    assert.equal((await loadConfig({ ...sources, flags: { config: '/f.yaml' } })).config.procfs, '/of/f.yaml');
  });

  it('is frozen to the bottom', async () => {
    const { config } = await load({ flags: { to: ['a:1'] } });
    for (const value of [config, config.to, config.to[0], config.listen]) assert.ok(Object.isFrozen(value));
  });

  it('lets one file and one environment serve all commands', async () => {
    const given = { file: 'all: true\nlisten: 127.0.0.1:1\n', env: { LASTPORT_TICK: '2s' } };
    for (const command of ['run', 'check', 'doctor'] as const) {
      const { config } = await load({ ...given, command });
      assert.deepEqual([config.all, config.tickMs], [true, 2000]);
    }
  });

  it('returns warnings of unknown variables', async () => {
    const { warnings } = await load({ env: { LASTPORT_TIKC: '1s' } });
    assert.deepEqual(warnings, ['LASTPORT_TIKC: unknown variable, ignored; did you mean LASTPORT_TICK?']);
  });

  for (const [given, message] of [
    [{ flags: { tick: 'abc' } }, '--tick: "abc" is not a duration; use 250ms, 1s or 2m'],
    [{ env: { LASTPORT_TICK: 'abc' } }, 'LASTPORT_TICK: "abc" is not a duration; use 250ms, 1s or 2m'],
    [{ file: 'to: a:1\n\ntick: abc' }, '/etc/lastport.yaml:3:7: tick: "abc" is not a duration; use 250ms, 1s or 2m'],
    [{ file: 'tick: 5' }, '/etc/lastport.yaml:1:7: tick: "5" has no unit; use 5s, 250ms or 2m'],
    [{ file: 'tick:' }, '/etc/lastport.yaml:1:6: tick: "" is not a duration; use 250ms, 1s or 2m'],
    [{ file: 'logLevel: yes\ntikc: 1s' }, /^\/etc\/lastport\.yaml:1:11: logLevel: "yes" will not do; use trace, /],
    [{ file: 'tikc: 1s\nlogLevel: yes' }, '/etc/lastport.yaml:1:1: tikc: unknown key; did you mean tick?'],
    [{ flags: { tick: ['1s', '1s'] } }, '--tick: given twice ("1s", "1s"); give it once'],
    [{ flags: { tick: '1s' }, env: { LASTPORT_TICK: 'abc' } }, /^LASTPORT_TICK: /],
    [{ flags: { tick: '1s' }, file: 'tick: abc' }, /^\/etc\/lastport\.yaml:1:7: tick: /],
    [{ env: { LASTPORT_TO: 'a:1,,b:2' } }, /^LASTPORT_TO: "" is not a HOST:PORT; use /],
    [{ flags: { 'max-destinations': '1001' } }, '--max-destinations: "1001" is out of bounds; use 0 to 1000'],
    [{ flags: { engine: 'netlink' } }, '--engine: "netlink" will not do; use auto, sock_diag or procfs'],
    [{ flags: { netns: 'none' } }, /^--netns: "none" will not do; use all, self, /],
    [{ flags: { listen: ':9477' } }, /^--listen: ":9477" names no address; use 127\.0\.0\.1:9477/],
    [{ flags: { procfs: 'a\nb' } }, '--procfs: "a\\nb" has a control character; leave it out'],
    [{ flags: { config: '' } }, /^--config: "" is not a path/],
    [{ flags: { to: Array<string>(1001).fill('a:1') } }, '--to: more than 1000 values; give fewer'],
    [{ flags: { all: true } }, '--all: not an option of run; it belongs to check'],
  ] as const) {
    it(`refuses ${JSON.stringify(given).slice(0, 80)}`, async () => {
      await assert.rejects(load(given as Given), { name: 'UsageError', exitCode: 64, message });
    });
  }

  it('keeps the error of the parser as cause', async () => {
    const error: unknown = await load({ flags: { tick: 'abc' } }).catch((reason: unknown) => reason);
    assert.ok(error instanceof UsageError && error.cause instanceof RangeError);
  });

  it('gives a Config or a UsageError of one line, whatever is in the file', async () => {
    const key = fc.constantFrom(...FIELDS.map((field) => yamlKey(OPTIONS[field])), '? ', '&a b', '"', '__proto__');
    const value = fc.oneof(
      fc.constantFrom(
        '1s',
        '5',
        '[::1]:80',
        '[a:1, b:2]',
        '{a: 1}',
        '*a',
        '!!int 5',
        '|\n  a',
        '\t',
        '~',
        '- a',
        '"\\0"',
      ),
      fc.string({ unit: 'binary' }),
    );
    const lines = fc
      .array(fc.tuple(key, fc.constantFrom(': ', ':', ' ', ':\n  - '), value))
      .map((all) => all.map((line) => line.join('')).join('\n'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(lines, fc.string({ unit: 'binary', maxLength: 200 })), async (file) => {
        try {
          assert.deepEqual(Object.keys((await load({ file })).config).sort(), Object.keys(DEFAULTS).sort());
        } catch (error) {
          assert.ok(error instanceof UsageError, String(error));
          assert.match(error.message, /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u);
        }
      }),
      { numRuns: 1000 },
    );
  });

  // Loading them takes longer than a whole `lastport check`.
  for (const [name, flags, expected] of [
    ['loads no package while there is no file', {}, 'no packages'],
    ['loads yaml when there is one', { config: '/etc/lastport.yaml' }, 'packages'],
  ] as const) {
    it(name, () => {
      const module = new URL('../../../agent/config/config.js', import.meta.url).href;
      const program = `
        const { loadConfig } = await import(${JSON.stringify(module)});
        const sources = { command: 'check', flags: ${JSON.stringify(flags)}, env: { LASTPORT_TO: 'a:1' } };
        await loadConfig({ ...sources, readFile: () => new TextEncoder().encode('tick: 2s') });
        const { createRequire } = await import('node:module');
        const loaded = Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('node_modules'));
        console.log(loaded ? 'packages' : 'no packages');`;
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        encoding: 'utf8',
      });
      assert.equal(stdout.trim() || stderr, expected);
    });
  }
});
