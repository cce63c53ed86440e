/**
 * The host as collectors see it: the one way to its files. Paths are relative to the procfs root; what is below `net/` and
 * `sys/net/` is that of the network namespace the calling thread is in.
 */
export interface Host {
  /** The procfs root, "/proc" or what --procfs says. */
  readonly procfs: string;
  /** Whether that is the running kernel's own procfs, and not a copy of another host's files. */
  readonly isLive: boolean;
  /**
   * A whole file as text, by one read() of `limit` bytes: some files of /proc/sys give everything to the first read()
   * and nothing to the second. Throws what node:fs throws; RangeError if the file does not fit.
   */
  readText(path: string, limit?: number): string;
  /** The target of a symbolic link. Throws what node:fs throws. */
  readLink(path: string): string;
  /** The names in a directory. Throws what node:fs throws. */
  list(path: string): string[];
  /** Opens a file for sequential reading; the caller closes it. Throws what node:fs throws. */
  open(path: string): HostFile;
}

export interface HostFile {
  readonly fd: number;
  /** The file's inode number. */
  inode(): number;
  /** Reads up to `length` bytes into `buffer` at `offset`; 0 at the end of the file. */
  read(buffer: Uint8Array, offset: number, length: number): number;
  /** All of it as text, from its start, as it is now: for small files that are read again and again. */
  textNow(): string;
  close(): void;
}
