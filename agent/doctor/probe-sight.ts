import { accessSync, constants, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Sight } from './sight.ts';

/** What programs load; its absolute path works wherever they are. */
const PROBE = fileURLToPath(new URL('../../collectors/undici/probe.cjs', import.meta.url));
const COSTS = 'why connections are closed is told by what the kernel shows';

/** The probe, and the socket that it reports to. `path` null: nobody listens for probes. */
export function probeSights(path: string | null): readonly Sight[] {
  const probe: Sight = { what: 'probe', seen: 'yes', found: `node --require ${PROBE} app.js`, costs: null };
  return [probe, socketSight(path)];
}

function socketSight(path: string | null): Sight {
  const what = 'probe socket';
  if (path === null) return { what, seen: 'no', found: '--probe-socket: there is none', costs: COSTS };
  try {
    const facts = statSync(path);
    if (!facts.isSocket()) return { what, seen: 'no', found: `${path} is no socket`, costs: COSTS };
    const mode = (facts.mode & 0o777).toString(8).padStart(4, '0');
    const found = `${path}, mode ${mode}, uid ${facts.uid}, gid ${facts.gid}`;
    return { what, seen: isOpen(path) ? 'yes' : 'partly', found, costs: null };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { what, seen: 'absent', found: `${path}: the daemon makes it`, costs: null };
    return { what, seen: 'no', found: message, costs: COSTS };
  }
}

/** Whether a program of this user may report. */
function isOpen(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
