import type { Host, HostFile } from '../agent/model/host.ts';
import { type Libc, SystemError, succeeded } from './libc.ts';

const CLONE_NEWNET = 0x40000000;

/** The thread is in a network namespace that is not its own, and cannot go back: it must end. */
export class StrandedError extends Error {}

/** Takes the calling thread into other network namespaces and back (setns(2)); needs CAP_SYS_ADMIN. */
export class NetnsEntry {
  private own: HostFile | undefined;
  private readonly host: Host;
  private readonly libcOf: () => Libc;

  constructor(host: Host, libcOf: () => Libc) {
    this.host = host;
    this.libcOf = libcOf;
  }

  /**
   * Does `work` in the namespace behind `path`, below the procfs root. `work` must be synchronous to its end: what it
   * awaited would go on in the wrong place. No descriptor of the namespace stays open, or it could never be deleted.
   *
   * @param refused makes the error to throw of why the namespace cannot be entered, or is not `inode` any more.
   * @throws what `work` throws; what `refused` made; StrandedError.
   */
  inside<Result>(
    path: string,
    inode: number,
    work: () => Result,
    refused: (error: NodeJS.ErrnoException) => Error,
  ): Result {
    let home: HomeAndLibc;
    try {
      home = this.enter(path, inode);
    } catch (error) {
      throw refused(error as NodeJS.ErrnoException);
    }
    try {
      return work();
    } finally {
      if (home.libc.setns(home.fd, CLONE_NEWNET) < 0) {
        const error = new SystemError('go back to the own network namespace', home.libc.errno());
        // biome-ignore lint/correctness/noUnsafeFinally: worse than whatever the work has met
        throw new StrandedError(error.message, { cause: error });
      }
    }
  }

  close(): void {
    this.own?.close();
    this.own = undefined;
  }

  private enter(path: string, inode: number): HomeAndLibc {
    const libc = this.libcOf();
    this.own ??= this.host.open('thread-self/ns/net');
    const there = this.host.open(path);
    try {
      const found = there.inode();
      if (found !== inode) {
        throw Object.assign(new Error(`Cannot enter ${path}: it is another namespace now`), { code: 'ENOENT' });
      }
      succeeded(libc, libc.setns(there.fd, CLONE_NEWNET), `enter the network namespace of ${path}`);
    } finally {
      there.close();
    }
    return { fd: this.own.fd, libc };
  }
}

interface HomeAndLibc {
  readonly fd: number;
  readonly libc: Libc;
}
