// Every place where bytes from outside are read.
import type { Target } from './target.ts';
import { ANSWERS } from './targets/answers.ts';
import { CONFIG } from './targets/config.ts';
import { KERNEL_BYTES } from './targets/kernel-bytes.ts';
import { PROBE } from './targets/probe.ts';
import { PROC_FILES } from './targets/proc-files.ts';
import { PROC_PROCESSES } from './targets/proc-processes.ts';
import { PROGRAMS } from './targets/programs.ts';
import { SHOWN } from './targets/shown.ts';

export const TARGETS: readonly Target[] = [
  ...PROC_FILES,
  ...PROC_PROCESSES,
  ...PROGRAMS,
  ...KERNEL_BYTES,
  ...PROBE,
  ...CONFIG,
  ...ANSWERS,
  ...SHOWN,
];
