import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DoctorProbes, doctor, examine } from '../../../agent/commands/doctor.ts';
import { type Config, loadConfig } from '../../../agent/config/config.ts';
import type { DoctorReport } from '../../../agent/doctor/report.ts';
import { realHost } from '../../../agent/host.ts';
import type { Host } from '../../../agent/model/host.ts';
import { denied, fakeHost } from '../../support/fake-host.ts';

const FILES = {
  'net/tcp': '  sl\n',
  'sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
  'sys/kernel/osrelease': '6.18.44\n',
  'self/status': 'Uid:\t990\t990\t990\t990\nCapEff:\t0000000000000000\n',
};

const PROBES: DoctorProbes = {
  nodeVersion: 'v20.19.0',
  inventory: async () => ({
    distribution: 'Debian GNU/Linux',
    release: '12',
    architecture: 'x64',
    virtual: null,
    cpus: 2,
    memoryBytes: 2 ** 30,
  }),
  native: () => [],
  probe: () => [],
  health: async () => ({ listen: '127.0.0.1:9477', state: 'not running', detail: 'connection refused (ECONNREFUSED)' }),
  gaps: async () => [],
};

const config = (...format: string[]): Promise<Config> => {
  const flags = format.length > 0 ? { format } : {};
  return loadConfig({ command: 'doctor', flags, env: {}, readFile: () => new Uint8Array() }).then(
    (loaded) => loaded.config,
  );
};

async function run(host: Host, format: 'table' | 'json', probes = PROBES): Promise<{ output: string; code: number }> {
  const printed: string[] = [];
  const code = await doctor(await config(format), host, (text) => printed.push(text), probes);
  return { output: printed.join(''), code };
}

describe('doctor', () => {
  it('prints a table for people', async () => {
    const { output, code } = await run(fakeHost(FILES), 'table');
    assert.equal(code, 0);
    assert.match(
      output,
      /^kernel 6\.18\.44 · node v20\.19\.0 · Debian GNU\/Linux 12, x64, 2 CPUs, 1\.0 GiB\nuid 990, no cap/,
    );
    assert.match(output, /^-- {2}daemon +not running at 127\.0\.0\.1:9477: connection refused/m);
  });

  it('prints one line of JSON for programs', async () => {
    const { output, code } = await run(fakeHost(FILES), 'json');
    const report = JSON.parse(output) as DoctorReport;
    assert.equal(code, 0);
    assert.match(output, /^[^\n]*\n$/);
    assert.deepEqual(report, await examine(await config(), fakeHost(FILES), PROBES));
    assert.deepEqual(
      [report.schema, report.uid, report.capabilities, report.kernel],
      ['lastport/1', 990, [], '6.18.44'],
    );
  });

  for (const path of ['net/tcp', 'sys/net/ipv4/ip_local_port_range']) {
    it(`ends with 3 where ${path} cannot be read`, async () => {
      const { output, code } = await run(fakeHost({ ...FILES, [path]: denied(path) }), 'table');
      assert.equal(code, 3);
      assert.match(output, new RegExp(`^no {2}${path} +EACCES`, 'm'));
    });
  }

  it('takes an inventory that fails for one more thing unseen', async () => {
    const inventory = () => Promise.reject(new Error('Cannot ask systeminformation: no answer within 5000 ms'));
    const { output, code } = await run(fakeHost(FILES), 'table', { ...PROBES, inventory });
    assert.equal(code, 0);
    assert.match(output, /^no {2}inventory +Cannot ask systeminformation: no answer within 5000 ms$/m);
  });

  it('has an answer where there is nothing at all', async () => {
    const { output, code } = await run(fakeHost({}), 'json');
    const { kernel, uid, capabilities } = JSON.parse(output) as DoctorReport;
    assert.deepEqual([code, kernel, uid, capabilities], [3, null, null, null]);
  });

  it('reads the real procfs', async () => {
    const { output, code } = await run(realHost('/proc'), 'table');
    assert.match(output, /^(ok|no) {2}net\/tcp +/m);
    assert.equal(code, /^ok {2}net\/tcp +/m.test(output) ? 0 : 3);
  });
});
