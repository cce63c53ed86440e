import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { release } from 'node:os';
import { arch, env, getuid, version } from 'node:process';
import { tryKoffi } from '../collectors/koffi-trial.ts';
import { type Libc, lazyLibc, loadLibc } from '../collectors/libc.ts';
import type { Config } from './config/config.ts';
import { cacheDirOf, stateDirOf } from './config/state-dir.ts';

/** Under which circumstances koffi worked last. */
const REMEMBERED = 'koffi-works';

/**
 * koffi's libc, loaded when first needed, and only once it has been tried in a process of its own (koffi-trial.ts).
 *
 * `run`, `top` and `doctor` try it every time (`always`). For a command that takes a tenth of a second a trial would be half
 * as much again: `once` takes the word of an earlier one, and tries where there is none.
 */
export function triedLibc({ stateDir }: Pick<Config, 'stateDir'>, when: 'always' | 'once'): () => Libc {
  const folder = folderOf(stateDir);
  return lazyLibc(() => {
    if (when === 'always' || !isRemembered(folder)) tryAnew(folder);
    return loadLibc();
  });
}

/** Where word is left: the state directory if there is one, else a cache; null: nothing is to be kept. */
function folderOf(stateDir: Config['stateDir']): string | null {
  const isRoot = getuid?.() === 0;
  if (stateDir === 'off') return null;
  const state = stateDirOf(stateDir, env, isRoot);
  return state !== null && existsSync(state) ? state : cacheDirOf(env, isRoot);
}

/** @throws Error saying why koffi is not to be loaded here. */
function tryAnew(folder: string | null): void {
  try {
    tryKoffi();
  } catch (error) {
    remember(folder, null);
    throw error;
  }
  remember(folder, circumstances());
}

function isRemembered(folder: string | null): boolean {
  if (folder === null) return false;
  try {
    return readFileSync(`${folder}/${REMEMBERED}`, 'utf8') === circumstances();
  } catch {
    return false; // nobody has been here, or this user may not read what was left
  }
}

/** What cannot be kept costs the next `check` a trial, and nobody anything else. */
function remember(folder: string | null, text: string | null): void {
  if (folder === null) return;
  try {
    if (text === null) rmSync(`${folder}/${REMEMBERED}`, { force: true });
    else {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${folder}/${REMEMBERED}`, text, { mode: 0o644 });
    }
  } catch {
    // Not ours, or a disk that is full.
  }
}

/** What the word holds for: this koffi, this Node, this kernel. Throws where there is no koffi. */
function circumstances(): string {
  const file = createRequire(import.meta.url).resolve('koffi');
  const { size, mtimeMs } = statSync(file);
  return `${[file, size, mtimeMs, version, arch, release()].join('\n')}\n`;
}
