import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import type { Assessment } from '../../agent/model/assessment.ts';
import type { Gap } from '../../agent/model/gap.ts';
import { OwnGaps } from '../../agent/own-gaps.ts';
import { Silence } from '../../agent/silence.ts';
import { assessment, destination, namespace } from '../support/assessments.ts';

const LIMIT_MS = 6000;

/** With time that passes when it is told to. */
function watch() {
  mock.timers.enable({ apis: ['setInterval'] });
  const state = { now: 0, heard: [] as { assessment: Assessment; gap: Gap }[] };
  const silence = new Silence({
    limitMs: () => LIMIT_MS,
    monotonic: () => state.now,
    onSilence: (found, gap) => state.heard.push({ assessment: found, gap }),
  });
  return {
    state,
    silence,
    pass(seconds: number) {
      for (let second = 0; second < seconds; second++) {
        state.now += 1000;
        mock.timers.tick(1000);
      }
    },
    end() {
      silence.stop();
      mock.timers.reset();
    },
  };
}

const look = assessment({ namespaces: [namespace({ destinations: [destination({})] })] });

describe('Silence', () => {
  it('says what is known when no look comes: the time of the last one, and nothing that it saw', () => {
    const { state, silence, pass, end } = watch();
    silence.heard(look);
    silence.noteError('it ended: out of memory');
    pass(6);
    assert.equal(state.heard.length, 0);
    pass(1);
    const [only] = state.heard;
    assert.equal(only?.assessment.takenAt, look.takenAt);
    assert.equal(only?.assessment.verdict, 'blind');
    const [own] = only?.assessment.namespaces ?? [];
    assert.deepEqual([own?.verdict, own?.usablePorts, own?.destinations], ['blind', null, []]);
    assert.equal(only?.gap.why, 'it ended: out of memory');
    silence.heard(look);
    pass(6);
    assert.equal(state.heard.length, 1);
    end();
  });

  it('knows nothing before the first look', () => {
    const { state, pass, end } = watch();
    pass(60);
    assert.deepEqual(state.heard, []);
    end();
  });

  it('does not take for silence that it was stopped itself', () => {
    const { state, silence, pass, end } = watch();
    silence.heard(look);
    state.now += 3_600_000;
    pass(1);
    assert.deepEqual(state.heard, []);
    end();
  });
});

describe('OwnGaps', () => {
  const gap = { source: 'log', what: 'lines', why: 'EAGAIN', costs: 'much' };

  it('are those of an Assessment too, until they are over', () => {
    const own = new OwnGaps();
    assert.equal(own.addTo(look), look);
    own.note('log', gap);
    own.note('log', { ...gap, why: 'ENOSPC' });
    assert.deepEqual(own.addTo(look).gaps, [...look.gaps, { ...gap, why: 'ENOSPC' }]);
    own.note('log', null);
    assert.equal(own.addTo(look), look);
  });
});
