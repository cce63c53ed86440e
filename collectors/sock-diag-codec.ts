import type { Address } from '../agent/model/address.ts';
import { localKeyOf, type SocketTable } from '../agent/model/socket-table.ts';

// Netlink messages of NETLINK_SOCK_DIAG, as bytes: sock_diag(7), include/uapi/linux/{netlink,inet_diag}.h. Pure: nothing
// here opens, sends or waits.

/** The request that takes all address families in one pass over the kernel's table; SOCK_DIAG_BY_FAMILY takes one. */
const TCPDIAG_GETSOCK = 18;
/** What answers come as, whichever way they were asked for. */
const SOCK_DIAG_BY_FAMILY = 20;

/** Attributes of a request, and what `ext` asks for as attributes of the answer. */
const REQ_BYTECODE = 1;
const INET_DIAG_INFO = 2;
/** struct inet_diag_bc_op { u8 code, yes; u16 no; }: passed on to inet_diag_hostcond { u8 family, prefix_len; int port; be32 addr[] }. */
const BC_D_COND = 8;
const BC_OP = 4;
const HOSTCOND = 8;

const NLMSG_NOOP = 1;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;

const AF_INET = 2;
const AF_INET6 = 10;

/** struct nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid; } */
const HEADER = 16;
/** struct inet_diag_req { u8 family, src_len, dst_len, ext; struct inet_diag_sockid id; u32 states; u32 dbs; } */
const REQUEST = 60;
/** struct inet_diag_msg, what every socket has; attributes follow it, and are passed over. */
const MESSAGE = 72;
/** struct nlattr { u16 len, type; } */
const ATTRIBUTE = 4;
const ESTABLISHED = 1;

/** A socket that is bound and neither connected nor listening; kernels before 6.8 do not list those. */
const BOUND_INACTIVE = 13;
/** What such a socket's own state is, and what the kernel may say of it. */
const CLOSE = 7;

/** Bits of all states that a socket can be listed in, ESTABLISHED (1) to NEW_SYN_RECV (12). */
export const ALL_STATES = 0x1ffe;
export const BOUND_STATE = 1 << BOUND_INACTIVE;

/** Asks for every TCP socket, of both families, in one of `states` (bits by kernel state number). */
export function encodeDumpRequest(states: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(HEADER + REQUEST);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, LITTLE);
  view.setUint16(4, TCPDIAG_GETSOCK, LITTLE);
  view.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, LITTLE);
  view.setUint32(8, sequence, LITTLE);
  // family 0 is AF_UNSPEC: every one.
  view.setUint32(HEADER + 52, states, LITTLE);
  return bytes;
}

/** Asks for the ESTABLISHED sockets to one remote address and port, mapped ones too, with the tcp_info of each. */
export function encodeInfoRequest(remote: Address, remotePort: number, sequence: number): Uint8Array {
  const condition = BC_OP + HOSTCOND + remote.length * 4;
  const dump = encodeDumpRequest(1 << ESTABLISHED, sequence);
  const bytes = new Uint8Array(dump.length + ATTRIBUTE + condition);
  bytes.set(dump);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, LITTLE);
  bytes[HEADER + 3] = 1 << (INET_DIAG_INFO - 1);
  let at = dump.length;
  view.setUint16(at, ATTRIBUTE + condition, LITTLE);
  view.setUint16(at + 2, REQ_BYTECODE, LITTLE);
  at += ATTRIBUTE;
  bytes[at] = BC_D_COND;
  bytes[at + 1] = condition;
  // Beyond the end of the code: not wanted.
  view.setUint16(at + 2, condition + BC_OP, LITTLE);
  bytes[at + 4] = remote.length === 1 ? AF_INET : AF_INET6;
  bytes[at + 5] = remote.length * 32;
  view.setInt32(at + 8, remotePort, LITTLE);
  for (const [index, word] of remote.entries()) view.setUint32(at + BC_OP + HOSTCOND + index * 4, word);
  return bytes;
}

