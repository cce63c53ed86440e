import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Assessment, Owner } from '../../agent/model/assessment.ts';
import { obstacle } from '../kernel/netns.ts';
import { A } from '../kernel/situations/places.ts';
import { Inside, LASTPORT_AT } from './inside.ts';

/** Connects, says its pid, and waits for files that tell it what to do. */
const PROLOGUE = `
import array, os, socket, sys, time
def say(*words): print(*words, flush=True)
def wait(name):
    while not os.path.exists(os.path.join(sys.argv[1], name)): time.sleep(0.01)
def connect(count):
    host, port = sys.argv[2].rsplit(":", 1)
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets: s.connect((host, int(port)))
    return sockets
`;

const PROGRAMS = {
  closes: 'held = connect(60); say(os.getpid()); wait("close"); [s.close() for s in held]; wait("end")',
  forks: `
held = connect(60)
child = os.fork()
if child: say(os.getpid(), child); wait("close"); os._exit(0)
wait("end")
`,
  passes: `
left, right = socket.socketpair()
child = os.fork()
if child == 0:
    left.close()
    held = [socket.recv_fds(right, 1, 1)[1] for _ in range(60)]
    right.send(b"x")
    wait("end"); os._exit(0)
right.close()
held = connect(60)
say(os.getpid(), child)
wait("close")
for s in held: socket.send_fds(left, [b"x"], [s.fileno()])
left.recv(1)
for s in held: s.close()
wait("end")
`,
} as const;

const skip = await obstacle();
/** A program that exits, and another one that gets its pid: the parent takes care of that. */
const REUSES = `
def name(text):
    with open("/proc/self/comm", "w") as file: file.write(text)
first = os.fork()
if first == 0:
    name("first"); held = connect(60); say(os.getpid()); wait("close")
    for s in held: s.close()
    os._exit(0)
os.waitpid(first, 0)
while True:
    with open("/proc/sys/kernel/ns_last_pid", "w") as file: file.write(str(first - 1))
    child = os.fork()
    if child == 0:
        if os.getpid() != first: os._exit(0)
        name("second"); held = connect(20); wait("end"); os._exit(0)
    if child == first: break
    os.waitpid(child, 0)
os.wait()
`;

describe('lastport run tells whose ports they are', { skip }, () => {
  const owned = (owners: readonly Owner[] | null | undefined) =>
    Object.fromEntries((owners ?? []).map(({ pid, usedPorts, how }) => [`${pid} ${how}`, usedPorts]));

  const skipReuse = process.getuid?.() === 0 ? false : 'needs root, to choose a pid';
  it('of two programs that have the same pid, one after the other', { skip: skipReuse, timeout: 30_000 }, async () => {
    const inside = await Inside.open();
    const owners = async () => {
      const { namespaces } = await inside.assessment();
      const to = namespaces[0]?.destinations.find(({ remote, remotePort }) => `${remote}:${remotePort}` === A);
      return (to?.owners ?? []).map(({ comm, pid, usedPorts, how }) => ({ comm, pid, usedPorts, how }));
    };
    try {
      await inside.start('program', ['python3', '-c', PROLOGUE + REUSES, inside.folder, A]);
      const pid = Number(
        await inside.until('its pid', async () => /^(\d+)\n/.exec(inside.log('program'))?.[1] ?? null),
      );
      await inside.until('the first', async () => ((await owners())[0]?.usedPorts === 60 ? 'yes' : null));
      writeFileSync(join(inside.folder, 'close'), '');
      const both = await inside.until('the second', async () => {
        const found = await owners();
        return found.some(({ comm, usedPorts }) => comm === 'second' && usedPorts === 20) ? found : null;
      });
      assert.deepEqual(both, [
        { comm: 'first', pid, usedPorts: 60, how: 'remembered' },
        { comm: 'second', pid, usedPorts: 20, how: 'seen' },
      ]);
    } finally {
      writeFileSync(join(inside.folder, 'end'), '');
      await inside.close();
    }
  });

  for (const [name, after] of [
    ['closes', ([pid]: readonly string[]) => ({ [`${pid} remembered`]: 60 })],
    ['forks', ([, child]: readonly string[]) => ({ [`${child} seen`]: 60 })],
    ['passes', ([, child]: readonly string[]) => ({ [`${child} seen`]: 60 })],
  ] as const) {
    it(`of a program that ${name}`, { timeout: 30_000 }, async () => {
      const inside = await Inside.open();
      try {
        const owners = async () => {
          const { namespaces } = JSON.parse(await inside.get(`${LASTPORT_AT}/api/assessment`)) as Assessment;
          return namespaces[0]?.destinations.find(({ remote, remotePort }) => `${remote}:${remotePort}` === A);
        };
        await inside.start('program', ['python3', '-c', PROLOGUE + PROGRAMS[name], inside.folder, A]);
        const pids = await inside.until('its pid', async () => {
          const line = /^([\d ]+)\n/.exec(inside.log('program'));
          return line === null ? null : line[1]!.split(' ');
        });
        const first = await inside.until('60 with an owner', async () => {
          const one = await owners();
          return one?.usedPorts === 60 && one.unownedPorts === 0 ? owned(one.owners) : null;
        });
        // Of a socket that two have since fork() either may be found first.
        const holder = Object.keys(first).map((key) => key.split(' ')[0]!);
        assert.deepEqual(Object.values(first), [60]);
        assert.ok(pids.includes(holder[0]!), `${holder[0]} is one of ${pids}`);

        writeFileSync(join(inside.folder, 'close'), '');
        const expected = after(pids);
        await inside.until(`whose they are then: ${JSON.stringify(expected)}`, async () => {
          const now = owned((await owners())?.owners);
          return JSON.stringify(now) === JSON.stringify(expected) ? now : null;
        });
      } finally {
        writeFileSync(join(inside.folder, 'end'), '');
        await inside.close();
      }
    });
  }
});
