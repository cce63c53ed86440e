import type { ProbeSocket } from './option-values.ts';

/** Where programs look first, whoever they are (collectors/undici/probe.cts has the same). */
const SYSTEM_SOCKET = '/run/lastport/probe.sock';

/**
 * The path of the socket that probes report to; null: there is none. `auto`: the folder that systemd made for the service
 * (systemd.exec(5), RuntimeDirectory=), else root's own, else the user's (XDG_RUNTIME_DIR).
 */
export function probeSocketOf(
  chosen: ProbeSocket,
  env: Readonly<Record<string, string | undefined>>,
  isRoot: boolean,
): string | null {
  if (chosen === 'off') return null;
  if (chosen !== 'auto') return chosen.path;
  const [given = ''] = (env['RUNTIME_DIRECTORY'] ?? '').split(':');
  if (given.startsWith('/')) return `${given}/probe.sock`;
  if (isRoot) return SYSTEM_SOCKET;
  const runtime = env['XDG_RUNTIME_DIR'] ?? '';
  return runtime.startsWith('/') ? `${runtime}/lastport/probe.sock` : null;
}