/** Of struct tcp_info (include/uapi/linux/tcp.h): where each begins. */
const INFO = { lastDataSent: 44, lastDataReceived: 52, bytesAcked: 120, bytesReceived: 128, dataSegmentsOut: 156 };

/** One connection, as its tcp_info has it. */
export interface ConnectionInfo {
  /** Bytes that have come and that nobody has read. */
  readonly unreadBytes: number;
  /** Since data was sent, and came, in ms. */
  readonly lastSentMs: number;
  readonly lastReceivedMs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly segmentsSent: number;
}

/**
 * The connections in the datagram at the start of `bytes`; a kernel that tells less of them (before 4.6) has none. Returns
 * whether it was the last one.
 *
 * @throws SockDiagError if the kernel refuses or gives up.
 */
export function readInfos(bytes: Uint8Array, length: number, each: (info: ConnectionInfo) => void): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  for (let at = 0; at + HEADER <= length; ) {
    const size = view.getUint32(at, LITTLE);
    if (size < HEADER || at + size > length) throw new Error(`Cannot parse a netlink datagram: ${size} bytes at ${at}`);
    const type = view.getUint16(at + 4, LITTLE);
    if (type === NLMSG_DONE || type === NLMSG_ERROR) {
      const error = size >= HEADER + 4 ? view.getInt32(at + HEADER, LITTLE) : 0;
      if (error < 0) throw new SockDiagError(-error);
      return true;
    }
    const isSocket = type === SOCK_DIAG_BY_FAMILY || type === TCPDIAG_GETSOCK;
    if (isSocket) readInfo(view, at + HEADER, at + size, each);
    at += (size + 3) & ~3;
  }
  return false;
}

function readInfo(view: DataView, socket: number, end: number, each: (info: ConnectionInfo) => void): void {
  for (let at = socket + MESSAGE; at + ATTRIBUTE <= end; ) {
    const size = view.getUint16(at, LITTLE);
    if (size < ATTRIBUTE || at + size > end) return;
    const info = at + ATTRIBUTE;
    if (view.getUint16(at + 2, LITTLE) === INET_DIAG_INFO && size - ATTRIBUTE >= INFO.dataSegmentsOut + 4) {
      each({
        unreadBytes: view.getUint32(socket + 56, LITTLE),
        lastSentMs: view.getUint32(info + INFO.lastDataSent, LITTLE),
        lastReceivedMs: view.getUint32(info + INFO.lastDataReceived, LITTLE),
        bytesSent: Number(view.getBigUint64(info + INFO.bytesAcked, LITTLE)),
        bytesReceived: Number(view.getBigUint64(info + INFO.bytesReceived, LITTLE)),
        segmentsSent: view.getUint32(info + INFO.dataSegmentsOut, LITTLE),
      });
      return;
    }
    at += (size + 3) & ~3;
  }
}

/** Netlink speaks the byte order of the machine. */
const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** What the kernel says instead of sockets. */
export class SockDiagError extends Error {
  /** errno, positive. */
  readonly errno: number;

  constructor(errno: number) {
    super(`the kernel answers with errno ${errno}`);
    this.errno = errno;
  }
}

/**
 * Puts the sockets of a dump into a table, one datagram after the other. Addresses and ports are in network order,
 * numbers in the machine's. Attributes are not looked at, nor are messages that this kernel has and we do not know.
 */
export class SockDiagParser {
  /** Sockets seen. */
  sockets = 0;
  /** The kernel says that the table changed under the dump so that it is not consistent. */
  interrupted = false;
  private readonly bytes: Uint8Array;
  /** The same, as numbers of the machine: netlink aligns everything to four bytes. */
  private readonly numbers: Int32Array;
  private readonly view: DataView;
  private readonly table: SocketTable;
  private readonly sequence: number;
  private readonly words = new Int32Array(8);

