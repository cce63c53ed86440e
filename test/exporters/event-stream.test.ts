import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { EventStream } from '../../exporters/event-stream.ts';
import { until } from '../e2e/until.ts';

/** More than sockets hold. */
const LARGE = 'x'.repeat(8 * 1024 * 1024);

describe('EventStream', () => {
  let now = 0;
  let stream: EventStream;
  let server: Server;
  before(async () => {
    server = createServer((request, response) => {
      stream.open(request, response, {}, [{ name: 'first', json: '1' }]);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const watch = async (): Promise<IncomingMessage> => {
    const before = stream.size;
    const sent = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.setEncoding('utf8').on('error', () => undefined);
    await until('it watches', async () => (stream.size > before ? 'yes' : null));
    return response;
  };
  const heard = (response: IncomingMessage) => {
    const all = { text: '' };
    response.on('data', (text: string) => {
      all.text += text;
    });
    return all;
  };

  it('tells everybody what there is, and then what is new', async () => {
    stream = new EventStream(() => now);
    const all = await Promise.all([watch(), watch()].map(async (one) => heard(await one)));
    stream.send({ name: 'look', json: '{"a":1}' });
    for (const one of all) {
      await until('the news', async () => (one.text.includes('look') ? 'yes' : null));
      assert.equal(one.text, 'retry: 1000\n\nevent: first\ndata: 1\n\nevent: look\ndata: {"a":1}\n\n');
    }
    stream.close();
    await until('nobody watches', async () => (stream.size === 0 ? 'yes' : null));
  });

  it('gives who is slow the newest of each kind, and nothing in between', async () => {
    stream = new EventStream(() => now);
    const slow = await watch();
    slow.pause();
    stream.send({ name: 'look', json: LARGE });
    for (let index = 1; index <= 100; index++) stream.send({ name: 'look', json: String(index) });
    stream.send({ name: 'alerts', json: '[]' });
    const all = heard(slow);
    slow.resume();
    await until('the newest', async () => (all.text.includes('alerts') ? 'yes' : null));
    assert.equal(
      all.text.slice(all.text.indexOf(LARGE) + LARGE.length),
      '\n\nevent: look\ndata: 100\n\nevent: alerts\ndata: []\n\n',
    );
    stream.close();
  });

  it('hangs up on who takes nothing for ten seconds, and on nobody else', async () => {
    stream = new EventStream(() => now);
    const [dead, well] = [await watch(), await watch()];
    const all = heard(well);
    dead.pause();
    for (; now <= 11_000; now += 1000) {
      all.text = '';
      stream.send({ name: 'look', json: LARGE });
      await until('the news', async () => (all.text.endsWith('\n\n') ? 'yes' : null));
    }
    await until('it is gone', async () => (stream.size === 1 ? 'yes' : null));
    assert.equal(well.destroyed, false);
    stream.close();
  });

  it('has room for 64', async () => {
    stream = new EventStream(() => now);
    for (let index = 0; index < 64; index++) {
      assert.equal(stream.isFull, false);
      heard(await watch());
    }
    assert.equal(stream.isFull, true);
    stream.close();
  });
});
