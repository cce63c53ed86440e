import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ProbeReceiver, type ReceiverOptions } from '../../../collectors/undici/receiver.ts';
import { EVENT_BYTES, EVENTS, frame, HELLO, OPENED, SUMS, WIRE_VERSION } from '../../../collectors/undici/wire.cts';
import { listenUnix } from '../../../exporters/unix-socket.ts';

const hello = (pid = 7) =>
  frame(
    HELLO,
    Buffer.from(
      JSON.stringify({ version: WIRE_VERSION, pid, thread: 0, node: '22.11.0', netns: 4_026_531_999, uptime: 1 }),
    ),
  );
const sums = (paths: object[] = [], dropped = 0) =>
  frame(SUMS, Buffer.from(JSON.stringify({ dropped, faults: 0, paths })));

describe('ProbeReceiver', () => {
  let path: string;
  let heard: string[];
  let wake: () => void;
  let receiver: ProbeReceiver | null;
  const sockets: Socket[] = [];

  const note = (line: string) => {
    heard.push(line);
    wake();
  };
  let last = 0;
  const options = (more: Partial<ReceiverOptions> = {}): ReceiverOptions => ({
    path,
    listen: (server) => listenUnix(server, { path: more.path ?? path, mode: 0o660, group: null }),
    monotonic: () => 5,
    identify: () => ({ pid: null, netns: (claimed) => claimed, hasEnded: () => false, close: () => undefined }),
    onError: (what, error) => note(`${what}: ${(error as Error).message}`),
    sink: {
      begin: ({ name, netns }) => {
        note(`begin ${name} ${netns}`);
        return ++last;
      },
      report: (probe, all, dropped) => note(`report ${probe} ${all.length} ${dropped}`),
      event: (probe, id, port, reason) => note(`event ${probe} ${id} ${port} ${reason}`),
      end: (probe) => note(`end ${probe}`),
      drop: (count) => note(`drop ${count}`),
    },
    ...more,
  });
  /** Waits until so many lines were heard. */
  const until = async (count: number) => {
    while (heard.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return heard;
  };
  const client = async (...frames: Buffer[]) => {
    const socket = connect(path).on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    for (const one of frames) socket.write(one);
    return socket;
  };

  /** However: a reset is no error here. */
  const closed = (socket: Socket) =>
    new Promise<void>((resolve) => {
      if (socket.closed) resolve();
      else socket.once('close', () => resolve());
    });

  beforeEach(() => {
    path = join(mkdtempSync(join(tmpdir(), 'lastport-probe-')), 'run', 'probe.sock');
    heard = [];
    wake = () => undefined;
    receiver = null;
    last = 0;
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    receiver?.stop();
  });

  it('takes what a probe sends, and tells when it has gone', async () => {
    receiver = await ProbeReceiver.start(options());
    const event = Buffer.alloc(EVENT_BYTES);
    event.writeUInt32LE(3, 0);
    event.writeUInt16LE(40_000, 4);
    event[6] = OPENED;
    const socket = await client(hello(), sums([], 2), frame(EVENTS, event));
    await until(3);
    socket.destroy();
    assert.deepEqual(await until(4), ['begin 7 0 4026531999', 'report 1 0 2', 'event 1 3 40000 null', 'end 1']);
    assert.equal(statSync(path).mode & 0o777, 0o660);
  });

  for (const [what, frames, line] of [
    ['one that does not say who it is', [sums()], 'a probe was not understood: it did not say who it is'],
    ['one that says so twice', [hello(), hello()], 'a probe was not understood: a frame of kind 1'],
    ['an unknown kind of frame', [hello(), frame(9, Buffer.alloc(0))], 'a probe was not understood: a frame of kind 9'],
    [
      'a web browser',
      [Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
      'a probe was not understood: a frame of 542393671 bytes, of 65536 at most',
    ],
    [
      'nonsense for sums',
      [hello(), frame(SUMS, Buffer.from('{}'))],
      'a probe was not understood: sums: dropped is not',
    ],
  ] as const) {
    it(`ends the connection of ${what}, and goes on with the others`, async () => {
      receiver = await ProbeReceiver.start(options());
      const bad = await client(...frames);
      await closed(bad);
      assert.ok(
        heard.some((one) => one.startsWith(line)),
        heard.join('\n'),
      );
      assert.ok(heard.includes('drop 1'));
      await client(hello(8));
      while (!heard.includes('begin 8 0 4026531999')) await until(heard.length + 1);
    });
  }

  it('has room for 200 at once, and takes another when one has gone', async () => {
    receiver = await ProbeReceiver.start(options());
    const all = [];
    for (let index = 0; index < 200; index++) all.push(await client(hello(index)));
    await until(200);
    await closed(await client(hello(999)));
    assert.equal(heard.at(-1), 'drop 1');
    all[0]?.destroy();
    await until(202);
    await client(hello(1000));
    assert.ok((await until(203)).includes('begin 1000 0 4026531999'));
  });

  it('lets a probe that floods it wait, and hears the others meanwhile', async () => {
    receiver = await ProbeReceiver.start(options());
    const flood = await client(hello(1));
    const much = Buffer.concat(Array.from({ length: 60_000 }, () => sums()));
    flood.write(much);
    await until(2);
    await client(hello(2));
    while (!heard.includes('begin 2 0 4026531999')) await until(heard.length + 1);
    const before = heard.length;
    assert.ok(before < 20_000, `${before} of 60,000 reports were taken at once`);
  });

  it('takes the place of one that has died, and leaves alone one that lives, and any other file', async () => {
    const first = await ProbeReceiver.start(options());
    await assert.rejects(ProbeReceiver.start(options()), {
      message: `Cannot listen for probes: ${path}: another program does`,
    });
    first.stop();
    // A daemon that was killed leaves its file behind.
    const dead = createServer().listen(path);
    await once(dead, 'listening');
    const kept = (dead as unknown as { _handle: { close(): void } })._handle;
    writeFileSync(`${path}.other`, 'precious');
    kept.close();
    await assert.rejects(ProbeReceiver.start(options({ path: `${path}.other` })), /another program does/);
    receiver = await ProbeReceiver.start(options());
    await client(hello());
    await until(1);
  });

  it('says why it cannot listen', async () => {
    writeFileSync(join(tmpdir(), `lastport-file-${process.pid}`), '');
    const inFile = join(tmpdir(), `lastport-file-${process.pid}`, 'probe.sock');
    await assert.rejects(
      ProbeReceiver.start(options({ path: inFile })),
      /^Error: Cannot listen for probes: .*E(NOTDIR|EXIST)/,
    );
  });
});
