// A client that misbehaves, a good one, and the way of an alert from the agent to whoever is paged.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BAD, Chain, GOOD, SERVICE } from '../demo/chain.ts';
import { obstacle } from '../kernel/netns.ts';
import { needs } from '../support/needs.ts';
import type { HeldAlert } from './fleet.ts';

const PATIENCE_MS = 60_000;

const skip =
  needs('prometheus') ||
  needs('prometheus-alertmanager') ||
  (process.getuid?.() !== 0 && 'needs root') ||
  (await obstacle());

describe('agents, Prometheus and Alertmanager together', { skip, timeout: 180_000 }, () => {
  it('tell of the client that misbehaves before its ports are gone, with cause and owner, and of no other', async () => {
    const chain = await Chain.open();
    try {
      const { fleet } = chain;
      await chain.startClient(GOOD, 'read');
      await chain.startClient(BAD, 'agent-closed');
      const isOf =
        (alertname: string) =>
        ({ labels }: Pick<HeldAlert, 'labels'>): boolean =>
          labels['alertname'] === alertname && labels['instance'] === BAD && labels['destination'] === SERVICE;
      const foretold = await chain.arrival('the prediction', isOf('LastportExhaustionPredicted'));
      const page = await fleet.until(
        'a page',
        async () => chain.told().find(({ labels }) => labels['severity'] === 'critical') ?? null,
        PATIENCE_MS,
      );
      assert.equal(page.labels['instance'], BAD);
      assert.equal(page.labels['destination'], SERVICE);
      const end = await chain.arrival('the end', isOf('LastportPortsExhausted'));
      assert.ok(foretold.startsAt < end.startsAt, `foretold at ${foretold.startsAt}, so at ${end.startsAt}`);

      await fleet.until('Prometheus has it too', async () => {
        const query = `ALERTS{alertname="LastportPortsExhausted", alertstate="firing", instance="${BAD}"}`;
        const [answer] = await fleet.api<{ result: object[] }>([`query?query=${encodeURIComponent(query)}`]);
        return answer!.result.length > 0 ? answer! : null;
      });
      const { annotations } = await chain.arrival('the cause', ({ annotations: of }) =>
        /a client made for each request/.test(of['cause'] ?? ''),
      );
      assert.match(annotations['owner'] ?? '', /^node undici-client\.mjs/);
      assert.match(annotations['remedy'] ?? '', /make the Agent .* once/);

      const held = await fleet.until('what foretold it is silenced', async () => {
        const all = await fleet.alerts();
        const before = all.filter(isOf('LastportExhaustionPredicted'));
        return before.length > 0 && before.every(({ status }) => status.state === 'suppressed') ? all : null;
      });
      assert.deepEqual(
        held.filter(({ labels }) => labels['instance'] !== BAD).map(({ labels }) => labels),
        [],
      );
    } finally {
      await chain.close();
    }
  });
});
