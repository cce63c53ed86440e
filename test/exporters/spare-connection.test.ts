import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { openSocket } from '../../exporters/alert-connect.ts';
import { SpareConnection } from '../../exporters/spare-connection.ts';
import { TestReceiver } from '../support/receiver.ts';

async function withSpare(test: (spare: SpareConnection, receiver: TestReceiver) => Promise<void>): Promise<void> {
  const receiver = await TestReceiver.open();
  const spare = new SpareConnection(() => openSocket(['127.0.0.1'], receiver.port, () => null));
  try {
    await test(spare, receiver);
  } finally {
    spare.close();
    await receiver.close();
  }
}

/** The event loop's turn in which an event has been told to all. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function untilOpen(spare: SpareConnection): Promise<void> {
  while (spare.address === undefined) await turn();
}

async function untilGone(spare: SpareConnection): Promise<void> {
  while (spare.address !== undefined) await turn();
}

describe('SpareConnection', () => {
  it('opens one in advance, and only one', async () => {
    await withSpare(async (spare, receiver) => {
      assert.equal(await spare.take(), null);
      spare.warm();
      spare.warm();
      await untilOpen(spare);
      spare.warm();
      await receiver.connections(1);
      assert.equal(receiver.sockets.length, 1);
      assert.equal(spare.address, '127.0.0.1');
    });
  });

  it('gives it away once, whole', async () => {
    await withSpare(async (spare, receiver) => {
      spare.warm();
      await untilOpen(spare);
      const socket = await spare.take();
      assert.ok(socket !== null);
      assert.equal(await spare.take(), null);
      const answer = once(socket, 'data');
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.match(String((await answer)[0]), /^HTTP\/1\.1 200/);
      socket.destroy();
      assert.equal(receiver.sockets.length, 1);
    });
  });

  it('has none any more when the other side hangs up or speaks first', async () => {
    for (const end of ['end', 'write'] as const) {
      await withSpare(async (spare, receiver) => {
        spare.warm();
        await untilOpen(spare);
        await receiver.connections(1);
        receiver.sockets[0]![end]('hello');
        await untilGone(spare);
        assert.equal(await spare.take(), null);
      });
    }
  });

  it('does not open the next one at once where one did not last', async () => {
    await withSpare(async (spare, receiver) => {
      spare.warm();
      await untilOpen(spare);
      await receiver.connections(1);
      receiver.sockets[0]!.destroy();
      await untilGone(spare);
      spare.warm();
      await turn();
      assert.equal(spare.address, undefined);
      assert.equal(receiver.sockets.length, 1);
    });
  });

  it('survives that there is nobody', async () => {
    let tries = 0;
    const spare = new SpareConnection(() => {
      tries++;
      return Promise.reject(new Error('ECONNREFUSED'));
    });
    spare.warm();
    await turn();
    assert.equal(await spare.take(), null);
    assert.equal(tries, 1);
    spare.close();
  });

  it('closes what is opened after its own end', async () => {
    await withSpare(async (spare, receiver) => {
      spare.warm();
      spare.close();
      await receiver.connections(1);
      await once(receiver.sockets[0]!.resume(), 'close');
      assert.equal(spare.address, undefined);
    });
  });
});
