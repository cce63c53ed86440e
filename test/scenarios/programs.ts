import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goBuild } from '../support/go-build.ts';
import type { Place, Program } from './situation.ts';
import { PROGRAMS } from './stage.ts';

/** The HTTP server at the destination. */
export function server({ destination }: Pick<Place, 'destination'>): Program {
  return {
    name: 'server',
    where: 'server',
    awaits: 'ready',
    argv: serverOf([portOf(destination)]),
    isPlainServer: true,
  };
}

/** The same by TLS, HTTP/2 and HTTP/1.1. */
export function secureServer({ destination }: Pick<Place, 'destination'>): Program {
  const argv = [process.execPath, join(PROGRAMS, 'secure-server.mjs'), portOf(destination)];
  return { name: 'secure-server', where: 'server', awaits: 'ready', argv };
}

export const serverOf = (ports: readonly string[]) => [process.execPath, join(PROGRAMS, 'server.mjs'), ...ports];

/** A client in Node, the one that is tried. --expose-gc is for those that collect garbage. */
export function node({ node }: Place, file: string, args: readonly string[]): Program {
  const argv = [node.path, '--expose-gc', join(PROGRAMS, file), ...args];
  return { name: file.replace('.mjs', ''), awaits: 'done', isClient: true, argv };
}

export function python(mode: string, { destination, count }: Place): Program {
  const argv = ['python3', join(PROGRAMS, 'client.py'), mode, destination, String(count)];
  return { name: `python-${mode}`, awaits: 'done', isClient: true, argv };
}

export function go(mode: string, at: string, { count }: Place): Program {
  return {
    name: `go-${mode}`,
    awaits: 'done',
    isClient: true,
    argv: [goClient(), mode, `http://${at}`, String(count)],
  };
}

const portOf = (destination: string) => destination.slice(destination.lastIndexOf(':') + 1);

let built: string | undefined;
function goClient(): string {
  if (built === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'lastport-go-'));
    built = goBuild(join(PROGRAMS, 'goclient/main.go'), folder, 'goclient');
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  }
  return built;
}
