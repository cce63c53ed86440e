import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConnectionInfo, readInfos } from '../../collectors/sock-diag-codec.ts';
import { message } from '../support/replay-libc.ts';

const SOCK_DIAG_BY_FAMILY = 20;
const SOCKET = 72;
const INET_DIAG_INFO = 2;

/** A socket with tcp_info as its attribute, `size` bytes by its own account, of which `there` are. */
function withInfo(size: number, there: number): Uint8Array {
  const body = Buffer.alloc(SOCKET + there, 1);
  body.writeUInt16LE(size, SOCKET);
  body.writeUInt16LE(INET_DIAG_INFO, SOCKET + 2);
  return message(SOCK_DIAG_BY_FAMILY, body);
}

describe('readInfos', () => {
  const infosOf = (datagram: Uint8Array) => {
    const infos: ConnectionInfo[] = [];
    readInfos(datagram, datagram.length, (info) => infos.push(info));
    return infos.length;
  };

  it('takes what is whole', () => assert.equal(infosOf(withInfo(232, 232)), 1));
  it('leaves out what a kernel tells less of', () => assert.equal(infosOf(withInfo(100, 100)), 0));
  it('leaves out what ends behind its message', () => assert.equal(infosOf(withInfo(232, 40)), 0));
});
