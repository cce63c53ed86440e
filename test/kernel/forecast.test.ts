import { describe, it } from 'node:test';
import { foretell, type Settling, settle } from './foretell.ts';
import { obstacle } from './netns.ts';

/** As long as a closed connection holds its port, on average. */
const HELD_SECONDS = 61;
const REUSED_AFTER_SECONDS = 8;
const PLATEAU = 0.9;

function plateau(ports: number, heldSeconds: number, seconds: number): Settling {
  const rate = (ports * PLATEAU) / heldSeconds;
  return { ports, pieces: [[seconds, rate, rate]], life: 0, level: ports * PLATEAU, within: ports * 0.07 };
}

// As long as the kernel's minute takes, in namespaces of its own each, all at once: the longest begins first.
const skip = await obstacle();
describe('what is foretold, and what the kernel does then', { skip, concurrency: true }, () => {
  it('a plateau of TIME_WAIT at nine tenths of the ports: no alert', () => settle(plateau(2000, HELD_SECONDS, 76)));

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

  it('a rate that is steady but for chance, twice what the ports bear', (t) =>
    foretell({ ports: 1000, pieces: [[60, 33, 33]], life: 0, seed: 5, halfWay: 15, isToldByCheck: true }, t));

  // A port is held for as long as 62.05 s: all that ends within 2.05 s comes back at once, when the last of it does.
  it('a steady rate, a little more than the ports bear', (t) =>
    foretell({ ports: 1000, pieces: [[80, 16.26, 16.26]], life: 0, halfWay: 31, isToldByCheck: true }, t));

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

  it('a plateau of TIME_WAIT that connect() takes over after eight seconds: no alert', () =>
    settle({
      ...plateau(600, REUSED_AFTER_SECONDS, 40),
      sysctls: { tcp_tw_reuse: 1, tcp_tw_reuse_delay: REUSED_AFTER_SECONDS * 1000 },
    }));
});
