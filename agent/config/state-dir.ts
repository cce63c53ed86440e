import type { StateDir } from './option-values.ts';

/** Where a daemon that runs as root keeps what is to outlive it (file-hierarchy(7)). */
const SYSTEM_STATE = '/var/lib/lastport';

/**
 * The state directory; null: there is none. `auto`: what systemd made for the service (systemd.exec(5), StateDirectory=),
 * else root's own, else the user's (the XDG base directory specification).
 */
export function stateDirOf(
  chosen: StateDir,
  env: Readonly<Record<string, string | undefined>>,
  isRoot: boolean,
): string | null {
  if (chosen === 'off') return null;
  if (chosen !== 'auto') return chosen.path;
  // Several, if the unit names several.
  const [given] = (env['STATE_DIRECTORY'] ?? '').split(':');
  if (isAbsolute(given)) return given;
  if (isRoot) return SYSTEM_STATE;
  const { XDG_STATE_HOME: xdg, HOME: home } = env as { XDG_STATE_HOME?: string; HOME?: string };
  // "All paths must be absolute. If [not], ignore it."
  if (isAbsolute(xdg)) return `${xdg}/lastport`;
  return isAbsolute(home) ? `${home}/.local/state/lastport` : null;
}

/** Where what can be found out again is kept: root's, else the user's; null: nowhere. */
export function cacheDirOf(env: Readonly<Record<string, string | undefined>>, isRoot: boolean): string | null {
  const { XDG_CACHE_HOME: xdg, HOME: home } = env as { XDG_CACHE_HOME?: string; HOME?: string };
  if (isAbsolute(xdg)) return `${xdg}/lastport`;
  if (isRoot) return '/var/cache/lastport';
  return isAbsolute(home) ? `${home}/.cache/lastport` : null;
}

const isAbsolute = (path: string | undefined): path is string => path?.startsWith('/') === true;
