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

/**
 * The living sockets of one network namespace that some process was found to hold. Of those that have gone it remembers
 * the descriptor: the next socket of the same process mostly has it, for the kernel gives out the lowest one that is free
 * (open(2); alloc_fd, fs/file.c).
 */
export class HeldSockets {
  private readonly byInode = new Map<number, Held & { look: number }>();
  private readonly byPid = new Map<number, Map<number, number>>();
  /** By process, the latest last. */
  private readonly freed = new Map<number, Freed>();
  private freedCount = 0;
  private look = 0;
  private met = 0;
  private turn: IterableIterator<Held> | undefined;

  get size(): number {
    return this.byInode.size;
  }

  of(inode: number): Held | undefined {
    return this.byInode.get(inode);
  }

  /** Call before meet() is for the first of a look's sockets. */
  begin(): void {
    this.look++;
    this.met = 0;
  }

  /** Whether it is known who holds this socket, which this look has seen. */
  meet(inode: number): boolean {
    const held = this.byInode.get(inode);
    if (held === undefined) return false;
    if (held.look !== this.look) this.met++;
    held.look = this.look;
    return true;
  }

  /** Call after the last: forgets those that were not met. */
  end(): void {
    if (this.met === this.byInode.size) return;
    for (const held of this.byInode.values()) {
      if (held.look === this.look) continue;
      this.drop(held);
      this.free(held);
    }
    for (const [pid, { descriptors }] of this.freed) {
      descriptors.sort((a, b) => a - b);
      if (this.freedCount > MOST_FREED) this.letGo(pid, descriptors.length);
    }
  }

  add(held: Held): void {
    this.byInode.set(held.inode, { ...held, look: this.look });
    const descriptors = this.byPid.get(held.pid) ?? new Map<number, number>();
    descriptors.set(held.descriptor, held.inode);
    this.byPid.set(held.pid, descriptors);
  }

  drop({ inode, pid, descriptor }: Held): void {
    this.byInode.delete(inode);
    const descriptors = this.byPid.get(pid);
    if (descriptors?.get(descriptor) === inode) descriptors.delete(descriptor);
    if (descriptors?.size === 0) this.byPid.delete(pid);
  }

  /** Whether this descriptor is known to be a socket that this look has met. */
  isKnown(pid: number, descriptor: number): boolean {
    const inode = this.byPid.get(pid)?.get(descriptor);
    return inode !== undefined && this.byInode.get(inode)?.look === this.look;
  }

  /** Some of them, in turn from call to call; `count` at most, and none twice in a call. */
  *inTurn(count: number): Generator<Held> {
    for (let index = 0; index < count; index++) {
      this.turn ??= this.byInode.values();
      const next = this.turn.next();
      if (next.done === true) {
        this.turn = undefined;
        return;
      }
      yield next.value;
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
