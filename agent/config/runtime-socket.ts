import type { RuntimeSocket } from './option-values.ts';

/** Where programs look first, whoever they are (collectors/undici/probe.cts has the same). */
const SYSTEM_FOLDER = '/run/lastport';

type Environment = Readonly<Record<string, string | undefined>>;

/** `probe.sock` is for probes, `api.sock` for the daemon's own commands. */
type Name = 'probe.sock' | 'api.sock';

/**
 * The path of a socket that the daemon makes; null: there is none. `auto`: in the folder that systemd made for the service
 * (systemd.exec(5), RuntimeDirectory=), else root's own, else the user's (XDG_RUNTIME_DIR).
 */
export function runtimeSocketOf(chosen: RuntimeSocket, name: Name, env: Environment, isRoot: boolean): string | null {
  if (chosen === 'off') return null;
  if (chosen !== 'auto') return chosen.path;
  const [given = ''] = (env['RUNTIME_DIRECTORY'] ?? '').split(':');
  if (given.startsWith('/')) return `${given}/${name}`;
  return isRoot ? `${SYSTEM_FOLDER}/${name}` : ownPath(name, env);
}

/** Where such a socket may be, for whoever looks for a daemon that somebody else may have started. */
export function runtimeSocketsOf(chosen: RuntimeSocket, name: Name, env: Environment): readonly string[] {
  if (chosen === 'off') return [];
  if (chosen !== 'auto') return [chosen.path];
  const own = ownPath(name, env);
  return [`${SYSTEM_FOLDER}/${name}`, ...(own === null ? [] : [own])];
}

function ownPath(name: Name, env: Environment): string | null {
  const runtime = env['XDG_RUNTIME_DIR'] ?? '';
  return runtime.startsWith('/') ? `${runtime}/lastport/${name}` : null;
}
