// What a daemon hears on its probe socket, and from whom: `peer-receiver.js SOCKET [cred]`, one line of JSON for each.
// With `cred` as on a kernel before 6.5, which has no SO_PEERPIDFD.
import { writeSync } from 'node:fs';
import { probePeers } from '../../agent/look/probe-peers.ts';
import { type Libc, loadLibc } from '../../collectors/libc.ts';
import { ProbeReceiver } from '../../collectors/undici/receiver.ts';
import { listenUnix } from '../../exporters/unix-socket.ts';

const SO_PEERPIDFD = 77;
const ENOPROTOOPT = 92;

/** A libc of such a kernel. */
function older(libc: Libc): Libc {
  let refused = false;
  return {
    ...libc,
    getsockopt: (fd, level, option, into, length) => {
      refused = option === SO_PEERPIDFD;
      return refused ? -1 : libc.getsockopt(fd, level, option, into, length);
    },
    errno: () => (refused ? ENOPROTOOPT : libc.errno()),
  };
}

const [, , path = '', kind] = process.argv;
const libc = kind === 'cred' ? older(loadLibc()) : loadLibc();
const tell = (what: object) => writeSync(1, `${JSON.stringify(what)}\n`);
await ProbeReceiver.start({
  path,
  listen: (server) => listenUnix(server, { path, mode: 0o666, group: null }),
  monotonic: () => performance.now(),
  identify: probePeers({ procfs: '/proc' }, () => libc),
  onError: (what, error) => tell({ error: `${what}: ${(error as Error).message}` }),
  sink: {
    begin: ({ pid, netns, name }) => {
      tell({ begin: pid, netns, name });
      return 1;
    },
    report: () => tell({ report: true }),
    event: () => undefined,
    end: () => tell({ end: true }),
    drop: () => undefined,
  },
});
tell({ listening: true });
