import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { reusesFinWait2 } from './fin-wait2.ts';
import { KERNEL } from './kernel.ts';
import { type HangUp, type Netns, OLD, obstacle, TIME_WAIT } from './netns.ts';
import { type Answer, hold, type Situation } from './situation.ts';
import { A, A6, A81, AT_ONCE, B, B6, C, LOOPBACK, listenAtHome, NOWHERE, OTHER, OTHER6 } from './situations/places.ts';

/** A few of them every time; LASTPORT_TEST_MIXES=300 for a night. */
const RUNS = Number(process.env['LASTPORT_TEST_MIXES'] ?? 12);
const SERVERS = [A, A81, B, C, A6, B6];
const FIN_WAIT2 = 5;
const TW_TIMER = 3;

/** What one port does for one destination. A bound one is blocked for all the others too. */
interface Use {
  readonly bound: boolean;
  readonly state: 'open' | 'time_wait' | 'closed fin_wait2';
}

/** Keeps the books while a mix is made, and tells from them what the kernel must grant. */
class Ledger {
  readonly uses = new Map<string, Map<number, Use>>();
  readonly listening = new Set<number>();

  put(to: string, from: string | undefined, ports: readonly number[], use: Use): void {
    const key = `${from ?? ''} ${to}`;
    const ofDestination = this.uses.get(key) ?? new Map<number, Use>();
    this.uses.set(key, ofDestination);
    for (const port of ports) ofDestination.set(port, use);
  }

  remove(to: string, from: string | undefined, ports: readonly number[]): void {
    for (const port of ports) this.uses.get(`${from ?? ''} ${to}`)?.delete(port);
  }

  anyBound(): boolean {
    return [...this.uses.values()].some((ports) => [...ports.values()].some(({ bound }) => bound));
  }

  /** Which Lastport does not count on, even where the kernel takes it over. */
  anyFinWait2(): boolean {
    return [...this.uses.values()].some((ports) =>
      [...ports.values()].some(({ state }) => state === 'closed fin_wait2'),
    );
  }

  isUsed(port: number): boolean {
    return this.listening.has(port) || [...this.uses.values()].some((ports) => ports.has(port));
  }

  /** usable − (used ∪ blocked) + reusable, and the same of the first parity. */
  grants(to: string, from: string | undefined, { low, high, reserved, reuses }: Settings): [number, number] {
    const blocked = new Set(this.listening);
    for (const ports of this.uses.values()) {
      for (const [port, { bound }] of ports) if (bound) blocked.add(port);
    }
    const used = this.uses.get(`${from ?? ''} ${to}`) ?? new Map<number, Use>();
    let [all, fast] = [0, 0];
    for (let port = low; port <= high; port++) {
      const use = used.get(port);
      if (reserved.has(port) || blocked.has(port)) continue;
      if (use !== undefined && !(isTakenOver(use) && reuses(to))) continue;
      all++;
      if ((port - low) % 2 === 0) fast++;
    }
    return [all, fast];
  }
}

const FIN_WAIT2_IS_REUSED = await reusesFinWait2();
const isTakenOver = ({ state }: Use): boolean =>
  state === 'time_wait' || (FIN_WAIT2_IS_REUSED && state === 'closed fin_wait2');

interface Settings {
  readonly low: number;
  readonly high: number;
  readonly reserved: ReadonlySet<number>;
  readonly reuses: (to: string) => boolean;
}

/** A small generator with a seed (mulberry32), so that a mix can be made again. */
class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  /** From 0 up to and without `sides`. */
  roll(sides: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.roll(items.length)]!;
  }
}

/** Builds a random mix and returns the situation that it is; `answers` are known once it is built. */
function mix(seed: number): Situation {
  const dice = new Dice(seed);
  const low = 40000 + dice.roll(2);
  const high = low + 139 + dice.roll(60);
  const reserved = new Set(Array.from({ length: dice.roll(12) }, () => low - 5 + dice.roll(high - low + 10)));
  const reuse = dice.pick([0, 1, 1, 2]);
  const old = dice.pick([true, true, false]) || !KERNEL.hasReuseDelay;
  const binds = dice.roll(3) === 0;
  const settings: Settings = {
    low,
    high,
    reserved,
    reuses: (to) => old && (reuse === 1 || (reuse === 2 && to === LOOPBACK)),
  };
  const ledger = new Ledger();
  const answers: Answer[] = [];
  return {
    name: `seed ${seed}`,
    range: [low, high],
    sysctls: {
      ip_local_reserved_ports: [...reserved].join(),
      tcp_tw_reuse: reuse,
      ...(old ? AT_ONCE : { tcp_tw_reuse_delay: 60_000 }),
    },
    answers,
    build: async (net) => {
      await listenAtHome(net);
      const steps = 6 + dice.roll(6);
      for (let step = 0; step < steps; step++) await ingredient(net, dice, ledger, settings, binds, `step ${step}`);
      for (const to of [...SERVERS, LOOPBACK, NOWHERE]) answers.push(answer(ledger, settings, to, undefined));
      for (const key of ledger.uses.keys()) {
        const [from, to] = key.split(' ') as [string, string];
        // A bound socket may get a port that somebody listens on at another address: it looks like one that came in.
        const own = [...ledger.uses.get(key)!.keys()].filter((port) => !ledger.listening.has(port));
        if (from !== '' && own.length > 0) answers.push(answer(ledger, settings, to, from));
      }
    },
  };
}

