import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DestinationReport } from '../../agent/model/assessment.ts';
import { DestinationClocks } from '../../exporters/destination-clocks.ts';
import { assessment, destination, namespace } from '../support/assessments.ts';

const BEGIN = Date.parse('2026-11-23T02:40:00Z');
const forecast = destination().forecast;
const with_ = (headroomPorts: number, more: Partial<DestinationReport> = {}) =>
  destination({
    headroomPorts,
    verdict: 'warning',
    forecast: { ...forecast, slowConnectInSeconds: headroomPorts < 14_000 ? 0 : null },
    ...more,
  });

/** Clocks, and looks at the seconds it is told. */
function open() {
  const clocks = new DestinationClocks();
  const look = (second: number, ...destinations: DestinationReport[]) =>
    clocks.note(
      assessment({
        takenAt: new Date(BEGIN + second * 1000).toISOString(),
        namespaces: [namespace({ destinations })],
      }),
    );
  const looks = (from: number, to: number, step: number, ...destinations: DestinationReport[]) => {
    for (let second = from; second <= to; second += step) look(second, ...destinations);
  };
  return { clocks, look, looks, of: (one: DestinationReport) => clocks.of('host', one) };
}

describe('DestinationClocks', () => {
  it('counts the seconds without a port, and those in which connect() is slow', () => {
    const { looks, of } = open();
    looks(0, 10, 1, with_(20_000));
    looks(11, 15, 1, with_(5000));
    looks(16, 18, 1, with_(0));
    looks(19, 25, 1, with_(20_000));
    assert.deepEqual(of(with_(20_000)), { exhaustedSeconds: 3, slowSeconds: 8, lowest: 0 });
  });

  it('counts by the time that has passed, however often it is looked', () => {
    for (const step of [0.5, 2, 30, 300]) {
      const { looks, of } = open();
      looks(0, step * 2, step, with_(20_000));
      looks(step * 3, step * 6, step, with_(0));
      assert.equal(of(with_(0))?.exhaustedSeconds, step * 4, `every ${step} s`);
    }
  });

  it('tells the lowest headroom of the last minute', () => {
    const { look, looks, of } = open();
    look(0, with_(10));
    looks(1, 60, 1, with_(9000));
    assert.equal(of(with_(9000))?.lowest, 10);
    look(61, with_(9000));
    assert.equal(of(with_(9000))?.lowest, 9000);
    look(61.5, with_(8000));
    look(61.6, with_(9500));
    assert.equal(of(with_(9500))?.lowest, 8000);
  });

  it('follows what is above 5 % or not healthy, and stays with it when it is well again', () => {
    const { looks, of } = open();
    const idle = with_(28_000, { usedPorts: 5, verdict: 'healthy' });
    looks(0, 5, 1, with_(0, { usedPorts: 5, verdict: 'healthy' }));
    assert.equal(of(idle)?.exhaustedSeconds, 0);
    looks(6, 10, 1, with_(0));
    looks(11, 20, 1, idle);
    assert.deepEqual(of(idle), { exhaustedSeconds: 5, slowSeconds: 5, lowest: 0 });
  });

  it('tells destinations and namespaces apart', () => {
    const { clocks, looks, of } = open();
    const other = with_(20_000, { remotePort: 1 });
    const device = with_(20_000, { device: 'eth0' });
    looks(0, 5, 1, with_(0), other, device);
    assert.deepEqual(
      [of(with_(0))?.exhaustedSeconds, of(other)?.exhaustedSeconds, of(device)?.exhaustedSeconds],
      [5, 0, 0],
    );
    assert.equal(clocks.of('elsewhere', with_(0))?.exhaustedSeconds, 0);
  });

  it('goes on where it was when a destination comes back within the hour, and begins anew later', () => {
    const { look, looks, of } = open();
    looks(0, 5, 1, with_(0));
    looks(6, 3600, 6);
    looks(3601, 3603, 1, with_(0));
    // No counter ever goes down but to begin at zero: what Prometheus takes for a reset.
    assert.equal(of(with_(0))?.exhaustedSeconds, 8);
    look(3604);
    looks(3610, 7300, 10);
    look(7301, with_(20_000));
    assert.equal(of(with_(20_000))?.exhaustedSeconds, 0);
  });

  it('takes no clock that was set for time that has passed', () => {
    const { look, looks, of } = open();
    looks(0, 5, 1, with_(0));
    look(605, with_(0));
    look(606, with_(0));
    look(10, with_(0));
    look(11, with_(0));
    assert.equal(of(with_(0))?.exhaustedSeconds, 7);
    assert.equal(of(with_(9000))?.lowest, 0);
    looks(12, 75, 1, with_(9000));
    assert.equal(of(with_(9000))?.lowest, 9000);
  });

  it('does not count a pause in which nobody looked', () => {
    const { look, of } = open();
    look(0, with_(0));
    look(1, with_(0));
    look(12, with_(0));
    assert.equal(of(with_(0))?.exhaustedSeconds, 1);
  });

  it('follows a thousand at most, says so of the others, and makes room for them in time', () => {
    const { look, looks, of } = open();
    const many = Array.from({ length: 1000 }, (_, index) => with_(0, { remotePort: index + 1 }));
    const late = with_(0, { remotePort: 2000 });
    looks(0, 3, 1, ...many, late);
    assert.equal(of(many[999]!)?.exhaustedSeconds, 3);
    assert.equal(of(late), null);
    look(3700, late);
    look(3701, late);
    assert.equal(of(late)?.exhaustedSeconds, 1);
  });
});
