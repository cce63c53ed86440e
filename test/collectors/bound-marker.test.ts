import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SocketTable } from '../../agent/model/socket-table.ts';
import { boundMarker } from '../../collectors/bound-marker.ts';
import { loadLibc } from '../../collectors/libc.ts';
import { sockDiag } from '../../collectors/sock-diag.ts';
import { fakeHost } from '../support/fake-host.ts';
import { emptyReadings, settings } from '../support/readings.ts';
import { message, replayLibc } from '../support/replay-libc.ts';

const DONE = message(3, new Uint8Array(4));
const LOCAL = [127, 127, 83, 18];

/** A bound socket as sock_diag has it (struct inet_diag_msg). */
function boundSocket(port: number, local: readonly number[]): Uint8Array {
  const body = new Uint8Array(72);
  body.set([2, 13]); // AF_INET, BOUND_INACTIVE
  new DataView(body.buffer).setUint16(4, port);
  body.set(local, 8);
  return message(20, body);
}

function look(release: string, answers: readonly Uint8Array[], overrides: Parameters<typeof replayLibc>[1] = {}) {
  const host = { ...fakeHost({ 'sys/kernel/osrelease': release }), isLive: true };
  const ports = { ...settings(), range: { low: 40_000, high: 40_099 } };
  const readings = { ...emptyReadings(), wantsBound: true, ports };
  const { libc, open } = replayLibc(() => answers, overrides);
  sockDiag(() => libc).collect(readings, host);
  assert.equal(open.size, 0);
  return readings;
}

describe('whether the kernel lists bound sockets', () => {
  it('shows by one of our own, whatever its version says, and that one is not told of', () => {
    const { unlistedSockets, sockets } = look('5.14.0-570.el9', [boundSocket(40_100, LOCAL), DONE]);
    assert.equal(unlistedSockets, 0);
    assert.deepEqual(sockets?.boundPorts, []);
    assert.equal(sockets?.bound[40_100], 0);
  });

  it('does not where ours is missing, whatever its version says', () => {
    assert.equal(look('7.0.0', [DONE]).unlistedSockets, null);
  });

  it('is taken from the version where ours cannot be bound', () => {
    const refused = { bind: () => -1 };
    assert.equal(look('6.8.0', [DONE], refused).unlistedSockets, 0);
    assert.equal(look('6.7.0', [DONE], refused).unlistedSockets, null);
  });

  it('others at the same port stay', () => {
    const { sockets } = look('6.8.0', [boundSocket(40_100, [127, 0, 0, 1]), boundSocket(40_100, LOCAL), DONE]);
    assert.deepEqual(sockets?.boundPorts, [40_100]);
    assert.equal(sockets?.bound[40_100], 1);
  });
});

describe('the marker', () => {
  it('is bound beside the range, never in it', () => {
    const libc = loadLibc();
    const marker = boundMarker(libc, { low: 1024, high: 61_000 });
    assert.ok(marker);
    marker.close();
    assert.equal(boundMarker(libc, { low: 1024, high: 65_535 }), null, 'no room without a privilege');
    assert.equal(marker.take(new SocketTable()), false);
  });
});
