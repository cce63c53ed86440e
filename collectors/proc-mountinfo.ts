import type { Host, HostFile } from '../agent/model/host.ts';
import type { Libc } from './libc.ts';

/** Some 20,000 mounts. */
const LONGEST_BYTES = 4 * 1024 * 1024;
const POLLPRI = 2;
const NONE: ReadonlyMap<number, string> = new Map();

/**
 * The network namespaces that are kept by a mount which one process sees: `ip netns` and container runtimes mount the
 * namespace's file somewhere (proc_pid_mountinfo(5)). A host may have thousands of other mounts, so the list is read
 * again only when it has changed: the kernel tells, to whoever polls the open file (mounts_poll, fs/proc_namespace.c).
 */
export class MountedNetns {
  private file: HostFile | undefined;
  private found: ReadonlyMap<number, string> = NONE;
  private readonly descriptor = new Uint8Array(8);
  private readonly host: Host;
  private readonly process: string;
  private readonly libcOf: () => Libc;

  /** `process`: whose mounts, a name below the procfs root. */
  constructor(host: Host, process: string, libcOf: () => Libc) {
    this.host = host;
    this.process = process;
    this.libcOf = libcOf;
  }

  /** Inode → where to open it, below the procfs root; the same map while it has not changed. Empty where the list may not be read. */
  read(): ReadonlyMap<number, string> {
    if (this.file !== undefined && !this.hasChanged(this.file)) return this.found;
    try {
      this.file ??= this.watch();
      this.found = parseMountinfo(
        this.host.readText(`${this.process}/mountinfo`, LONGEST_BYTES),
        `${this.process}/root`,
      );
    } catch {
      // Not permitted, or no such process: then there is nothing either that could be opened.
      this.close();
      this.found = NONE;
    }
    return this.found;
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  private watch(): HostFile {
    const file = this.host.open(`${this.process}/mountinfo`);
    this.hasChanged(file); // from here on
    return file;
  }

  /** Without libc: always. */
  private hasChanged(file: HostFile): boolean {
    try {
      // struct pollfd { int fd; short events; short revents; }
      const view = new DataView(this.descriptor.buffer);
      new Int32Array(this.descriptor.buffer, 0, 1)[0] = file.fd;
      new Int16Array(this.descriptor.buffer, 4, 2).set([POLLPRI, 0]);
      return this.libcOf().poll(this.descriptor, 1, 0) !== 0 || view.getInt16(6) !== 0;
    } catch {
      return true;
    }
  }
}

/** "368 25 0:4 net:[4026532246] /run/netns/blue rw - nsfs nsfs rw" → 4026532246 → "<root>/run/netns/blue" */
export function parseMountinfo(text: string, root: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const [, inode, path] of text.matchAll(/^\d+ \d+ \d+:\d+ net:\[(\d{1,10})\] (\/\S*) /gm)) {
    found.set(Number(inode), `${root}${unescapeMount(path!)}`);
  }
  return found;
}

/** Spaces and the like are octal there: "\040". */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
