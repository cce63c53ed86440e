import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { put } from '../../systemd/package/files.ts';
import type { CleanRoot } from './clean-root.ts';

/** Notes what it was asked for, and says that all is enabled and running. */
const SYSTEMCTL = '#!/bin/sh\necho "$*" >> /tmp/calls\ncase "$*" in *is-enabled*) echo enabled ;; esac\n';

/** What the package's scripts ask of systemd, where it seems to run: there is none in a root that only is a folder. */
export function asksSystemd(clean: CleanRoot): void {
  const calls = join(clean.path, 'tmp/calls');
  put(join(clean.path, 'usr/bin/systemctl'), SYSTEMCTL, 0o755);
  mkdirSync(join(clean.path, 'run/systemd/system'), { recursive: true });
  for (const [options, verbs] of [
    [['-i', '/tmp/first.deb'], ['start']],
    [['-i', '/tmp/next.deb'], ['restart']],
    [['-r', 'lastport'], ['stop']],
    [['-P', 'lastport'], []],
  ] as const) {
    rmSync(calls, { force: true });
    clean.must('dpkg', ...options);
    const asked = readFileSync(calls, 'utf8');
    assert.match(asked, /daemon-reload/);
    const found = [...asked.matchAll(/\b(start|restart|stop)\b.*lastport\.service/g)].map(([, verb]) => verb);
    assert.deepEqual(found, verbs, asked);
  }
}
