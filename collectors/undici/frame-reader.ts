import { HEADER_BYTES, MOST_BYTES } from './wire.cts';

/** Puts a stream together to frames. Keeps less than one frame, of MOST_BYTES at most. */
export class FrameReader {
  private kept: Buffer = Buffer.alloc(0);

  /** The frames that `bytes` completes. Throws RangeError at a frame that is longer than any may be. */
  *read(bytes: Buffer): Generator<{ readonly kind: number; readonly payload: Buffer }> {
    let rest = this.kept.length === 0 ? bytes : Buffer.concat([this.kept, bytes]);
    this.kept = Buffer.alloc(0);
    while (rest.length >= HEADER_BYTES) {
      const length = rest.readUInt32LE(0);
      if (length > MOST_BYTES) throw new RangeError(`a frame of ${length} bytes, of ${MOST_BYTES} at most`);
      const end = HEADER_BYTES + length;
      if (rest.length < end) break;
      yield { kind: rest[4] as number, payload: rest.subarray(HEADER_BYTES, end) };
      rest = rest.subarray(end);
    }
    // Of a copy: what it is part of may be large.
    this.kept = Buffer.from(rest);
  }
}
