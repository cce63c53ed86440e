import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openSocket, outside, type PortRange } from '../../exporters/alert-connect.ts';
import { TestReceiver } from '../support/receiver.ts';

const noRange = (): PortRange => assert.fail('there are ports');

describe('openSocket', () => {
  it('connects, without asking for the range', async () => {
    const receiver = await TestReceiver.open();
    const socket = await openSocket(['127.0.0.1'], receiver.port, noRange);
    await receiver.connections(1);
    assert.equal(receiver.sockets[0]!.remotePort, socket.localPort);
    socket.destroy();
    await receiver.close();
  });

  it('takes the first address that answers', async () => {
    const receiver = await TestReceiver.open({ host: '127.0.0.2' });
    const socket = await openSocket(['127.0.0.1', '127.0.0.2'], receiver.port, noRange);
    assert.equal(socket.remoteAddress, '127.0.0.2');
    socket.destroy();
    await receiver.close();
  });

  it('says why the last one failed', async () => {
    const receiver = await TestReceiver.open();
    await receiver.close();
    await assert.rejects(openSocket(['127.0.0.1'], receiver.port, noRange), { code: 'ECONNREFUSED' });
    await assert.rejects(openSocket([], receiver.port, noRange), /has no address/);
  });
});

describe('outside', () => {
  const all = (range: { low: number; high: number }) => {
    const ports = outside(range);
    assert.ok(ports.every((port) => port >= 1 && port <= 65535 && (port < range.low || port > range.high)));
    assert.equal(new Set(ports).size, ports.length);
    return ports;
  };

  it('has ports above the range first, those that need a privilege last', () => {
    const ports = all({ low: 32768, high: 60999 });
    assert.equal(ports.length, 96);
    assert.ok(ports.slice(0, 32).every((port) => port > 60999));
    assert.ok(ports.slice(32, 64).every((port) => port >= 1024 && port < 32768));
    assert.ok(ports.slice(64).every((port) => port < 1024));
  });

  it('has what there is, where the range reaches far', () => {
    assert.equal(all({ low: 1024, high: 65530 }).filter((port) => port > 1023).length, 5);
    assert.ok(all({ low: 1024, high: 65535 }).every((port) => port < 1024));
    assert.deepEqual(all({ low: 1, high: 65535 }), []);
  });

  it('begins elsewhere each time', () => {
    const starts = new Set(Array.from({ length: 20 }, () => outside({ low: 32768, high: 60999 })[0]));
    assert.ok(starts.size > 1);
  });
});
