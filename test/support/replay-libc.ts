// A libc whose netlink sockets answer with recorded datagrams: for what no kernel at hand can be made to say.
import { readFileSync } from 'node:fs';
import type { Libc } from '../../collectors/libc.ts';
import { root } from './golden.ts';

const SENT_SEQUENCE = 8;

/** One answer to recv(): bytes, or an errno to fail with. */
export type Answer = Uint8Array | number;

/** Every dump gives `answers` in turn; the sequence number asked with is put into each message. */
export function replayLibc(answers: () => readonly Answer[], overrides: Partial<Libc> = {}) {
  let errno = 0;
  let queue: Answer[] = [];
  let sequence = 0;
  const open = new Set<number>();
  let next = 3;
  const libc: Libc = {
    socket: () => {
      open.add(next);
      return next++;
    },
    close: (fd) => (open.delete(fd) ? 0 : -1),
    setsockopt: () => 0,
    getsockopt: () => 0,
    bind: () => 0,
    connect: () => 0,
    getsockname: () => 0,
    read: () => 0,
    send: (_, bytes, length) => {
      sequence = new DataView(bytes.buffer, bytes.byteOffset).getUint32(SENT_SEQUENCE, true);
      queue = [...answers()];
      return length;
    },
    recv: (_, into) => {
      const answer = queue.shift();
      if (answer === undefined || typeof answer === 'number') {
        errno = answer ?? 11;
        return -1;
      }
      into.set(stamped(answer, sequence).subarray(0, into.length));
      return answer.length;
    },
    setns: () => 0,
    poll: () => 0,
    clockGettime: () => 0,
    interfaceName: (index) => (index === 1 ? 'lo' : null),
    errno: () => errno,
    ...overrides,
  };
  return { libc, open };
}

function stamped(datagram: Uint8Array, sequence: number): Uint8Array {
  const copy = Uint8Array.from(datagram);
  const view = new DataView(copy.buffer);
  for (let at = 0; at + 16 <= copy.length; at += Math.max(16, (view.getUint32(at, true) + 3) & ~3)) {
    view.setUint32(at + SENT_SEQUENCE, sequence, true);
  }
  return copy;
}

/** The datagrams of a file that has the length before each. */
export function recorded(path: string): Uint8Array[] {
  const file = readFileSync(`${root}${path}`);
  const datagrams: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at);
    datagrams.push(file.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return datagrams;
}

/** One netlink message with a body. */
export function message(type: number, body: Uint8Array, flags = 2): Uint8Array {
  const bytes = new Uint8Array((16 + body.length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 16 + body.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  bytes.set(body, 16);
  return bytes;
}
