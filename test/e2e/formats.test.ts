import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Daemon, procfs } from '../support/program.ts';
import { samples } from './samples.ts';
import { until } from './until.ts';

const TEXT = 'text/plain';
const OPENMETRICS = 'application/openmetrics-text';

/** The series of Lastport and of its process on a page, without their values. Those of Node come and go. */
async function series(address: string, accept: string): Promise<string[]> {
  const response = await fetch(`http://${address}/metrics`, { headers: { accept } });
  const page = await response.text();
  assert.ok(response.headers.get('content-type')?.startsWith(accept), `asked for ${accept}`);
  assert.equal(page.endsWith('\n# EOF\n'), accept === OPENMETRICS, `the end of the page, asked for ${accept}`);
  return samples(page)
    .filter(({ name }) => /^(lastport|process)_/.test(name))
    .map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
    .sort();
}

describe('/metrics of lastport run, asked in both formats', () => {
  it('has the same series for everybody, one after the other and all at once', { timeout: 30_000 }, async () => {
    const { path, remove } = procfs();
    const daemon = new Daemon(['--procfs', path, '--listen', '127.0.0.1:0', '--tick', '5m']);
    try {
      const address = await daemon.address();
      const first = await until('a look', async () => {
        const found = await series(address, TEXT);
        return found.some((one) => one.startsWith('lastport_last_tick')) ? found : null;
      });
      assert.ok(first.some((one) => one.startsWith('lastport_tcp_active_opens_total ')));
      assert.deepEqual(await series(address, OPENMETRICS), first);
      assert.deepEqual(await series(address, TEXT), first, 'text after OpenMetrics');
      const crowd = Array.from({ length: 40 }, (_, index) => series(address, index % 2 === 0 ? OPENMETRICS : TEXT));
      for (const one of await Promise.all(crowd)) assert.deepEqual(one, first, 'all at once');
    } finally {
      await daemon.end();
      remove();
    }
  });
});
