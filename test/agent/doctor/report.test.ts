import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DoctorReport, reportTable } from '../../../agent/doctor/report.ts';

const REPORT: DoctorReport = {
  schema: 'lastport/1',
  kernel: '6.18.44',
  node: 'v20.19.0',
  procfs: '/proc',
  uid: 990,
  capabilities: ['CAP_SYS_PTRACE'],
  inventory: {
    distribution: 'Debian GNU/Linux',
    release: '12',
    architecture: 'x64',
    virtual: true,
    cpus: 2,
    memoryBytes: 4 * 2 ** 30,
  },
  sights: [
    { what: 'net/tcp', seen: 'yes', found: 'readable', costs: null },
    { what: 'net/tcp6', seen: 'absent', found: 'IPv6 is off', costs: null },
    { what: 'net/snmp', seen: 'no', found: 'EACCES: permission denied', costs: 'opens and resets' },
    { what: 'processes', seen: 'partly', found: 'only those of uid 990', costs: 'owners' },
  ],
  daemon: { listen: '127.0.0.1:9477', state: 'healthy', detail: '200 ok' },
};

describe('reportTable', () => {
  it('says who we are, what is seen, and what is lost', () => {
    assert.equal(
      reportTable(REPORT),
      `kernel 6.18.44 · node v20.19.0 · Debian GNU/Linux 12, x64, virtual, 2 CPUs, 4.0 GiB
uid 990, CAP_SYS_PTRACE · procfs at /proc

ok  net/tcp    readable
--  net/tcp6   IPv6 is off
no  net/snmp   EACCES: permission denied
~~  processes  only those of uid 990
ok  daemon     healthy at 127.0.0.1:9477: 200 ok

What is missing costs:
  net/snmp: opens and resets
  processes: owners
`,
    );
  });

  for (const [capabilities, words] of [
    [[], 'uid 990, no capabilities'],
    [Array<string>(20).fill('CAP_X'), 'uid 990, 20 of 41 capabilities'],
    [Array<string>(41).fill('CAP_X'), 'uid 990, all capabilities'],
    [null, 'uid and capabilities unknown'],
  ] as const) {
    it(`says "${words}"`, () => assert.ok(reportTable({ ...REPORT, capabilities }).includes(`\n${words} ·`)));
  }

  it('says what it does not know', () => {
    const unknown = reportTable({ ...REPORT, kernel: null, inventory: null, sights: REPORT.sights.slice(0, 1) });
    assert.match(unknown, /^kernel unknown · node v20\.19\.0 · inventory unknown\n/);
    assert.doesNotMatch(unknown, /costs/);
  });

  it('marks a daemon that does not run as absent, one that is ill as not well', () => {
    const mark = (state: DoctorReport['daemon']['state']) =>
      /^(..) {2}daemon/m.exec(reportTable({ ...REPORT, daemon: { ...REPORT.daemon, state } }))?.[1];
    assert.deepEqual((['not running', 'unhealthy', 'stranger'] as const).map(mark), ['--', 'no', 'no']);
  });
});
