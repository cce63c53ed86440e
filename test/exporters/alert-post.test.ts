import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { AlertPost, type AlertPostOptions, Unreachable } from '../../exporters/alert-post.ts';
import { makeCertificates } from '../support/certificates.ts';
import { needs } from '../support/needs.ts';
import { type Behaviour, TestReceiver } from '../support/receiver.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

interface Scene {
  readonly post: AlertPost;
  readonly receiver: TestReceiver;
  /** How often a connection was lost. */
  readonly lost: () => number;
}

type SceneOptions = Partial<AlertPostOptions> & { readonly tls?: { key: string; cert: string }; host?: string };

async function scene({ tls, host, ...options }: SceneOptions, test: (scene: Scene) => Promise<void>): Promise<void> {
  const receiver = await TestReceiver.open({ ...(tls === undefined ? {} : { tls }), ...(host ? { host } : {}) });
  let losses = 0;
  const post = new AlertPost({
    url: new URL(`${tls === undefined ? 'http' : 'https'}://localhost:${receiver.port}/hook?a=b`),
    range: () => null,
    ca: null,
    lookup: async () => ['127.0.0.1'],
    onLost: () => losses++,
    ...options,
  });
  try {
    await test({ post, receiver, lost: () => losses });
  } finally {
    await post.close();
    await receiver.close();
  }
}

/** The connections by which requests came, numbered as they were opened. */
const lines = ({ received, sockets }: TestReceiver) =>
  received.map(({ port }) => sockets.findIndex(({ remotePort }) => remotePort === port));

describe('AlertPost', () => {
  it('posts, and tells the status', async () => {
    await scene({}, async ({ post, receiver }) => {
      assert.equal(await post.post('{"a":1}', { ...JSON_TYPE, authorization: 'Bearer x' }), 200);
      const [{ path, body, headers }] = (await receiver.requests(1)) as [(typeof receiver.received)[0]];
      assert.deepEqual([path, body], ['/hook?a=b', '{"a":1}']);
      assert.equal(headers['authorization'], 'Bearer x');
      receiver.behaviour = 503;
      assert.equal(await post.post('', {}), 503);
    });
  });

  it('has a connection before there is anything to say, uses it, and opens another', async () => {
    await scene({}, async ({ post, receiver }) => {
      await receiver.connections(1);
      await post.post('', {});
      await receiver.connections(2);
      await post.post('', {});
      assert.deepEqual(lines(receiver), [0, 0]);
      assert.equal(receiver.sockets.length, 2);
    });
  });

  it('says it again over another connection where one is silent, which then is the one', async () => {
    await scene({}, async ({ post, receiver, lost }) => {
      await receiver.connections(1);
      receiver.behaviour = (answer) => {
        // As if a load balancer had forgotten the connection.
        if (receiver.received.length > 1) answer.end();
      };
      assert.equal(await post.post('news', {}), 200);
      const [first, second] = lines(receiver);
      assert.notEqual(first, second);
      assert.deepEqual(
        receiver.received.map(({ body }) => body),
        ['news', 'news'],
      );
      assert.equal(lost(), 1, 'whoever answers may not be who was told before');
      receiver.behaviour = 200;
      await post.post('more', {});
      assert.equal(lines(receiver)[2], second);
    });
  });

  it('takes the answer that comes first, from who is slow too', async () => {
    await scene({}, async ({ post, receiver }) => {
      let slow: (() => void) | undefined;
      receiver.behaviour = (answer) => {
        if (slow === undefined) slow = () => answer.writeHead(202).end();
        else slow();
      };
      assert.equal(await post.post('', {}), 202);
      receiver.behaviour = 200;
      await post.post('', {});
      const [first, , third] = lines(receiver);
      assert.equal(third, first, 'its connection stays');
    });
  });

  it('asks where the name leads when a connection is silent', async () => {
    const moved = await TestReceiver.open({ host: '127.0.0.2' });
    let address = '127.0.0.1';
    const url = new URL(`http://am.example:${moved.port}/`);
    const old = await TestReceiver.open({ port: moved.port });
    const post = new AlertPost({
      url,
      range: () => null,
      ca: null,
      lookup: async () => [address],
      onLost: () => undefined,
    });
    try {
      await old.connections(1);
      old.behaviour = () => {
        address = '127.0.0.2';
      };
      assert.equal(await post.post('news', {}), 200);
      assert.equal(moved.received[0]?.body, 'news');
    } finally {
      await post.close();
      await Promise.all([moved.close(), old.close()]);
    }
  });

  it('leaves an address that the name leads to no more, even where it is answered', async () => {
    const moved = await TestReceiver.open({ host: '127.0.0.2' });
    const old = await TestReceiver.open({ port: moved.port });
    let address = '127.0.0.1';
    const url = new URL(`http://am.example:${moved.port}/`);
    const post = new AlertPost({
      url,
      range: () => null,
      ca: null,
      lookup: async () => [address],
      onLost: () => undefined,
    });
    try {
      await post.post('', {});
      await post.tend();
      await post.post('', {});
      assert.equal(old.received.length, 2, 'not without a reason');
      address = '127.0.0.2';
      await post.tend();
      await moved.connections(1);
      await post.post('', {});
      assert.equal(moved.received.length, 1);
    } finally {
      await post.close();
      await Promise.all([moved.close(), old.close()]);
    }
  });

  it('stays where it is while the name server does not answer', async () => {
    let isDown = false;
    const lookup = async () => {
      if (isDown) throw new Error('EAI_AGAIN');
      return ['127.0.0.1'];
    };
    await scene({ lookup }, async ({ post, receiver, lost }) => {
      await post.post('', {});
      isDown = true;
      await post.tend();
      assert.equal(await post.post('', {}), 200);
      assert.deepEqual(lines(receiver), [0, 0]);
      assert.equal(lost(), 0);
    });
  });

  it('gives up after 5 s where nobody answers, and the next one has a new connection', async () => {
    await scene({}, async ({ post, receiver }) => {
      receiver.behaviour = () => undefined;
      await assert.rejects(post.post('', {}), /no answer within 5000 ms/);
      assert.equal(receiver.received.length, 2);
      receiver.behaviour = 200;
      assert.equal(await post.post('', {}), 200);
    });
  });

  for (const [what, behaviour, expected] of [
    ['closes before it answers', (_, socket) => socket.destroy(), /other side closed|ECONNRESET/],
    [
      'closes within the headers',
      (_, socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'),
      /other side closed|ECONNRESET/,
    ],
    ['speaks no HTTP', (_, socket) => socket.end('220 mail.example ESMTP\r\n'), /HTTP/],
    ['has headers without end', (_, socket) => socket.write(`HTTP/1.1 200 OK\r\nA: ${'x'.repeat(1e6)}`), /[Hh]eader/],
  ] as [string, Behaviour, RegExp][]) {
    it(`fails where the receiver ${what}, and goes on`, async () => {
      await scene({}, async ({ post, receiver }) => {
        receiver.behaviour = behaviour;
        await assert.rejects(post.post('', {}), expected);
        receiver.behaviour = 200;
        assert.equal(await post.post('', {}), 200);
      });
    });
  }

  for (const [what, behaviour] of [
    [
      'closes within the body',
      (answer, socket) => answer.writeHead(200, { 'content-length': '100' }).write('x', () => socket.destroy()),
    ],
    ['never ends its body', (answer) => answer.writeHead(200).write('x')],
    [
      'has a body of 100 MB',
      (answer) => answer.writeHead(200, { 'content-length': '100000000' }).write('x'.repeat(1e6)),
    ],
    [
      'sends without end',
      (answer) => {
        const flood = () => {
          while (!answer.destroyed && answer.write('x'.repeat(1e5)));
        };
        answer
          .writeHead(200)
          .on('drain', flood)
          .on('error', () => undefined);
        flood();
      },
    ],
  ] as [string, Behaviour][]) {
    it(`has been heard by who says 200 and ${what}`, async () => {
      await scene({}, async ({ post, receiver }) => {
        receiver.behaviour = behaviour;
        assert.equal(await post.post('', {}), 200);
        receiver.behaviour = 200;
        assert.equal(await post.post('', {}), 200);
        assert.equal(receiver.received.length, 2, 'nothing was said twice');
      });
    });
  }

  it('is lost when the connection ends, and connects again when there is something to say', async () => {
    await scene({}, async ({ post, receiver, lost }) => {
      await post.post('', {});
      const ended = receiver.sockets.map((socket) => once(socket, 'close'));
      for (const socket of receiver.sockets) socket.destroy();
      await Promise.all(ended);
      while (lost() === 0) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(await post.post('', {}), 200);
      assert.equal(lost(), 1);
    });
  });

  it('is Unreachable where there is nobody, or no name', async () => {
    await scene({}, async ({ post, receiver }) => {
      await receiver.close();
      await assert.rejects(
        post.post('', {}),
        (error) => error instanceof Unreachable && /ECONNREFUSED/.test(error.message),
      );
      await TestReceiver.open({ port: receiver.port }).then(async (again) => {
        assert.equal(await post.post('', {}), 200);
        await again.close();
      });
    }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_SERVER_NOT_RUNNING') throw error;
    });
    const lookup = () => Promise.reject(new Error('getaddrinfo ENOTFOUND am.example'));
    await scene({ lookup }, async ({ post }) => {
      await assert.rejects(
        post.post('', {}),
        (error) => error instanceof Unreachable && /ENOTFOUND/.test(error.message),
      );
    });
  });

  it('ends at once, whatever is under way', async () => {
    await scene({}, async ({ post, receiver }) => {
      receiver.behaviour = () => undefined;
      const under = assert.rejects(post.post('', {}));
      await receiver.requests(1);
      await post.close();
      await under;
    });
  });
});

