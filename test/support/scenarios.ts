// Hours of traffic in a few hundred short stories, each with its outcome by construction or by simulation.

import { PER_REQUEST, random, type SimulatorOptions, type Traffic } from './simulator.ts';

/** A port is held a minute, and half a turn of the timer wheel. */
export const HELD_SECONDS = 61.02;

export interface Scenario {
  readonly family: string;
  readonly options: SimulatorOptions;
  /** Of the sustainable rate; null where that means nothing. */
  readonly ratio: number | null;
  /** In s: from then on the rate would exhaust the ports; null: it never does. */
  readonly sufficientAt: number | null;
  /** A burst longer than 0.7 s, whose rate would exhaust the ports if it went on: it may raise an alert, which must resolve. */
  readonly mayWarn: boolean;
}

const RANGES = [2000, 4000, 8000, 16000, 28232];

/** The same ones each time, of each seed. */
export function scenarios(seed = 1): Scenario[] {
  const next = random(seed);
  const between = (low: number, high: number) => low + next() * (high - low);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(next() * items.length)] as Item;
  const all: Scenario[] = [];
  const add = (
    family: string,
    count: number,
    make: (
      ports: number,
      sustainable: number,
    ) => {
      traffic: Partial<Traffic>[];
      seconds: number;
      ratio?: number;
      sufficientAt?: number;
      mayWarn?: boolean;
      restarts?: number[];
    },
  ) => {
    for (let index = 0; index < count; index++) {
      const ports = pick(RANGES);
      const {
        traffic,
        ratio = null,
        sufficientAt = null,
        mayWarn = false,
        ...more
      } = make(ports, ports / HELD_SECONDS);
      const poisson = index % 3 !== 0;
      const options = {
        ports,
        seed: Math.floor(next() * 1e9),
        traffic: traffic.map((one) => ({ ...PER_REQUEST, poisson, ...one })),
        ...more,
      };
      all.push({ family, options, ratio, sufficientAt, mayWarn });
    }
  };
  const step = (onset: number, before: number, after: number) => (seconds: number) =>
    seconds >= onset ? after : before;

  add('storm', 110, (_, sustainable) => {
    const ratio = between(1.25, 1) + between(0, 1) ** 3 * 8;
    const onset = between(3, 20);
    const before = pick([0, 0.2, 0.5]) * sustainable;
    const at = Math.max(1.25, ratio);
    return {
      traffic: [{ rate: step(onset, before, at * sustainable) }],
      seconds: onset + 75,
      ratio: at,
      sufficientAt: onset,
    };
  });
  add('just too much', 60, (_, sustainable) => {
    const ratio = between(1.05, 1.25);
    const onset = between(3, 10);
    return {
      traffic: [{ rate: step(onset, 0, ratio * sustainable) }],
      seconds: onset + 80,
      ratio,
      sufficientAt: onset,
    };
  });
  add('ramp', 30, (_, sustainable) => {
    const per = between(0.01, 0.06) * sustainable;
    return {
      traffic: [{ rate: (seconds: number) => Math.min(3 * sustainable, seconds * per) }],
      seconds: 200,
      sufficientAt: sustainable / per,
    };
  });
  add('two at once', 20, (_, sustainable) => {
    const ratio = between(1.5, 4);
    const onset = between(3, 10);
    return {
      traffic: [{ rate: step(onset, 0, ratio * sustainable) }, { rate: () => 0.5 * sustainable, remotePort: 9090 }],
      seconds: onset + 75,
      ratio,
      sufficientAt: onset,
    };
  });
  add('leak', 20, (ports) => {
    const seconds = between(300, 900);
    const rate = ports / seconds;
    return {
      traffic: [{ rate: () => rate, life: () => Number.POSITIVE_INFINITY }],
      seconds: seconds * 1.1,
      sufficientAt: 0,
    };
  });
  add('plateau', 110, (_, sustainable) => {
    // Chance alone takes some of the way to the limit where there are few ports.
    const onset = between(3, 10);
    return { traffic: [{ rate: step(onset, 0, between(0.3, 0.93) * sustainable) }], seconds: 180 };
  });
  add('peer closes', 20, (ports) => {
    const life = between(0.3, 5);
    const rate = (between(0.2, 0.9) * ports) / (life + 1);
    return { traffic: [{ rate: step(5, 0, rate), life: () => life, closedHere: 0 }], seconds: 60 };
  });
  add('burst', 60, (ports) => {
    const begin = between(3, 10);
    const end = begin + between(0.1, 0.7);
    const rate = (between(0.2, 0.85) * ports) / (end - begin);
    return { traffic: [{ rate: (seconds: number) => (seconds >= begin && seconds < end ? rate : 0) }], seconds: 90 };
  });
  add('long burst', 20, (ports) => {
    const begin = between(3, 10);
    const end = begin + between(1, 6);
    const rate = (between(0.2, 0.8) * ports) / (end - begin);
    return {
      traffic: [{ rate: (seconds: number) => (seconds >= begin && seconds < end ? rate : 0) }],
      seconds: 120,
      mayWarn: true,
    };
  });
  add('cron', 20, (ports) => {
    const period = pick([20, 30, 60]);
    const rate = ((between(0.3, 0.8) * ports) / 0.5) * (period / 90);
    return { traffic: [{ rate: (seconds: number) => (seconds % period < 0.5 ? rate : 0) }], seconds: 240 };
  });
  add('sawtooth', 20, (_, sustainable) => {
    const period = between(0.8, 1.6);
    const rate = between(0.5, 0.9) * sustainable;
    return {
      traffic: [{ rate: (seconds: number) => (seconds % period < 0.4 ? (rate * period) / 0.4 : 0) }],
      seconds: 180,
    };
  });
  add('diurnal', 20, (_, sustainable) => {
    const middle = between(0.4, 0.6);
    return {
      traffic: [{ rate: (seconds: number) => (middle + 0.3 * Math.sin(seconds / 60)) * sustainable }],
      seconds: 600,
    };
  });
  add('deploy', 20, (ports) => {
    const pool = between(0.05, 0.2) * ports;
    const starts = [5, 65, 125];
    return {
      traffic: [
        {
          rate: (seconds: number) => (starts.some((at) => seconds >= at && seconds < at + 0.6) ? pool / 0.6 : 0),
          life: () => Number.POSITIVE_INFINITY,
        },
      ],
      restarts: [64.9, 124.9],
      seconds: 180,
    };
  });
  add('health checks', 10, () => ({
    traffic: Array.from({ length: 40 }, (_, index) => ({ rate: () => 2, remotePort: 8080 + index })),
    seconds: 90,
  }));
  add('proxy', 20, (ports) => {
    const life = between(5, 20);
    // Warmed up by and by, as traffic moves to it.
    const rate = (between(0.3, 0.9) * ports) / (HELD_SECONDS + life);
    return {
      traffic: [
        {
          rate: (seconds: number) => rate * Math.min(1, seconds / 40),
          life: (chance: () => number) => -Math.log(1 - chance()) * life,
        },
      ],
      seconds: 200,
    };
  });
  return all;
}