  /** `bytes`: where datagrams will be, aligned to four bytes. */
  constructor(bytes: Uint8Array, table: SocketTable, sequence: number) {
    this.bytes = bytes;
    this.numbers = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.table = table;
    this.sequence = sequence;
  }

  /**
   * Reads the datagram at the start of `bytes`.
   *
   * @returns whether it was the last one of the dump.
   * @throws SockDiagError if the kernel refuses or gives up; Error if this is no netlink datagram.
   */
  feed(length: number): boolean {
    const { numbers, view } = this;
    for (let at = 0; at < length; ) {
      const size = at + HEADER > length ? 0 : numbers[at >> 2]!;
      if (size < HEADER || at + size > length) {
        throw new Error(`Cannot parse a netlink datagram: ${size} bytes at ${at} of ${length} are no message`);
      }
      if (numbers[(at + 8) >> 2] === this.sequence) {
        if ((view.getUint16(at + 6, LITTLE) & NLM_F_DUMP_INTR) !== 0) this.interrupted = true;
        if (this.message(view.getUint16(at + 4, LITTLE), at + HEADER, size - HEADER)) return true;
      }
      at += (size + 3) & ~3;
    }
    return false;
  }

  /** Returns whether it ends the dump. */
  private message(type: number, at: number, size: number): boolean {
    switch (type) {
      case SOCK_DIAG_BY_FAMILY:
      case TCPDIAG_GETSOCK:
        if (size < MESSAGE) {
          throw new Error(`Cannot parse a socket of sock_diag: ${size} bytes, where ${MESSAGE} are the least`);
        }
        this.socket(at);
        return false;
      case NLMSG_ERROR:
      case NLMSG_DONE: {
        const error = size >= 4 ? this.view.getInt32(at, LITTLE) : 0;
        if (error < 0) throw new SockDiagError(-error);
        return true;
      }
      case NLMSG_NOOP:
        return false;
      default:
        return false;
    }
  }

  /**
   * u8 family, state, timer, retrans; be16 sport, dport; be32 src[4], dst[4]; u32 if, cookie[2]; u32 expires, rqueue,
   * wqueue, uid, inode.
   */
  private socket(at: number): void {
    const { bytes, numbers, view, table } = this;
    const word = at >> 2;
    const family = bytes[at]!;
    if (family !== AF_INET && family !== AF_INET6) return;
    this.sockets++;
    const state = bytes[at + 1]!;
    const localPort = (bytes[at + 4]! << 8) | bytes[at + 5]!;
    if (state === BOUND_INACTIVE || state === CLOSE) {
      table.addBound(localPort, this.localKey(family, at));
      return;
    }
    const remotePort = (bytes[at + 6]! << 8) | bytes[at + 7]!;
    // Milliseconds here, hundredths of a second in the table, as /proc has them. They fit 31 bits: TIME_WAIT has a minute.
    const timerLeft = (numbers[word + 13]! / 10) | 0;
    const device = numbers[word + 10]!;
    const uid = numbers[word + 16]!;
    const inode = numbers[word + 17]!;
    if (family === AF_INET) {
      const local = view.getInt32(at + 8);
      const remote = view.getInt32(at + 24);
      table.addV4(local, localPort, remote, remotePort, state, bytes[at + 2]!, timerLeft, uid, inode, device);
      return;
    }
    const { words } = this;
    for (let index = 0; index < 8; index++) words[index] = view.getInt32(at + 8 + index * 4);
    table.addV6(words, localPort, remotePort, state, bytes[at + 2]!, timerLeft, uid, inode, device);
  }

  private localKey(family: number, at: number): number {
    const { words, view } = this;
    if (family === AF_INET) return view.getUint32(at + 8);
    for (let index = 0; index < 4; index++) words[index] = view.getInt32(at + 8 + index * 4);
    return localKeyOf(words);
  }
}
