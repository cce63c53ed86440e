import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { obstacle } from '../../kernel/netns.ts';
import { root } from '../../support/golden.ts';
import { needs } from '../../support/needs.ts';

const RECEIVER = `${root}dist/test/support/peer-receiver.js`;
const PEERS = `${root}test/support/peers.py`;
const OWN_NETNS = Number(/\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0]);

interface Line {
  readonly begin?: number | null;
  readonly netns?: number;
  readonly name?: string;
  readonly report?: true;
  readonly end?: true;
  readonly error?: string;
  readonly peer?: number;
  readonly heir?: string;
  readonly first?: number;
  readonly second?: number;
  readonly listening?: true;
}

/** What a program, and those it starts, tell. */
class Told {
  readonly lines: Line[] = [];
  readonly child: ChildProcess;
  private wake: () => void = () => undefined;

  constructor(argv: readonly [string, ...string[]]) {
    this.child = spawn(argv[0], argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    let rest = '';
    this.child.stdout?.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines.map((line) => JSON.parse(line) as Line));
      this.wake();
    });
    this.child.on('close', () => this.wake());
  }

  /** The first line that has this. */
  async until<Key extends keyof Line>(key: Key): Promise<Line & Required<Pick<Line, Key>>> {
    for (;;) {
      const found = this.lines.find((line) => key in line);
      if (found !== undefined) return found as Line & Required<Pick<Line, Key>>;
      assert.equal(this.child.exitCode, null, `ended without ${key}: ${JSON.stringify(this.lines)}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'close');
  }
}

const skip = needs('python3') || needs('unshare') || needs('setpriv') || (await obstacle());
describe('probePeers', { skip, timeout: 120_000 }, () => {
  let folder: string;
  let path: string;
  const started: Told[] = [];
  const start = (...argv: [string, ...string[]]) => {
    const told = new Told(argv);
    started.push(told);
    return told;
  };
  const receiver = async (wrap: readonly string[], ...more: string[]) => {
    const told = start(...([...wrap, process.execPath, RECEIVER, path, ...more] as [string, ...string[]]));
    await told.until('listening');
    return told;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lastport-peers-'));
    path = join(folder, 'probe.sock');
  });
  afterEach(async () => {
    for (const told of started.splice(0)) await told.end();
    rmSync(folder, { recursive: true });
  });

  for (const kind of ['pidfd', 'cred']) {
    describe(`by ${kind}`, () => {
      it('takes a program for what it is, whatever it claims', async () => {
        const daemon = await receiver([], kind);
        const { peer } = await start('python3', PEERS, path, 'claim', '1', '4026531000').until('peer');
        const { begin, netns, name } = await daemon.until('begin');
        assert.deepEqual([begin, netns, name], [peer, OWN_NETNS, '1 0']);
      });

      it('takes one of another network namespace for that, although it claims to be in this one', async () => {
        const daemon = await receiver([], kind);
        const inside = start('unshare', '--net', 'python3', PEERS, path, 'claim', '1', String(OWN_NETNS));
        const { peer } = await inside.until('peer');
        const actual = Number(/\d+/.exec(readlinkSync(`/proc/${peer}/ns/net`))?.[0]);
        assert.notEqual(actual, OWN_NETNS);
        const { begin, netns } = await daemon.until('begin');
        assert.deepEqual([begin, netns], [peer, actual]);
      });

      it('takes what a child writes on the socket of its parent for the parent’s word', async () => {
        const daemon = await receiver([], kind);
        const { peer } = await start('python3', PEERS, path, 'shared').until('peer');
        await daemon.until('report');
        assert.deepEqual(
          daemon.lines.filter((line) => 'begin' in line).map(({ begin }) => begin),
          [peer],
        );
      });

      it('hangs up on the heir of a socket whose owner has ended', async () => {
        const daemon = await receiver([], kind);
        const told = start('python3', PEERS, path, 'heir');
        assert.equal((await told.until('heir')).heir, 'was hung up on');
        await daemon.until('end');
      });

      it('takes no other process for the one that connected, although it has its id', async () => {
        const script = `"$1" "$2" "$3" ${kind} & exec python3 "$4" "$3" reuse`;
        const both = start(
          ...([
            'unshare',
            '--pid',
            '--fork',
            '--mount-proc',
            'sh',
            '-c',
            script,
            'sh',
            process.execPath,
            RECEIVER,
            path,
            PEERS,
          ] as const),
        );
        const { first, second } = await both.until('first');
        assert.equal(second, first, 'the id was used again');
        assert.equal((await both.until('heir')).heir, 'was hung up on');
        assert.deepEqual(
          both.lines.filter((line) => 'begin' in line),
          [],
        );
      });
    });
  }

  it('knows that it does not know one that had ended before it was looked at, although its id is another’s', async () => {
    const script = '"$1" "$2" "$3" pidfd & exec python3 "$4" "$3" reuse "$!"';
    const inside = ['unshare', '--pid', '--fork', '--mount-proc', 'sh', '-c', script, 'sh'] as const;
    const both = start(...inside, process.execPath, RECEIVER, path, PEERS);
    const { first, second } = await both.until('first');
    assert.equal(second, first, 'the id was used again');
    assert.equal((await both.until('heir')).heir, 'was hung up on');
    for (const { begin } of both.lines.filter((line) => 'begin' in line)) assert.equal(begin, null);
  });

  describe('of a daemon that may not look at others', () => {
    const NOBODY = [
      'setpriv',
      '--reuid',
      '65534',
      '--regid',
      '65534',
      '--clear-groups',
      '--inh-caps=-all',
      '--bounding-set=-all',
    ];
    beforeEach(() => chmodSync(folder, 0o777 | 0o1000));

    it('takes a program of its own network namespace for that', async () => {
      const daemon = await receiver(NOBODY);
      const { peer } = await start('python3', PEERS, path, 'claim', '1', '4026531000').until('peer');
      const { begin, netns } = await daemon.until('begin');
      assert.deepEqual([begin, netns], [peer, OWN_NETNS]);
    });

    it('believes no claim to be in this one', async () => {
      const daemon = await receiver(NOBODY);
      start('unshare', '--net', 'python3', PEERS, path, 'claim', '1', String(OWN_NETNS));
      const { error } = await daemon.until('error');
      assert.match(error, /nothing proves in which network namespace it is/);
      assert.deepEqual(
        daemon.lines.filter((line) => 'begin' in line),
        [],
      );
    });
  });
});
