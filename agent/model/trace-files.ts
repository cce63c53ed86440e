/** tracefs, as the collector of the kernel's trace sees it. Paths are relative to where it is mounted. */
export interface TraceFiles {
  readText(path: string): string;
  /** Writes into a file that is there. */
  write(path: string, text: string): void;
  list(path: string): string[];
  makeDirectory(path: string): void;
  removeDirectory(path: string): void;
  /** Opens a file for reads that do not wait. */
  open(path: string): number;
  close(fd: number): void;
}
