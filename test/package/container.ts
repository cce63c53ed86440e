import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CleanRoot } from './clean-root.ts';
import { textsOf } from './containerfile.ts';

/**
 * What the Containerfile does, done in a root that a container engine's would be like, and then its program, as its user: there is no
 * engine here. The package is taken away again.
 */
export function builtAsContainer(clean: CleanRoot, deb: string, version: string): void {
  mkdirSync(join(clean.path, 'packages'));
  copyFileSync(deb, join(clean.path, `packages/lastport_${version}-1_amd64.deb`));
  for (const text of textsOf('RUN')) {
    clean.must('env', `VERSION=${version}`, 'TARGETARCH=amd64', 'sh', '-c', text.replace(/^(--\S+\s+)+/, ''));
  }
  const variables = textsOf('ENV').flatMap((text) => text.split(/\s+/));
  const [uid = '', gid = ''] = textsOf('USER')[0]?.split(':') ?? [];
  const user = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--bounding-set=-all',
    '--no-new-privs',
  ];
  const entry = JSON.parse(textsOf('ENTRYPOINT')[0] ?? '[]') as string[];
  const check = clean.run(...user, 'env', '-i', ...variables, ...entry, 'check');
  assert.equal(check.status, 0, check.text);
  assert.match(clean.must('stat', '-c', '%u:%g %a', '/var/lib/lastport'), /^9477:9477 700$/m);
  clean.must('dpkg', '-P', 'lastport');
}
