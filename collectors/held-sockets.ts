/** Descriptors that are kept as places where a new socket may be; how often those of a process are tried. */
const MOST_FREED = 4096;
const TRIED = 3;

/** A socket, and where a process has it. */
export interface Held {
  readonly inode: number;
  readonly program: number;
  readonly pid: number;
  readonly descriptor: number;
}

/** Descriptors of one process whose sockets have gone. */
interface Freed {
  readonly descriptors: number[];
  tried: number;
}

/** What a descriptor is now: nothing, or something. */
export type Now = 'closed' | 'open';

/** Slots that there are at first; doubled when all are taken. */
const SMALLEST = 64;

/**
 * The living sockets of one network namespace that some process was found to hold, in packed columns, for each of them
 * is met at every look. Of those that have gone it remembers the descriptor: the next socket of the same process mostly
 * has it, for the kernel gives out the lowest one that is free (open(2); alloc_fd, fs/file.c).
 */
export class HeldSockets {
  private readonly slots = new Map<number, number>();
  /** 0: the slot is empty, for no socket has that inode. */
  private inodes = new Uint32Array(SMALLEST);
  private programs = new Uint32Array(SMALLEST);
  private pids = new Uint32Array(SMALLEST);
  private descriptors = new Uint32Array(SMALLEST);
  /** Number of the last look that met it. */
  private looks = new Uint32Array(SMALLEST);
  private readonly empty: number[] = [];
  private used = 0;
  /** By process: descriptor → slot. */
  private readonly byPid = new Map<number, Map<number, number>>();
  /** By process, the latest last. */
  private readonly freed = new Map<number, Freed>();
  private freedCount = 0;
  private look = 0;
  private met = 0;
  private turn = 0;

  get size(): number {
    return this.slots.size;
  }

  /** Of the program that holds it; 0: not known. */
  programOf(inode: number): number {
    const slot = this.slots.get(inode);
    return slot === undefined ? 0 : this.programs[slot]!;
  }

  /** Call before meet() is for the first of a look's sockets. */
  begin(): void {
    this.look++;
    this.met = 0;
  }

  /** Whether it is known who holds this socket, which this look has seen. */
  meet(inode: number): boolean {
    const slot = this.slots.get(inode);
    if (slot === undefined) return false;
    if (this.looks[slot] !== this.look) {
      this.looks[slot] = this.look;
      this.met++;
    }
    return true;
  }

  /** Call after the last: forgets those that were not met. */
  end(): void {
    if (this.met === this.slots.size) return;
    for (let slot = 0; slot < this.used; slot++) {
      if (this.inodes[slot] === 0 || this.looks[slot] === this.look) continue;
      const held = this.at(slot);
      this.drop(held);
      this.free(held);
    }
    for (const [pid, { descriptors }] of this.freed) {
      descriptors.sort((a, b) => a - b);
      if (this.freedCount > MOST_FREED) this.letGo(pid, descriptors.length);
    }
  }

  add({ inode, program, pid, descriptor }: Held): void {
    const slot = this.newSlot();
    this.slots.set(inode, slot);
    this.inodes[slot] = inode;
    this.programs[slot] = program;
    this.pids[slot] = pid;
    this.descriptors[slot] = descriptor;
    this.looks[slot] = this.look;
    const descriptors = this.byPid.get(pid) ?? new Map<number, number>();
    descriptors.set(descriptor, slot);
    this.byPid.set(pid, descriptors);
  }

  drop({ inode, pid, descriptor }: Held): void {
    const slot = this.slots.get(inode);
    // Somebody else may have been found to hold it meanwhile.
    if (slot === undefined || this.pids[slot] !== pid || this.descriptors[slot] !== descriptor) return;
    this.slots.delete(inode);
    this.inodes[slot] = 0;
    this.empty.push(slot);
    const descriptors = this.byPid.get(pid);
    if (descriptors?.get(descriptor) === slot) descriptors.delete(descriptor);
    if (descriptors?.size === 0) this.byPid.delete(pid);
  }

  /** Forgets those of all other processes. */
  keepOnly(is: (pid: number) => boolean): void {
    for (const [pid, descriptors] of this.byPid)
      if (!is(pid)) for (const slot of descriptors.values()) this.drop(this.at(slot));
  }

  /** Whether this descriptor is known to be a socket that this look has met. */
  isKnown(pid: number, descriptor: number): boolean {
    const slot = this.byPid.get(pid)?.get(descriptor);
    return slot !== undefined && this.looks[slot] === this.look;
  }

  /** Some of them, in turn from call to call; `count` at most, and none twice in a call. */
  *inTurn(count: number): Generator<Held> {
    for (let passed = 0, found = 0; passed < this.used && found < count; passed++) {
      this.turn = (this.turn + 1) % this.used;
      if (this.inodes[this.turn] === 0) continue;
      found++;
      yield this.at(this.turn);
    }
  }

  /**
   * Asks about the descriptors where a new socket may be, until `isDone`. A process that has left the lowest of them
   * closed has opened nothing since.
   */
  tryFreed(ask: (pid: number, descriptor: number) => Now, isDone: () => boolean): void {
    for (const [pid, freed] of [...this.freed].reverse()) {
      if (isDone()) return;
      const { descriptors } = freed;
      let open = 0;
      while (open < descriptors.length && !isDone() && ask(pid, descriptors[open] as number) === 'open') open++;
      freed.tried++;
      this.letGo(pid, freed.tried >= TRIED ? descriptors.length : open);
    }
  }

  private at(slot: number): Held {
    return {
      inode: this.inodes[slot]!,
      program: this.programs[slot]!,
      pid: this.pids[slot]!,
      descriptor: this.descriptors[slot]!,
    };
  }

  private newSlot(): number {
    const known = this.empty.pop();
    if (known !== undefined) return known;
    if (this.used === this.inodes.length) {
      const wider = (column: Uint32Array) => {
        const copy = new Uint32Array(column.length * 2);
        copy.set(column);
        return copy;
      };
      this.inodes = wider(this.inodes);
      this.programs = wider(this.programs);
      this.pids = wider(this.pids);
      this.descriptors = wider(this.descriptors);
      this.looks = wider(this.looks);
    }
    return this.used++;
  }

  private free({ pid, descriptor }: Held): void {
    const known = this.freed.get(pid)?.descriptors ?? [];
    this.freed.delete(pid);
    this.freed.set(pid, { descriptors: known, tried: 0 });
    known.push(descriptor);
    this.freedCount++;
  }

  /** Forgets the lowest `count` freed descriptors of a process. */
  private letGo(pid: number, count: number): void {
    const descriptors = this.freed.get(pid)?.descriptors ?? [];
    this.freedCount -= descriptors.splice(0, count).length;
    if (descriptors.length === 0) this.freed.delete(pid);
  }
}
