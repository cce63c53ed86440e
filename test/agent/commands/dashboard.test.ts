import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { root } from '../../support/golden.ts';
import { lastport } from '../../support/program.ts';

const shipped = (name: string) => readFileSync(`${root}exporters/grafana/${name}`, 'utf8');

describe('lastport dashboard', () => {
  it('prints the host’s, and with --fleet the fleet’s, and nothing else', () => {
    assert.deepEqual(lastport(['dashboard']), { status: 0, stdout: shipped('host.json'), stderr: '' });
    assert.deepEqual(lastport(['dashboard', '--fleet']), { status: 0, stdout: shipped('fleet.json'), stderr: '' });
  });

  it('has what it prints in the package, and not what made it, for its SDK is not there', () => {
    const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
    });
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const ofGrafana = files.map(({ path }) => path).filter((path) => path.includes('grafana'));
    assert.deepEqual(ofGrafana, ['exporters/grafana/fleet.json', 'exporters/grafana/host.json']);
  });
});
