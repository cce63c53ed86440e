import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { IS_LONG, noNamespaces, type Subject, withSubject } from './subject.ts';

const REQUEST = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';

const connection = (subject: Subject): Socket => connect(subject.socketPath).on('error', () => undefined);

/** All that is sent until the end. */
const answer = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
  });

/** Looks that were taken while `work` went on, and the longest of them must not be held up by it. */
async function looksDuring(subject: Subject, work: () => Promise<void>): Promise<number> {
  const count = async () => (await subject.metric('lastport_tick_duration_seconds_count')) ?? 0;
  const before = await count();
  await work();
  await subject.look();
  return (await count()) - before;
}

describe('scrapers', { skip: noNamespaces(), timeout: 120_000 }, () => {
  it('of whom 1,000 come at once: each is answered or hung up on, and then there is room again', () =>
    withSubject({}, async (subject) => {
      await subject.metric('lastport_build_info');
      const files = subject.openFiles;
      const before = subject.residentBytes;
      const looks = await looksDuring(subject, async () => {
        const answers = await Promise.all(
          Array.from({ length: 1000 }, async () => {
            const socket = connection(subject);
            socket.end(REQUEST);
            return await answer(socket);
          }),
        );
        const whole = answers.filter((text) => text.includes('lastport_build_info'));
        assert.ok(whole.length >= 100, `${whole.length} had an answer`);
        assert.ok(answers.every((text) => text === '' || text.startsWith('HTTP/1.1 200')));
      });
      assert.ok(looks > 0);
      assert.ok((await subject.metric('lastport_build_info')) === 1);
      await subject.until('no more open files', async () => (subject.openFiles <= files + 2 ? 'yes' : null));
      assert.ok(subject.residentBytes - before < 100e6, `${subject.residentBytes - before} bytes more`);
    }));

  it('that read nothing, or send half a request, cost nobody else anything', () =>
    withSubject({}, async (subject) => {
      const hanging: Socket[] = [];
      try {
        for (let index = 0; index < 20; index++) {
          const unread = connection(subject);
          unread.pause();
          // Of all that is answered 20 times over, the kernel keeps a part.
          unread.write(REQUEST.repeat(200));
          const half = connection(subject);
          half.write(REQUEST.slice(0, 30));
          hanging.push(unread, half);
        }
        const before = subject.residentBytes;
        const looks = await looksDuring(subject, async () => {
          for (let asked = 0; asked < 10; asked++) assert.equal(await subject.metric('lastport_build_info'), 1);
        });
        assert.ok(looks > 0);
        assert.ok(subject.residentBytes - before < 100e6, `${subject.residentBytes - before} bytes more`);
        assert.match(await subject.get('/healthz'), /^ok/);
      } finally {
        for (const socket of hanging) socket.destroy();
      }
    }));

  const skip = IS_LONG ? false : 'takes a minute: npm run test:faults:long';
  it('that never go on are cut off: half a request after 10 s, an answer that is not read after 65 s', { skip }, () =>
    withSubject({}, async (subject) => {
      const begun = performance.now();
      const seconds = (socket: Socket) =>
        new Promise<number>((resolve) => socket.on('close', () => resolve((performance.now() - begun) / 1000)));
      const half = connection(subject);
      half.write(REQUEST.slice(0, 30));
      half.resume();
      const unread = connection(subject);
      unread.write(REQUEST.repeat(200));
      const cut = seconds(half);
      // Who does not read does not see that he is hung up on: the daemon's side tells.
      const files = subject.openFiles;
      assert.ok((await cut) < 20, 'half a request');
      await subject.until(
        'one that reads nothing',
        async () => (subject.openFiles <= files - 2 ? 'yes' : null),
        90_000,
      );
      unread.destroy();
    }),
  );
});
