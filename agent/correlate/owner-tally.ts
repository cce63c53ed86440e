import type { Owner } from '../model/assessment.ts';
import type { Program, SocketOwners } from '../model/program.ts';

/** Programs that a destination's report names, each by every way in which it is known. */
const NAMED = 5;
/** What was known of a destination's owners so long ago still says whose its TIME_WAIT are. */
const MINUTE_MS = 60_000;
/** Of the living: some close before their holder is looked for. */
const UNFOUND_RATIO = 0.1;

interface Count {
  seen: number;
  remembered: number;
  traced: number;
  probe: number;
}

/** One destination's ports by the program that holds or held them. Filled anew for each. */
export class OwnerTally {
  private readonly counts = new Map<number, Count>();
  /** Living sockets whose holder is not known, and what is left of those that have gone. */
  private livingUnknown = 0;
  private goneUnknown = 0;

  clear(): void {
    this.counts.clear();
    this.livingUnknown = 0;
    this.goneUnknown = 0;
  }

  /** `program` 0: not known. `told`: by what else than by having its descriptor seen. */
  add(program: number, isLiving: boolean, told: 'traced' | 'probe' | null): void {
    if (program === 0) {
      if (isLiving) this.livingUnknown++;
      else this.goneUnknown++;
      return;
    }
    let count = this.counts.get(program);
    if (count === undefined) {
      count = { seen: 0, remembered: 0, traced: 0, probe: 0 };
      this.counts.set(program, count);
    }
    if (told !== null) count[told]++;
    else if (isLiving) count.seen++;
    else count.remembered++;
  }

  /** The programs that some port was found to be of. */
  get programs(): Iterable<number> {
    return this.counts.keys();
  }

  /**
   * By ports, most first. What has no known owner is `shared` by all of a destination's programs, if for as long as a
   * TIME_WAIT lasts these were one process, or processes of one unit and name, and nobody's sockets are hidden.
   */
  owners(
    known: SocketOwners,
    lately: ReadonlySet<number>,
  ): { readonly owners: readonly Owner[]; readonly unowned: number } {
    const owners: Owner[] = [];
    let unowned = this.livingUnknown + this.goneUnknown;
    let living = 0;
    for (const [index, { seen, remembered, traced, probe }] of this.counts) {
      const program = known.program(index);
      living += seen;
      if (program === null) {
        unowned += seen + remembered + traced + probe;
        continue;
      }
      for (const [how, usedPorts] of Object.entries({ seen, remembered, traced, probe }) as [Owner['how'], number][])
        if (usedPorts > 0) owners.push({ ...program, usedPorts, how });
    }
    const isShared = this.goneUnknown > 0 && known.seesAll && this.livingUnknown <= living * UNFOUND_RATIO;
    const shared = isShared ? sharedOwner(known, lately) : null;
    if (shared !== null) {
      owners.push({ ...shared, usedPorts: this.goneUnknown, how: 'shared' });
      unowned -= this.goneUnknown;
    }
    const named = owners.length > NAMED ? joined(owners) : owners;
    return { owners: most(named), unowned };
  }
}

/** Of those programs that have most ports in all; by ports. */
function most(owners: readonly Owner[]): readonly Owner[] {
  const programOf = ({ command, unit, container, pid }: Owner) => JSON.stringify([command, unit, container, pid]);
  const sums = new Map<string, number>();
  for (const owner of owners) sums.set(programOf(owner), (sums.get(programOf(owner)) ?? 0) + owner.usedPorts);
  const named = new Set(
    [...sums]
      .sort((a, b) => b[1] - a[1])
      .slice(0, NAMED)
      .map(([program]) => program),
  );
  return owners
    .filter((owner) => named.has(programOf(owner)))
    .sort((a, b) => b.usedPorts - a.usedPorts || (a.pid ?? 0) - (b.pid ?? 0));
}

/** Those of one name, unit and container as one: a pool of workers, or a shell that runs curl in a loop. */
function joined(owners: readonly Owner[]): Owner[] {
  const kinds = new Map<string, Owner>();
  for (const owner of owners) {
    const { command, unit, container, how, pid } = owner;
    const key = JSON.stringify([command, unit, container, how]);
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, owner);
    else
      kinds.set(key, {
        ...known,
        pid: known.pid === pid ? pid : null,
        user: known.user === owner.user ? known.user : null,
        commandLine: known.commandLine === owner.commandLine ? known.commandLine : null,
        usedPorts: known.usedPorts + owner.usedPorts,
      });
  }
  return [...kinds.values()];
}

/** The programs that a destination's ports were of during the last minute. */
export class LatelyOwners {
  private readonly seenAt = new Map<number, number>();

  /** `at` in ms. */
  note(programs: Iterable<number>, at: number): ReadonlySet<number> {
    for (const program of programs) this.seenAt.set(program, at);
    for (const [program, seen] of this.seenAt) if (at - seen > MINUTE_MS) this.seenAt.delete(program);
    return new Set(this.seenAt.keys());
  }
}

function sharedOwner(known: SocketOwners, lately: ReadonlySet<number>): Omit<Owner, 'usedPorts' | 'how'> | null {
  const programs = [...lately].map((index) => known.program(index));
  const [first] = programs;
  if (first === undefined || first === null) return null;
  const isSame = programs.every(
    (one) => one?.command === first.command && one.unit === first.unit && one.container === first.container,
  );
  if (!isSame) return null;
  if (programs.length === 1) return first;
  const same = <Value>(pick: (program: Program) => Value): Value | null =>
    programs.every((one) => one !== null && pick(one) === pick(first)) ? pick(first) : null;
  return { ...first, pid: null, user: same(({ user }) => user), commandLine: same(({ commandLine }) => commandLine) };
}
