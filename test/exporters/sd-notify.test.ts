import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SdNotify } from '../../exporters/sd-notify.ts';
import { assessment, destination, namespace } from '../support/assessments.ts';

const healthy = assessment({ verdict: 'healthy', namespaces: [namespace({ destinations: [] })] });
const critical = assessment({
  verdict: 'critical',
  namespaces: [namespace({ destinations: [destination({ verdict: 'critical', headroomPorts: 0 })] })],
});

function started(watchdogMs: number | null = 30_000) {
  const sent: string[] = [];
  const state = { us: 100_000_000n, stuckMs: 6000 };
  const manager = new SdNotify({
    send: (message) => sent.push(message),
    watchdogMs,
    stuckMs: () => state.stuckMs,
    monotonicUs: () => state.us,
  });
  /** What is sent for a look so many seconds after the one before. */
  const look = (seconds: number, what = healthy) => {
    state.us += BigInt(seconds * 1000) * 1000n;
    manager.publish({ ...what, takenAt: new Date(Number(state.us / 1000n)).toISOString() });
    return sent.splice(0);
  };
  return { manager, sent, state, look };
}

describe('SdNotify', () => {
  it('tells the worst destination in a line when the verdict changes, else every five seconds where the line is new', () => {
    const { look } = started(null);
    assert.match(look(1)[0] ?? '', /^STATUS=OK web-1: no destination in use$/);
    assert.deepEqual(look(1), []);
    assert.match(look(1, critical)[0] ?? '', /^STATUS=CRITICAL web-1: 10\.9\.0\.2:8080 is out of ports[^\n]*$/);
    assert.deepEqual(look(1, critical), []);
    assert.deepEqual(look(7, critical), []);
  });

  it('gives a sign of life with looks, once a second at most', () => {
    const { look } = started();
    look(1);
    assert.deepEqual(look(0.4), []);
    assert.deepEqual(look(0.7), ['WATCHDOG=1']);
    assert.deepEqual(look(40), ['WATCHDOG=1']);
  });

  it('gives none while it is only said that no look comes', () => {
    const { manager, look, sent, state } = started();
    look(1);
    const last = { ...critical, takenAt: new Date(Number(state.us / 1000n)).toISOString() };
    state.us += 10_000_000n;
    manager.publish(last);
    assert.equal(sent.length, 1);
    assert.match(sent[0] ?? '', /^STATUS=/);
    assert.doesNotMatch(sent[0] ?? '', /WATCHDOG/);
  });

  it('gives none where nobody waits for it', () => {
    const { look } = started(null);
    look(1);
    assert.deepEqual(look(60), []);
  });

  it('puts the watchdog off where looks are further apart than it waits, and back', () => {
    const { manager, sent, state } = started();
    manager.ready();
    assert.deepEqual(sent.splice(0), ['READY=1']);
    state.stuckMs = 900_000;
    manager.reloading();
    manager.ready();
    assert.deepEqual(sent.splice(0), ['RELOADING=1\nMONOTONIC_USEC=100000000', 'READY=1\nWATCHDOG_USEC=900000000']);
    state.stuckMs = 6000;
    manager.ready();
    assert.deepEqual(sent.splice(0), ['READY=1\nWATCHDOG_USEC=30000000']);
    manager.stopping();
    assert.deepEqual(sent.splice(0), ['STOPPING=1\nSTATUS=ending']);
  });
});
