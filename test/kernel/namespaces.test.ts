import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import type { Assessment } from '../../agent/model/assessment.ts';
import { until } from '../e2e/until.ts';
import { Daemon, lastport } from '../support/program.ts';
import { Netns, obstacle } from './netns.ts';
import { LASTPORT } from './situation.ts';
import { A, B } from './situations/places.ts';

const OWN = [LASTPORT, 'check', '--netns', 'self', '--format', 'json'];
const skip = (await obstacle()) || (process.getuid?.() === 0 ? false : 'needs root, to enter network namespaces');

async function inodeOf(net: Netns, where: 'client' | 'server' = 'client'): Promise<number> {
  const { stdout } = await net.run(['readlink', '/proc/self/ns/net'], where);
  return Number(stdout.replace(/\D/g, ''));
}

function check(...options: string[]): Assessment {
  return JSON.parse(lastport(['check', '--format', 'json', ...options]).stdout);
}

const seen = (assessment: Assessment, inode: number) => assessment.namespaces.find(({ netns }) => netns === inode);

/** A daemon that looks at everything, and its Assessments. */
async function watching<Result>(
  tick: string,
  work: (latest: () => Promise<Assessment>) => Promise<Result>,
): Promise<Result> {
  const daemon = new Daemon(['--tick', tick, '--listen', '127.0.0.1:0']);
  try {
    const { listen } = await daemon.line(/^listening$/);
    return await work(async () => (await (await fetch(`http://${listen}/api/assessment`)).json()) as Assessment);
  } finally {
    daemon.child.kill();
    await daemon.end();
  }
}

describe('every network namespace of the host', { skip }, () => {
  it('is looked at from outside as from inside, with its own settings', async () => {
    const net = await Netns.open({ sysctls: { ip_local_port_range: '41000 41099' } });
    try {
      await net.listen('[::]:8080');
      await net.connect({ to: A, count: 30, bind: 'port' });
      await net.connect({ to: B, count: 40, name: 'b' });
      const inode = await inodeOf(net);
      const inside = seen(JSON.parse((await net.run([process.execPath, ...OWN])).stdout), inode);
      for (const options of [[], ['--netns', String(inode)], ['--engine', 'procfs', '--netns', `net:[${inode}]`]]) {
        const outside = seen(check(...options), inode);
        assert.equal(outside?.usablePorts, 100);
        // Time to ask about ports is shared by all namespaces, and on a busy host it may be up before this one's turn.
        const isAsked = options.length === 2;
        const shown = (one: ReturnType<typeof seen>) =>
          one?.destinations.map(({ remote, headroomPorts, headroomPortsLow }) => [
            remote,
            headroomPorts,
            isAsked ? headroomPortsLow : 0,
          ]);
        assert.deepEqual(shown(outside), shown(inside));
      }
      // The server's side is a namespace of its own, with 70 connections that came in.
      assert.equal(seen(check(), await inodeOf(net, 'server'))?.inboundSockets, 70);
      assert.deepEqual(seen(check('--netns', 'self'), inode), undefined);
    } finally {
      await net.close();
    }
  });

  it('is named as `ip netns` names it, also where no process lives in it', () => {
    const name = `lastport-test-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name]);
    try {
      assert.ok(check().namespaces.some(({ label }) => label === name));
    } finally {
      execFileSync('ip', ['netns', 'del', name]);
    }
    assert.ok(!check().namespaces.some(({ label }) => label === name));
  });

  it('says it where there is none of that number or process', () => {
    const { status, stdout } = lastport(['check', '--netns', '4294967290', '--format', 'json']);
    assert.equal(status, 3);
    assert.match(
      (JSON.parse(stdout) as Assessment).gaps[0]?.why ?? '',
      /^network namespace 4294967290 is not to be found/,
    );
  });

  it('comes into sight and leaves it while the daemon runs, and is not kept alive by it', async () => {
    await watching('200ms', async (latest) => {
      const name = `lastport-come-${process.pid}`;
      execFileSync('ip', ['netns', 'add', name]);
      const inode = Number(execFileSync('stat', ['-c', '%i', `/run/netns/${name}`], { encoding: 'utf8' }));
      try {
        execFileSync('ip', ['-n', name, 'link', 'add', `lp${process.pid}`, 'type', 'veth', 'peer', 'name', 'there']);
        execFileSync('ip', ['-n', name, 'link', 'set', 'there', 'netns', String(process.pid)]);
        await until('the namespace', async () => seen(await latest(), inode) ?? null);
      } finally {
        execFileSync('ip', ['netns', 'del', name]);
      }
      await until('its end', async () => (seen(await latest(), inode) === undefined ? 'gone' : null));
      // The veth's other end goes with the namespace, as soon as nobody holds it.
      await until('its end for the kernel', async () =>
        execFileSync('ip', ['link'], { encoding: 'utf8' }).includes('there@') ? null : 'gone',
      );
    });
  });

  it('shows a sudden storm at once, wherever it is', async () => {
    const net = await Netns.open({ sysctls: { ip_local_port_range: '41000 42999' } });
    try {
      await net.listen('[::]:8080');
      const inode = await inodeOf(net);
      await watching('60s', async (latest) => {
        assert.equal(seen(await latest(), inode)?.destinationsInUse, 0);
        await net.connect({ to: A, count: 400 });
        const storm = await until('the storm, long before the next tick', async () => {
          const used = seen(await latest(), inode)?.destinations[0]?.usedPorts ?? 0;
          return used >= 100 ? { used } : null;
        });
        assert.ok(storm.used <= 400);
      });
    } finally {
      await net.close();
    }
  });
});
