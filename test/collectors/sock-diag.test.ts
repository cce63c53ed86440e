import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ANY_V6, localKeyOf } from '../../agent/model/socket-table.ts';
import type { Libc } from '../../collectors/libc.ts';
import { sockDiag } from '../../collectors/sock-diag.ts';
import { fakeHost } from '../support/fake-host.ts';
import { emptyReadings, settings } from '../support/readings.ts';
import { type Answer, message, recorded, replayLibc } from '../support/replay-libc.ts';

const DUMP = recorded('test/fixtures/sock-diag/dump.bin');
const SOCKETS = DUMP.slice(0, -1);
const DONE = message(3, new Uint8Array(4));
const ENOENT_ERROR = message(2, new Uint8Array(new Int32Array([-2]).buffer));
const host = { ...fakeHost({ 'sys/kernel/osrelease': '6.18.44\n' }), isLive: true };

function collect(answers: () => readonly Answer[], overrides: Partial<Libc> = {}, wantsBound = true) {
  const { libc, open } = replayLibc(answers, overrides);
  const readings = { ...emptyReadings(), wantsBound };

  let error: Error | null = null;
  try {
    sockDiag(() => libc).collect(readings, host);
  } catch (caught) {
    error = caught as Error;
  }
  assert.equal(open.size, 0, 'no netlink socket stays open: it would keep a network namespace alive');
  return { readings, error };
}

const rows = (answers: () => readonly Answer[]) => collect(answers).readings.sockets?.rowCount;

describe('sockDiag', () => {
  it('lists what is bound and not connected where the kernel is known to tell', () => {
    const { readings } = collect(() => DUMP);
    assert.deepEqual(readings.sockets?.boundPorts, [41000, 41001]);
    assert.deepEqual(readings.sockets?.boundLocals, [localKeyOf([0, 0, 0xffff, 0x7f000001]), ANY_V6]);
    assert.equal(readings.unlistedSockets, 0);
    assert.equal(readings.engine, 'sock_diag');
  });

  it('does not take an older kernel that says nothing of them for one that has none', () => {
    const old = { ...fakeHost({ 'sys/kernel/osrelease': '5.14.0-503.el9\n' }), isLive: true };
    const readings = { ...emptyReadings(), wantsBound: true };
    sockDiag(() => replayLibc(() => [DONE]).libc).collect(readings, old);
    assert.equal(readings.unlistedSockets, null);
  });

  it('takes a dump anew that the kernel calls inconsistent, and says so if it stays', () => {
    const broken = SOCKETS.map((datagram) => {
      const copy = Uint8Array.from(datagram);
      copy[6] = copy[6]! | 0x10; // NLM_F_DUMP_INTR
      return copy;
    });
    let dumps = 0;
    const { readings } = collect(() => (++dumps === 1 ? [...broken, DONE] : DUMP));
    assert.equal(dumps, 2);
    assert.deepEqual(readings.gaps, []);
    const { readings: never } = collect(() => [...broken, DONE]);
    assert.match(never.gaps[0]?.why ?? '', /each of 3 dumps inconsistent/);
    assert.equal(
      never.sockets?.rowCount,
      rows(() => DUMP),
    );
  });

  it('does not take a kernel for one that lists none because an inconsistent dump passed its own bound socket over', () => {
    const broken = SOCKETS.map((datagram) => Uint8Array.from(datagram, (byte, at) => (at === 6 ? byte | 0x10 : byte)));
    const told = { ...emptyReadings(), wantsBound: true, ports: settings() };
    sockDiag(() => replayLibc(() => [...broken, DONE]).libc).collect(told, host);
    assert.equal(told.unlistedSockets, 0);
  });

  it('goes on after EINTR', () =>
    assert.equal(
      rows(() => [4, ...DUMP]),
      rows(() => DUMP),
    ));

  it('passes over messages and address families it does not know', () => {
    const strange = Uint8Array.from(SOCKETS[0]!.subarray(0, 96));
    new DataView(strange.buffer).setUint32(0, 96, true);
    strange[16] = 99;
    assert.equal(
      rows(() => [message(77, new Uint8Array(8)), message(1, new Uint8Array(0)), strange, ...DUMP]),
      rows(() => DUMP),
    );
  });

  for (const [what, answers, expected] of [
    ['a kernel without inet_diag', [ENOENT_ERROR], /the kernel has no inet_diag: no such file or directory \(ENOENT\)/],
    [
      'a dump that ends in an error',
      [message(3, new Uint8Array(new Int32Array([-105]).buffer))],
      /dump TCP sockets: .*ENOBUFS/,
    ],
    ['an overrun', [105], /read the answer of sock_diag: .*ENOBUFS/],
    ['no answer', [], /read the answer of sock_diag: .*EAGAIN/],
    ['half a header', [new Uint8Array(7)], /Cannot parse a netlink datagram: 0 bytes at 0 of 7 are no message/],
    [
      'a message longer than its datagram',
      [SOCKETS[0]!.subarray(0, 60)],
      /Cannot parse a netlink datagram: \d+ bytes at 0 of 60/,
    ],
    ['half a socket', [message(20, new Uint8Array(40)), DONE], /Cannot parse a socket of sock_diag: 40 bytes/],
    ['an empty datagram', [new Uint8Array(0)], /a datagram of 0 bytes/],
  ] as const) {
    it(`throws for ${what}`, () => assert.match(collect(() => answers).error?.message ?? '', expected));
  }

  it('says why netlink is refused', () => {
    const refused = { socket: () => -1, errno: () => 93 };
    assert.match(collect(() => [], refused).error?.message ?? '', /open a sock_diag socket: .*EPROTONOSUPPORT/);
  });

  it('says nothing of a copied tree', () => {
    assert.throws(() => sockDiag().collect(emptyReadings(), fakeHost({})), /is not the running kernel's procfs/);
  });
});
