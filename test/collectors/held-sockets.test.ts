import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeldSockets } from '../../collectors/held-sockets.ts';

const held = (inode: number, pid = 7, descriptor = inode) => ({ inode, program: pid * 10, pid, descriptor });

/** A look that meets these. */
function look(sockets: HeldSockets, inodes: readonly number[]): void {
  sockets.begin();
  for (const inode of inodes) sockets.meet(inode);
  sockets.end();
}

/** Descriptors that are asked about; nothing is there. */
function freed(sockets: HeldSockets): [number, number][] {
  const asked: [number, number][] = [];
  sockets.tryFreed(
    (pid, descriptor) => {
      asked.push([pid, descriptor]);
      return 'open';
    },
    () => false,
  );
  return asked;
}

describe('HeldSockets', () => {
  it('knows those that every look has met, and forgets the others', () => {
    const sockets = new HeldSockets();
    look(sockets, []);
    for (let inode = 1; inode <= 1000; inode++) sockets.add(held(inode));
    look(
      sockets,
      Array.from({ length: 500 }, (_, index) => index * 2 + 1),
    );
    assert.equal(sockets.size, 500);
    assert.deepEqual([sockets.programOf(1), sockets.programOf(2)], [70, 0]);
    assert.deepEqual([sockets.isKnown(7, 1), sockets.isKnown(7, 2)], [true, false]);
  });

  it('takes the places of those that have gone for others, and mixes up none', () => {
    const sockets = new HeldSockets();
    look(sockets, []);
    sockets.add(held(1, 7, 3));
    sockets.add(held(2, 8, 3));
    look(sockets, [2]);
    sockets.add(held(3, 9, 3));
    assert.deepEqual(
      [1, 2, 3].map((inode) => sockets.programOf(inode)),
      [0, 80, 90],
    );
    assert.deepEqual([sockets.isKnown(7, 3), sockets.isKnown(9, 3)], [false, true]);
    look(sockets, [3]);
    assert.deepEqual([sockets.size, sockets.programOf(3)], [1, 90]);
  });

  it('remembers where those were that have gone, the lowest first and the latest process first', () => {
    const sockets = new HeldSockets();
    look(sockets, []);
    for (const descriptor of [9, 4, 6]) sockets.add(held(descriptor, 7, descriptor));
    sockets.add(held(50, 8, 5));
    look(sockets, [50]);
    look(sockets, []);
    assert.deepEqual(freed(sockets), [
      [8, 5],
      [7, 4],
      [7, 6],
      [7, 9],
    ]);
    assert.deepEqual(freed(sockets), [], 'each is tried until it was found open');
  });

  it('gives each its turn, once', () => {
    const sockets = new HeldSockets();
    look(sockets, []);
    for (let inode = 1; inode <= 5; inode++) sockets.add(held(inode));
    const turns = () => [...sockets.inTurn(3)].map(({ inode }) => inode);
    assert.deepEqual(new Set([...turns(), ...turns()]), new Set([1, 2, 3, 4, 5]));
    assert.equal([...sockets.inTurn(10)].length, 5);
  });
});
