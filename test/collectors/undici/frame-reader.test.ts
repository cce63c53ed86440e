import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from '../../../collectors/undici/frame-reader.ts';
import { frame, HEADER_BYTES, MOST_BYTES } from '../../../collectors/undici/wire.cts';

describe('FrameReader', () => {
  it('finds the frames of a stream, however it is cut', () => {
    const frames = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 300 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 400 })), (all, cuts) => {
        const stream = Buffer.concat(all.map(([kind, payload]) => frame(kind, Buffer.from(payload))));
        const reader = new FrameReader();
        const found: [number, Uint8Array][] = [];
        let at = 0;
        for (const length of [...cuts, stream.length]) {
          for (const { kind, payload } of reader.read(stream.subarray(at, at + length))) {
            found.push([kind, new Uint8Array(payload)]);
          }
          at += length;
        }
        assert.deepEqual(
          found,
          all.map(([kind, payload]) => [kind, new Uint8Array(payload)]),
        );
      }),
    );
  });

  it('does not copy again what it has, however small the pieces are', () => {
    const stream = frame(1, Buffer.alloc(MOST_BYTES, 7));
    const concat = Buffer.concat;
    let copied = 0;
    Buffer.concat = (list, length) => {
      for (const { byteLength } of list) copied += byteLength;
      return concat(list, length);
    };
    try {
      const reader = new FrameReader();
      const found = Array.from(stream, (_, at) => [...reader.read(stream.subarray(at, at + 1))]).flat();
      assert.deepEqual([found.length, found[0]?.payload], [1, stream.subarray(HEADER_BYTES)]);
    } finally {
      Buffer.concat = concat;
    }
    assert.ok(copied <= 2 * stream.length, `${copied} bytes copied`);
  });

  it('takes the longest frame there may be, and refuses a longer one by its header alone', () => {
    const reader = new FrameReader();
    assert.equal([...reader.read(frame(1, Buffer.alloc(MOST_BYTES)))].length, 1);
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(MOST_BYTES + 1);
    assert.throws(() => [...reader.read(header)], /a frame of 65537 bytes, of 65536 at most/);
  });
});
