import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import type { TraceFiles } from './model/trace-files.ts';

/** Where it usually is; the second on hosts that have debugfs mounted alone. */
const ROOTS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/** @throws Error saying what to do, where tracefs is not to be found. */
export function realTraceFiles(): TraceFiles {
  const root = ROOTS.find((path) => existsSync(`${path}/instances`));
  if (root === undefined) {
    throw new Error(`tracefs is not to be seen at ${ROOTS[0]}: mount -t tracefs nodev ${ROOTS[0]}, and be root`);
  }
  const at = (path: string) => `${root}/${path}`;
  return {
    readText: (path) => readFileSync(at(path), 'latin1'),
    write(path, text) {
      // Neither made nor cut off: files of tracefs are neither.
      const fd = openSync(at(path), constants.O_WRONLY);
      try {
        writeSync(fd, text);
      } finally {
        closeSync(fd);
      }
    },
    list: (path) => readdirSync(at(path)),
    makeDirectory: (path) => void mkdirSync(at(path)),
    removeDirectory: (path) => rmdirSync(at(path)),
    open: (path) => openSync(at(path), constants.O_RDONLY | constants.O_NONBLOCK),
    close: (fd) => closeSync(fd),
  };
}
