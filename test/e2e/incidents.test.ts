import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { IncidentSummary, Sample } from '../../agent/model/incident.ts';
import { decodeIncident, fileNameOf } from '../../exporters/incidents/file.ts';
import { realFolder } from '../../exporters/incidents/folder.ts';
import { obstacle } from '../kernel/netns.ts';
import { A } from '../kernel/situations/places.ts';
import { lastport } from '../support/program.ts';
import { Inside, LASTPORT_AT, USABLE } from './inside.ts';
import { sampleValue } from './samples.ts';

/** Connects until the kernel refuses, says so, and holds what it has until it is told to end. */
const EXHAUSTS = `
import os, socket, sys, time
host, port = sys.argv[2].rsplit(":", 1)
held = []
while True:
    s = socket.socket()
    try: s.connect((host, int(port)))
    except OSError as error:
        print(os.getpid(), error.errno, len(held), flush=True)
        break
    held.append(s)
while not os.path.exists(os.path.join(sys.argv[1], "end")): time.sleep(0.01)
`;

const ask = (state: string): { incidents: IncidentSummary[]; skipped: unknown[] } => {
  const { status, stdout, stderr } = lastport(['incidents', '--state-dir', state, '--format', 'json']);
  assert.deepEqual([status, stderr], [0, '']);
  return JSON.parse(stdout);
};

/** Its pid, once it holds every port there is. */
async function exhaust(inside: Inside): Promise<number> {
  await inside.start('program', ['python3', '-c', EXHAUSTS, inside.folder, A]);
  const [, pid, held] = await inside.until('a connect() that is refused', async () =>
    /^(\d+) 99 (\d+)$/m.exec(inside.log('program')),
  );
  assert.equal(Number(held), USABLE);
  return Number(pid);
}

const skip = await obstacle();
describe('lastport incidents, of what a lastport run saw', { skip }, () => {
  it('tells of it when that was killed meanwhile', { timeout: 60_000 }, async () => {
    const state = mkdtempSync(join(tmpdir(), 'lastport-state-'));
    const inside = await Inside.open({ flags: ['--state-dir', state] });
    try {
      const pid = await exhaust(inside);
      // Owners are found by and by.
      await inside.until('an incident without headroom, and whose it is', async () => {
        const [one] = ask(state).incidents[0]?.destinations ?? [];
        return one?.lowestHeadroomPorts === 0 && one.owner?.usedPorts === USABLE ? one : null;
      });
      process.kill(inside.pidOf('lastport')!, 'SIGKILL');
      await inside.stop('lastport');

      const { incidents, skipped } = ask(state);
      assert.deepEqual([incidents.length, skipped], [1, []]);
      const [incident] = incidents;
      assert.deepEqual([incident?.endedAt, incident?.verdict], [null, 'critical']);
      const [one] = incident!.destinations;
      assert.deepEqual(
        [
          one?.local,
          `${one?.remote}:${one?.remotePort}`,
          one?.lowestHeadroomPorts,
          one?.usablePorts,
          one?.mostUsedPorts,
        ],
        ['10.9.0.1', A, 0, USABLE, USABLE],
      );
      assert.deepEqual([one?.owner?.pid, one?.owner?.command], [pid, 'python3']);

      const { stdout } = lastport(['incidents', '--state-dir', state]);
      assert.match(stdout, /^!! \d{4}-\d\d-\d\d \d\d:\d\d +\S+\+ +0 +0% .* 10\.9\.0\.2:8080$/m);
      assert.match(stdout, new RegExp(`^ +owner: python3 \\(${pid}\\), 1,000 ports, seen$`, 'm'));

      // What a later reader finds: from when all was well to when nothing was left.
      const folder = realFolder(join(state, 'incidents'));
      const { samples } = await decodeIncident(await folder.read(fileNameOf(incident!.id), 1 << 20));
      const left = samples
        .map((text) => JSON.parse(text) as Sample)
        .map(
          ({ namespaces }) => namespaces[0]?.destinations.find(({ remotePort }) => remotePort === 8080)?.headroomPorts,
        );
      assert.equal(left[0], undefined);
      assert.equal(left.at(-1), 0);
      // Nothing unfinished lies about for ever: the next one that records takes it away.
      assert.deepEqual(
        readdirSync(join(state, 'incidents')).filter((name) => !/^(\.|recording|\d{8}T)/.test(name)),
        [],
      );
    } finally {
      writeFileSync(join(inside.folder, 'end'), '');
      await inside.close();
      rmSync(state, { recursive: true });
    }
  });

  const skipMount = process.getuid?.() === 0 ? false : 'needs root, to mount a full disk';
  it('looks on when the disk is full, and says so', { skip: skipMount, timeout: 60_000 }, async () => {
    // A disk of one page: there is no room for a file beside its folder (and the word that koffi works, which stays empty).
    const MOUNTED = 'mount -t tmpfs -o size=4k,nr_inodes=4 nodev /mnt && printf %4096s > /mnt/fill && exec "$@"';
    const inside = await Inside.open({
      flags: ['--state-dir', '/mnt'],
      wrap: ['unshare', '--mount', 'sh', '-c', MOUNTED, 'sh'],
    });
    try {
      await exhaust(inside);
      const at = { local: '10.9.0.1', destination: A, remote_name: '' };
      await inside.until('a failure that is counted, and the last port gone all the same', async () => {
        const text = await inside.get(`${LASTPORT_AT}/metrics`);
        const isBegun = sampleValue(text, 'lastport_incidents_total', {}) === 1;
        const hasFailed = isBegun && sampleValue(text, 'lastport_incident_write_failures_total', {}) > 0;
        return hasFailed && sampleValue(text, 'lastport_destination_headroom_ports', at) === 0 ? text : null;
      });
      const told = inside
        .log('lastport')
        .split('\n')
        .filter((line) => line.includes('incidents cannot be written'));
      assert.equal(told.length, 1);
      assert.match(told[0]!, /ENOSPC/);
      assert.match(await inside.get(`${LASTPORT_AT}/healthz`), /^ok/);
    } finally {
      writeFileSync(join(inside.folder, 'end'), '');
      await inside.close();
    }
  });
});
