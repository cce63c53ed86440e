import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { PoolReport } from '../../agent/model/pool.ts';
import { obstacle } from '../kernel/netns.ts';
import { A } from '../kernel/situations/places.ts';
import { needs } from '../support/needs.ts';
import { Inside, LASTPORT_AT } from './inside.ts';

const [ADDRESS, PORT] = A.split(':');
/** What the kernel's own NAT lends here, and for how long it holds a port that both sides have closed, in s. */
const PORTS = 100;
const HELD = 6;
const QUOTA = `name=masquerade;networks=10.9.0.0/16;ports=${PORTS};held=${HELD}s`;

const blocked = await obstacle();
describe('lastport run behind a NAT', { skip: needs('nft') || blocked }, () => {
  it('counts as the NAT itself does, those that the peer has closed too', { timeout: 60_000 }, async () => {
    const inside = await Inside.open({ flags: ['--nat', QUOTA] });
    try {
      await startNat(inside, 'masquerade');
      const { net } = inside;
      await net.connect({ to: A, count: 40, name: 'kept' });
      await net.connect({ to: A, count: 30, name: 'closed' });
      await inside.until('used is known', async () => ((await quota(inside)).used === null ? null : 'known'));
      await net.hangUp('closed', 'server');
      // This host has nothing of these in any table of its sockets any more.
      const held = await agreed(inside, 70);
      assert.deepEqual(held.destination, { remote: ADDRESS, remotePort: Number(PORT) });
      assert.equal(held.headroom, PORTS - 70);
      assert.doesNotMatch(inside.log('lastport'), /LastportNatQuotaLow/);
      await agreed(inside, 40);
    } finally {
      await inside.close();
    }
  });

  it('warns before it is used up, and knows when it is', { timeout: 60_000 }, async () => {
    const inside = await Inside.open({ flags: ['--nat', QUOTA] });
    try {
      await startNat(inside, `masquerade to :20000-${20000 + PORTS - 1}`);
      await inside.net.connect({ to: A, count: 85, name: 'most' });
      await inside.until('the alert', async () => (alerted(inside, 'LastportNatQuotaLow') ? 'fires' : null));
      assert.match(inside.log('lastport'), /masquerade to 10\.9\.0\.2:8080 has at most 15 of 100 ports left/);
      const page = await inside.get(`${LASTPORT_AT}/metrics`);
      assert.match(page, /^lastport_pool_used_low\{pool="masquerade",kind="nat",netns=""\} 85$/m);

      await inside.net.connect({ to: A, count: 20, name: 'more', pending: true });
      await inside.until('it is used up', async () => {
        const { forecast } = await quota(inside);
        return forecast.kind === 'exhausted' && (await tracked(inside)) === PORTS ? 'so' : null;
      });
    } finally {
      await inside.close();
    }
  });

  it('warns of the connection tracking table', { timeout: 60_000 }, async () => {
    const probe = await Inside.open();
    const most = Number(await probe.net.read('/proc/sys/net/netfilter/nf_conntrack_max').finally(() => probe.close()));
    // What the host's table holds is not for a test to change.
    const inside = await Inside.open({ flags: ['--alert-conntrack', `${((200 / most) * 100).toFixed(6)}%`] });
    try {
      await startNat(inside, 'masquerade');
      await inside.net.connect({ to: A, count: 60, name: 'a' });
      await inside.freshMetrics();
      assert.ok(!alerted(inside, 'LastportConntrackLow'));
      await inside.net.connect({ to: A, count: 160, name: 'b' });
      await inside.until('the alert', async () => (alerted(inside, 'LastportConntrackLow') ? 'fires' : null));
      const { pools } = await inside.assessment();
      const table = pools.find(({ kind }) => kind === 'conntrack');
      assert.ok(table !== undefined && table.limit === most && table.usedLow >= 220, JSON.stringify(table));
    } finally {
      await inside.close();
    }
  });
});

describe('lastport run with quotas in its file', { skip: blocked }, () => {
  it('takes others on SIGHUP', { timeout: 60_000 }, async () => {
    const inside = await Inside.open();
    try {
      await inside.stop('lastport');
      const path = join(inside.folder, 'lastport.yaml');
      const write = (...quotas: string[]) => writeFileSync(path, `nat: ${JSON.stringify(quotas)}\n`);
      write('networks=10.9.0.0/16;ports=9;held=1s');
      await inside.startLastport({ flags: ['--config', path] });
      await inside.until('used is known', async () => ((await quota(inside)).used === 0 ? 'known' : null));
      write('networks=10.9.0.0/16;ports=9;held=15m', 'name=other;networks=10.8.0.0/16;ports=7;held=1s');
      process.kill(inside.pidOf('lastport') as number, 'SIGHUP');
      await inside.until('the new ones', async () => {
        const { pools } = await inside.assessment();
        const quotas = pools.filter(({ kind }) => kind === 'nat').map(({ name, limit, used }) => [name, limit, used]);
        // Of a quarter of an hour nothing is known yet.
        return JSON.stringify(quotas) === '[["nat",9,null],["other",7,0]]' ? 'there' : null;
      });
    } finally {
      await inside.close();
    }
  });
});

async function startNat(inside: Inside, how: string): Promise<void> {
  const script = join(inside.folder, 'nat.nft');
  writeFileSync(
    script,
    `table ip lastport {
      chain out {
        type nat hook postrouting priority 100;
        ip daddr ${ADDRESS} tcp dport ${PORT} ${how}
      }
    }`,
  );
  const { status, stderr } = await inside.net.run(['nft', '-f', script]);
  assert.equal(status, 0, stderr);
  const held = '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait';
  assert.equal((await inside.net.run(['sh', '-c', `echo ${HELD} > ${held}`])).status, 0);
}

/** Connections to A that the kernel tracks. */
async function tracked(inside: Inside): Promise<number> {
  const { stdout: table } = await inside.net.run(['cat', '/proc/net/nf_conntrack']);
  return table.split('\n').filter((line) => line.includes(` dst=${ADDRESS} sport=`) && line.includes(` dport=${PORT} `))
    .length;
}

/** Waits until Lastport and the kernel's table say the same. */
async function agreed(inside: Inside, count: number): Promise<PoolReport> {
  return await inside.until(`both count ${count}`, async () => {
    const one = await quota(inside);
    const truth = await tracked(inside);
    if (one.used === count && truth === count) return one;
    throw new Error(`Lastport says ${JSON.stringify(one)}, the kernel ${truth}`);
  });
}

async function quota(inside: Inside): Promise<PoolReport> {
  const { pools } = await inside.assessment();
  const one = pools.find(({ kind }) => kind === 'nat');
  assert.ok(one, 'no quota is reported');
  return one;
}

const alerted = (inside: Inside, name: string): boolean =>
  inside
    .log('lastport')
    .split('\n')
    .some((line) => line.includes('"event":"alert"') && line.includes(name));
