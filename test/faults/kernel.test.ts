import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { apart, mounted, noNamespaces, withSubject } from './subject.ts';

/** Some hundred network namespaces, as containers and as `ip netns` make them, of which none lives for long. */
const CHURN = `
mkdir -p /run/netns
for i in $(seq 100); do
  unshare --net sh -c "ip link set lo up; sleep 0.0$((i % 9))" &
  ip netns add "n$i" && ip netns del "n$i" &
  [ $((i % 10)) = 0 ] && wait
done
wait
`;

const HOLD = `
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 8080)); s.listen(64)
held = [socket.create_connection(("127.0.0.1", 8080)) for _ in range(40)]
time.sleep(60)
`;

const skip = noNamespaces();
describe('what the kernel shows', { skip, timeout: 60_000 }, () => {
  it('of network namespaces that come and go by the hundred: none is kept, and nothing grows', () =>
    withSubject(
      {
        wrap: apart('mount -t tmpfs none /run'),
        isChosen: false,
        stdout: 'pipe',
      },
      async (subject) => {
        let log = '';
        subject.child.stdout?.on('data', (chunk: Buffer) => {
          log += chunk.toString();
        });
        await subject.look();
        const files = subject.openFiles;
        const [code] = await once(subject.run('sh', ['-c', CHURN]), 'exit');
        assert.equal(code, 0);
        const { gaps, verdict } = await subject.look('its own alone', ({ namespaces }) => namespaces.length === 1);
        assert.deepEqual([verdict, gaps], ['healthy', []]);
        assert.equal(await subject.metric('lastport_look_restarts_total'), 0);
        assert.ok(subject.openFiles <= files + 3, `${files} open files before, ${subject.openFiles} after`);
        assert.doesNotMatch(log, /"level":"error"/);
      },
    ));

  it('of others’ processes, which hidepid=2 hides: their ports are counted, whose they are is a Gap', () =>
    withSubject(
      {
        wrap: [
          ...apart('mount -o remount,hidepid=2 /proc'),
          // Root's, and the first: the one that it looks for.
          ...['sh', '-c', '"$@" & wait $!', 'sh'],
          ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'],
        ],
        holds: HOLD,
        ports: '40000 40199',
      },
      async (subject) => {
        const { gaps, verdict, namespaces } = await subject.look('the connections', ({ namespaces }) =>
          (namespaces[0]?.destinations ?? []).some(({ usedPorts }) => usedPorts === 40),
        );
        assert.notEqual(verdict, 'blind');
        assert.equal(namespaces[0]?.destinations[0]?.headroomPorts, 160);
        assert.ok(
          gaps.some(({ what }) => /owners of \d+ sockets/.test(what)),
          JSON.stringify(gaps),
        );
      },
    ));

  for (const [what, take, giveBack] of [
    [
      'a setting that reads as nothing',
      'mount --bind /dev/null /proc/sys/net/ipv4/ip_local_port_range',
      'umount /proc/sys/net/ipv4/ip_local_port_range',
    ],
    ['settings that are gone', 'mount -t tmpfs none /proc/sys/net/ipv4', 'umount /proc/sys/net/ipv4'],
    ['no /proc at all', 'mount -t tmpfs none /proc', 'umount /proc'],
  ] as const) {
    it(`${what}: it is blind, says why, and sees again`, () =>
      withSubject({ wrap: mounted('true') }, async (subject) => {
        await subject.look();
        subject.shell(take);
        const { gaps } = await subject.look('blindness', ({ verdict }) => verdict === 'blind');
        assert.ok(gaps.length > 0);
        assert.ok(((await subject.metric('lastport_gaps')) ?? 0) > 0);
        assert.ok(subject.doctor().sights.some(({ what, seen }) => what === 'daemon' && seen === 'no'));
        subject.shell(giveBack);
        await subject.look('sight', ({ verdict, gaps }) => verdict === 'healthy' && gaps.length === 0);
      }));
  }
});
