import { describe, it } from 'node:test';
import { foretell, settle } from './foretell.ts';
import { obstacle } from './netns.ts';

/** As long as a closed connection holds its port, on average. */
const HELD_SECONDS = 61;

// As long as the kernel's minute takes, in namespaces of its own each, all at once: the longest begins first.
const skip = await obstacle();
describe('what is foretold, and what the kernel does then', { skip, concurrency: true }, () => {
  it('a plateau of TIME_WAIT at nine tenths of the ports: no alert', () => {
    const [ports, level] = [2000, 1800];
    const rate = level / HELD_SECONDS;
    return settle({ ports, pieces: [[76, rate, rate]], life: 0, level, within: ports * 0.05 });
  });

  it('TIME_WAIT of two ages: what was closed in the first seconds comes back before the end, and puts it off', (t) =>
    foretell(
      {
        ports: 1000,
        pieces: [
          [4, 100, 100],
          [44, 0, 0],
          [60, 40, 40],
        ],
        life: 0,
        halfWay: 60,
        isToldByCheck: true,
      },
      t,
    ));

  it('a steady rate, twice what the ports bear', (t) =>
    foretell({ ports: 1000, pieces: [[60, 33, 33]], life: 0, halfWay: 15, isToldByCheck: true }, t));

  it('a ramp', (t) => foretell({ ports: 2000, pieces: [[60, 0, 240]], life: 0, halfWay: 16, isToldByCheck: true }, t));

  it('connections that live for five seconds', (t) =>
    foretell({ ports: 1200, pieces: [[60, 36, 36]], life: 5, halfWay: 17, isToldByCheck: true }, t));

  it('connections that are never closed', (t) =>
    foretell({ ports: 1000, pieces: [[60, 25, 25]], life: null, halfWay: 20, isToldByCheck: false }, t));

  it('connections that only the peer closes', (t) =>
    foretell(
      { ports: 1000, pieces: [[60, 25, 25]], life: null, first: 'server', halfWay: 20, isToldByCheck: false },
      t,
    ));
});
