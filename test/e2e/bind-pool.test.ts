import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { obstacle } from '../kernel/netns.ts';
import { A, HERE } from '../kernel/situations/places.ts';
import { Inside, USABLE } from './inside.ts';
import { sampleValue } from './samples.ts';

/** Binds, connects and closes at a steady rate until bind() is refused; prints how many went well, and when one did not. */
const CLIENT = `
import errno, socket, sys, time
address, to, rate = sys.argv[1], sys.argv[2], float(sys.argv[3])
host, port = to.rsplit(":", 1)
begun, made = time.monotonic(), 0
while True:
    time.sleep(max(0, begun + made / rate - time.monotonic()))
    with socket.socket() as s:
        try: s.bind((address, 0))
        except OSError as error:
            print(made, errno.errorcode[error.errno], time.time() * 1000, flush=True)
            break
        s.connect((host, int(port)))
    made += 1
`;

/** Ten seconds to the last port. */
const PER_SECOND = USABLE / 10;

interface AlertLine {
  readonly event?: string;
  readonly status: string;
  readonly since: string;
  readonly labels: { readonly [name: string]: string };
}

const skip = await obstacle();

describe('lastport run, where a program binds before it connects', { skip, timeout: 90_000 }, () => {
  for (const [what, address] of [
    ['its own address', HERE],
    ['any address', '0.0.0.0'],
  ] as const) {
    it(`warns before the first EADDRINUSE: bound to ${what}`, async () => {
      const inside = await Inside.open({ tick: '500ms' });
      try {
        const { stdout, stderr } = await inside.net.run(['python3', '-c', CLIENT, address, A, String(PER_SECOND)]);
        const [made, code, failedAt] = stdout.split(' ');
        assert.equal(code, 'EADDRINUSE', stderr);
        assert.equal(Number(made), USABLE);
        const page = await inside.freshMetrics();
        const lines = inside
          .log('lastport')
          .split('\n')
          .filter((line) => line.includes('LastportBindPoolLow'));
        const alerts = lines.map((line): AlertLine => JSON.parse(line));
        const firing = alerts.filter(({ status }) => status === 'firing');
        assert.equal(firing.length, 1, 'one alert from beginning to end');
        const [{ since, labels }] = firing as [AlertLine];
        assert.ok(Date.parse(since) < Number(failedAt), `fires at ${since}, and bind() fails at ${failedAt}`);
        const { instance: _, ...others } = labels;
        const netns = await inside.inode();
        assert.deepEqual(others, { alertname: 'LastportBindPoolLow', severity: 'warning', netns, local: HERE });
        assert.equal(sampleValue(page, 'lastport_bind_pool_headroom_ports', { local: HERE }), 0);
        assert.equal(sampleValue(page, 'lastport_bind_pool_exhaustion_seconds', { local: HERE }), 0);
        assert.equal(sampleValue(page, 'lastport_alerts', { alertname: 'LastportBindPoolLow' }), 1);
      } finally {
        await inside.close();
      }
    });
  }
});