describe('AlertPost over TLS', { skip: needs('openssl') }, () => {
  const certificates = makeCertificates();
  const { ca } = certificates;

  it('trusts the certificates it is given', async () => {
    await scene({ tls: certificates.good, ca }, async ({ post, receiver }) => {
      await receiver.connections(1);
      assert.equal(await post.post('news', {}), 200);
      assert.equal(receiver.received[0]?.body, 'news');
      assert.deepEqual(lines(receiver), [0], 'the spare connection has been used');
    });
  });

  for (const [what, tls, authority, expected] of [
    ['nobody vouches for', certificates.good, null, /unable to (verify|get)|self-signed/],
    ['is for somebody else', certificates.elsewhere, ca, /does not match certificate/],
    ['has expired', certificates.expired, ca, /certificate has expired/],
  ] as const) {
    it(`says nothing to a receiver whose certificate ${what}`, async () => {
      await scene({ tls, ca: authority }, async ({ post, receiver }) => {
        await assert.rejects(post.post('news', {}), expected);
        await assert.rejects(post.post('news', {}), (error) => !(error instanceof Unreachable));
        assert.equal(receiver.received.length, 0);
      });
    });
  }

  it('fails where the other side speaks no TLS', async () => {
    await scene({}, async ({ receiver }) => {
      const url = new URL(`https://localhost:${receiver.port}/`);
      const post = new AlertPost({
        url,
        range: () => null,
        ca,
        lookup: async () => ['127.0.0.1'],
        onLost: () => undefined,
      });
      await assert.rejects(post.post('', {}), /SSL|wrong version/);
      await post.close();
    });
  });
});
