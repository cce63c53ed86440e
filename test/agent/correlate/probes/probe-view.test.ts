import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetnsProbes } from '../../../../agent/correlate/probes/probe-ledger.ts';
import { probeView } from '../../../../agent/correlate/probes/probe-view.ts';
import { NO_GAUGES, type ProbeCounts } from '../../../../agent/model/probe.ts';
import { SocketTable } from '../../../../agent/model/socket-table.ts';
import { destination } from '../../../support/assessments.ts';
import { told } from '../cause/facts.ts';

/** What the ledger is told: whether the kernel has more connections than the probes told of. */
function lacks(kernel: { live: number; waiting: number }, counts: Partial<ProbeCounts>, open: number, seconds = 60) {
  let said: boolean | null = null;
  const probes: NetnsProbes = {
    view: () => told(counts, { seconds, gauges: { ...NO_GAUGES, open } }),
    notes: () => null,
    isAll: (_local, _remote, _port, lacking) => {
      said = lacking;
      return !lacking;
    },
    lately: () => [],
    programOf: () => 0,
  };
  const { live, waiting } = kernel;
  const report = destination({ usedPorts: live + waiting, states: { established: live, time_wait: waiting } });
  probeView(probes, report, new SocketTable(), null, 0);
  return said;
}

describe('probeView', () => {
  it('knows that there are others by their live connections', () => {
    assert.equal(lacks({ live: 12, waiting: 0 }, {}, 10), false);
    assert.equal(lacks({ live: 30, waiting: 0 }, {}, 10), true);
  });
  it('knows it by TIME_WAIT of which no probe told, when a minute is known', () => {
    const good = { opens: 10, requests: 9000 };
    assert.equal(lacks({ live: 10, waiting: 6000 }, good, 10), true);
    assert.equal(lacks({ live: 10, waiting: 6000 }, good, 10, 30), false);
    assert.equal(lacks({ live: 10, waiting: 6000 }, { ...good, closes: { client_closed: 5000 } }, 10), false);
  });
});