function answer(ledger: Ledger, settings: Settings, to: string, from: string | undefined): Answer {
  const [headroom, fast] = ledger.grants(to, from, settings);
  return {
    to,
    ...(from === undefined ? {} : { from }),
    pending: to === NOWHERE,
    headroom,
    fast,
    knowable: FIN_WAIT2_IS_REUSED && ledger.anyFinWait2() ? 'floor' : ledger.anyBound() ? 'band' : 'exact',
  };
}

async function ingredient(
  net: Netns,
  dice: Dice,
  ledger: Ledger,
  settings: Settings,
  binds: boolean,
  name: string,
): Promise<void> {
  const count = 1 + dice.roll(9);
  const to = dice.pick([...SERVERS, LOOPBACK]);
  const from = to === LOOPBACK ? undefined : dice.pick([undefined, undefined, to.startsWith('[') ? OTHER6 : OTHER]);
  const mapped = !to.startsWith('[') && dice.roll(3) === 0;
  const how = dice.roll(10);
  if (how === 0) {
    const ports = await net.connect({ to: NOWHERE, count, pending: true, name });
    ledger.put(NOWHERE, undefined, ports, { bound: false, state: 'open' });
    return;
  }
  if (how === 1) {
    const port = settings.low + dice.roll(settings.high - settings.low);
    if (ledger.isUsed(port)) return;
    await net.listen(`${dice.pick(['0.0.0.0', '[::]', '127.0.0.1', OTHER])}:${port}`, { where: 'client', name });
    ledger.listening.add(port);
    return;
  }
  const bind = binds
    ? dice.pick(['none', 'noport', 'port', 'port'] as const)
    : dice.pick(['none', 'none', 'noport'] as const);
  const ports = await net.connect({
    to,
    count,
    name,
    mapped,
    ...(from === undefined ? {} : { from }),
    ...(bind === 'none' ? {} : { bind }),
  });
  const bound = bind === 'port';
  ledger.put(to, from, ports, { bound, state: 'open' });
  if (how < 4) return;
  const first = dice.pick<HangUp>([
    'client',
    'client',
    'client',
    'server',
    'reset',
    'fin_wait2',
    'server-only',
    'half',
  ]);
  await net.hangUp(name, first);
  if (first === 'client') ledger.put(to, from, ports, { bound, state: 'time_wait' });
  if (first === 'fin_wait2') ledger.put(to, from, ports, { bound, state: 'closed fin_wait2' });
  if (first === 'server' || first === 'reset') ledger.remove(to, from, ports);
  await settled(net, ledger);
}

/** Waits until every TIME_WAIT of ours is there and old. Those of services here are rows of their own. */
async function settled(net: Netns, ledger: Ledger): Promise<void> {
  const states = new Map<string, Use['state'][]>();
  for (const [key, ports] of ledger.uses) {
    const to = key.split(' ')[1]!;
    states.set(to, [...(states.get(to) ?? []), ...[...ports.values()].map(({ state }) => state)]);
  }
  for (const [to, all] of states) {
    const count = (wanted: Use['state']) => all.filter((state) => state === wanted).length;
    await net.until(TIME_WAIT, count('time_wait'), { to, maxLeft: OLD });
    await net.until(FIN_WAIT2, count('closed fin_wait2'), { to, timer: TW_TIMER });
  }
}

const skip = await obstacle();
const given = process.env['LASTPORT_TEST_SEED'];
const seeds =
  given === undefined ? Array.from({ length: RUNS }, () => randomInt(2 ** 31)) : given.split(',').map(Number);
describe('lastport check against the kernel: random mixes (again with LASTPORT_TEST_SEED)', { skip }, () => {
  for (const seed of seeds) {
    it(`seed ${seed}`, (t) => hold(mix(seed), t));
  }
});
