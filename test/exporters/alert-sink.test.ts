import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Alert } from '../../agent/model/alert.ts';
import { AlertSink, type AlertSinkOptions, type DeliveryResult } from '../../exporters/alert-sink.ts';
import { alertmanager } from '../../exporters/alertmanager.ts';
import { webhook } from '../../exporters/webhook.ts';
import { alert, resolved, STARTED } from '../support/alerts.ts';
import { type Received, TestReceiver } from '../support/receiver.ts';

interface Scene {
  readonly sink: AlertSink;
  readonly receiver: TestReceiver;
  /** What came of each request. */
  readonly results: { readonly result: DeliveryResult; readonly why: string | null }[];
  /** Waits until so much has come of them. */
  readonly settled: (count: number) => Promise<void>;
  /** Lets ms pass on the clock that no one sets. */
  readonly pass: (ms: number) => void;
}

type SceneOptions = Partial<AlertSinkOptions> & { readonly path?: string; readonly to?: typeof alertmanager };

async function scene(options: SceneOptions, test: (scene: Scene) => Promise<void>): Promise<void> {
  const { path = '/', to = alertmanager, ...more } = options;
  const receiver = await TestReceiver.open();
  const results: Scene['results'] = [];
  const waiting: (() => void)[] = [];
  let monotonic = 0;
  const sink = new AlertSink({
    receiver: to(new URL(`http://127.0.0.1:${receiver.port}${path}`)),
    name: 'a receiver',
    range: () => null,
    ca: null,
    authorization: () => null,
    lookup: async () => ['127.0.0.1'],
    now: () => STARTED,
    monotonic: () => monotonic,
    random: () => 0,
    onResult: (result, why) => {
      results.push({ result, why });
      for (const wake of waiting.splice(0)) wake();
    },
    ...more,
  });
  try {
    await test({
      sink,
      receiver,
      results,
      settled: async (count) => {
        while (results.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      },
      pass: (ms) => {
        monotonic += ms;
      },
    });
  } finally {
    await sink.close();
    await receiver.close();
  }
}

/** Of what was posted to /api/v2/alerts: of each its destination, and whether it fires. */
const said = ({ body }: Received): string[] =>
  (JSON.parse(body) as { labels: { destination: string }; endsAt: string }[]).map(
    ({ labels, endsAt }) => `${labels.destination} ${Date.parse(endsAt) > STARTED ? 'fires' : 'is over'}`,
  );
const one = alert();
const other = alert({ destination: '10.9.0.3:8080' });

describe('AlertSink', () => {
  it('delivers at once what has changed, with its end four minutes ahead', async () => {
    await scene({}, async ({ sink, receiver, results, settled }) => {
      sink.publish([one], [one]);
      await settled(1);
      assert.deepEqual(results, [{ result: 'ok', why: null }]);
      const [{ path, body }] = receiver.received as [Received];
      assert.equal(path, '/api/v2/alerts');
      assert.equal(JSON.parse(body)[0].endsAt, new Date(STARTED + 240_000).toISOString());
    });
  });

  it('says at once what has become known of one that fires, and not again before its time', async () => {
    await scene({}, async ({ sink, receiver, settled, pass }) => {
      sink.publish([one], [one]);
      await settled(1);
      const known = { ...one, annotations: { ...one.annotations, cause: 'bodies left unread' } };
      pass(1000);
      sink.publish([], [known], [known]);
      await settled(2);
      const [, { body }] = receiver.received as [Received, Received];
      const [told, ...others] = JSON.parse(body);
      assert.deepEqual([told.labels, told.annotations.cause, others], [one.labels, 'bodies left unread', []]);
      pass(1000);
      sink.publish([], [known]);
      sink.publish([other], [known, other]);
      await settled(3);
      assert.equal(JSON.parse(receiver.received[2]?.body ?? '[]').length, 1);
    });
  });

  it('says it again every minute while it fires, by a clock that no one sets, and says its end once', async () => {
    let now = STARTED;
    await scene({ now: () => now }, async ({ sink, receiver, settled, pass }) => {
      sink.publish([one], [one]);
      await settled(1);
      pass(59_000);
      sink.publish([], [one]);
      // Set back by a day: nobody is silenced.
      now -= 86_400_000;
      pass(1000);
      sink.publish([], [one]);
      await settled(2);
      now = STARTED;
      sink.publish([resolved(one, STARTED - 1)], []);
      await settled(3);
      pass(600_000);
      sink.publish([], []);
      sink.publish([other], [other]);
      await settled(4);
      assert.equal(receiver.received.length, 4);
      assert.deepEqual(receiver.received.slice(2).map(said), [['10.9.0.2:8080 is over'], ['10.9.0.3:8080 fires']]);
    });
  });

  for (const status of [500, 503, 401, 403, 404, 408, 429, 302]) {
    it(`tries again when the answer is ${status}, with what is newest by then`, async () => {
      await scene({}, async ({ sink, receiver, results, settled }) => {
        receiver.behaviour = status;
        sink.publish([one, other], [one, other]);
        await settled(1);
        receiver.behaviour = 200;
        sink.publish([resolved(one, STARTED - 1)], [other]);
        await settled(2);
        assert.deepEqual(
          results.map(({ result }) => result),
          ['failed', 'ok'],
        );
        assert.match(results[0]?.why ?? '', new RegExp(`^it answered ${status}`));
        assert.deepEqual(said(receiver.received[1]!).sort(), ['10.9.0.2:8080 is over', '10.9.0.3:8080 fires']);
      });
    });
  }

  it('follows no redirect', async () => {
    await scene({}, async ({ sink, receiver, results, settled }) => {
      receiver.behaviour = (answer) => void answer.writeHead(307, { location: '/elsewhere' }).end();
      sink.publish([one], [one]);
      await settled(2);
      assert.match(results[0]?.why ?? '', /redirects are not followed/);
      assert.ok(receiver.received.every(({ path }) => path === '/api/v2/alerts'));
    });
  });

  it('says no more what the receiver does not want', async () => {
    await scene({}, async ({ sink, receiver, results, settled }) => {
      receiver.behaviour = 400;
      sink.publish([one], [one]);
      await settled(1);
      receiver.behaviour = 200;
      sink.publish([other], [one, other]);
      await settled(2);
      assert.deepEqual(
        results.map(({ result }) => result),
        ['rejected', 'ok'],
      );
      assert.deepEqual(said(receiver.received[1]!), ['10.9.0.3:8080 fires']);
    });
  });

  it('waits longer each time, and after a success no longer', async () => {
    await scene({}, async ({ sink, receiver, settled }) => {
      const times: number[] = [];
      receiver.behaviour = (answer) => {
        times.push(performance.now());
        answer.writeHead(times.length < 4 ? 500 : 200).end();
      };
      sink.publish([one], [one]);
      await settled(4);
      const pauses = times.slice(1).map((time, index) => time - times[index]!);
      // 125, 250 and 500 ms where there is no chance in it.
      for (const [index, least] of [120, 240, 490].entries()) assert.ok(pauses[index]! >= least, String(pauses));
    });
  });

  it('gives up those that have waited longest where too many wait, and counts them', async () => {
    await scene({}, async ({ sink, receiver, results, settled }) => {
      receiver.behaviour = 500;
      const many = Array.from({ length: 1003 }, (_, index) => alert({ destination: `10.9.1.1:${index + 1}` }));
      sink.publish(many, many);
      await settled(4);
      assert.deepEqual(
        results.slice(0, 3).map(({ result }) => result),
        ['dropped', 'dropped', 'dropped'],
      );
      assert.equal(said(receiver.received[0]!)[0], '10.9.1.1:4 fires');
    });
  });

  it('keeps nobody waiting where the receiver never answers', async () => {
    await scene({}, async ({ sink: slow, receiver: silent }) => {
      silent.behaviour = () => undefined;
      await scene({}, async ({ sink, settled }) => {
        for (const each of [slow, sink]) each.publish([one], [one]);
        await silent.requests(1);
        await settled(1);
      });
    });
  });

  it('says nothing of its own accord when it ends, and ends soon', async () => {
    await scene({}, async ({ sink, receiver, settled }) => {
      sink.publish([one], [one]);
      await settled(1);
      await sink.close();
      sink.publish([resolved(one)], []);
      assert.equal(receiver.received.length, 1);
    });
    await scene({}, async ({ sink, receiver }) => {
      sink.publish([one], [one]);
      await sink.close();
      assert.equal(receiver.received.length, 1, 'what is under way arrives');
    });
  });

  it('asks for the authorization each time, and takes that of the URL where there is none', async () => {
    let token = 'Bearer a';
    await scene({ authorization: () => token }, async ({ sink, receiver, settled }) => {
      sink.publish([one], [one]);
      await settled(1);
      token = 'Bearer b';
      sink.publish([other], [one, other]);
      await settled(2);
      assert.deepEqual(
        receiver.received.map(({ headers }) => headers.authorization),
        ['Bearer a', 'Bearer b'],
      );
    });
    const to = (url: URL) => alertmanager(new URL(`http://us%40er:pa%3Ass@${url.host}/`));
    await scene({ to }, async ({ sink, receiver, settled }) => {
      sink.publish([one], [one]);
      await settled(1);
      const basic = Buffer.from('us@er:pa:ss').toString('base64');
      assert.equal(receiver.received[0]?.headers.authorization, `Basic ${basic}`);
    });
  });

  it('fails, and tells no secret, where the authorization cannot be had or will not do', async () => {
    const bad = [
      () => {
        throw new Error('--alert-auth: cannot read /etc/token: EACCES');
      },
      () => 'Bearer s3cret\nX: y',
    ];
    for (const authorization of bad) {
      await scene({ authorization }, async ({ sink, receiver, results, settled }) => {
        sink.publish([one], [one]);
        await settled(1);
        assert.equal(results[0]?.result, 'failed');
        assert.doesNotMatch(results[0]?.why ?? '', /s3cret/);
        assert.equal(receiver.received.length, 0);
      });
    }
  });

  it('tells a receiver that may have been restarted again what fires', async () => {
    await scene({}, async ({ sink, receiver, settled, pass }) => {
      sink.publish([one], [one]);
      await settled(1);
      await receiver.connections(2);
      pass(10_000);
      sink.publish([], [one]);
      for (const socket of receiver.sockets) socket.destroy();
      const again = (): void => {
        sink.publish([], [one]);
        if (receiver.received.length < 2) setImmediate(again);
      };
      again();
      await receiver.requests(2);
      assert.deepEqual(said(receiver.received[1]!), ['10.9.0.2:8080 fires']);
    });
  });

  it('delivers a group to a webhook as Alertmanager does', async () => {
    await scene({ to: webhook, path: '/hook' }, async ({ sink, receiver, settled }) => {
      const both: Alert[] = [one, other];
      sink.publish(both, both);
      await settled(1);
      const [{ path, body }] = receiver.received as [Received];
      const { version, status, alerts } = JSON.parse(body);
      assert.deepEqual([path, version, status, alerts.length > 0], ['/hook', '4', 'firing', true]);
    });
  });
});
