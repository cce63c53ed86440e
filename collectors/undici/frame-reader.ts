import { HEADER_BYTES, MOST_BYTES } from './wire.cts';

/** Puts a stream together to frames. Keeps less than one frame, of MOST_BYTES at most. */
export class FrameReader {
  /** The frame that has begun, or its header as long as that is not whole. */
  private frame = Buffer.allocUnsafe(HEADER_BYTES);
  private filled = 0;

  /**
   * The frames that `bytes` completes. Each byte is copied once, however small the pieces are that they come in. Throws
   * RangeError at a frame that is longer than any may be.
   */
  *read(bytes: Buffer): Generator<{ readonly kind: number; readonly payload: Buffer }> {
    for (let at = 0; at < bytes.length; ) {
      const taken = bytes.copy(this.frame, this.filled, at);
      at += taken;
      this.filled += taken;
      if (this.filled === HEADER_BYTES && this.frame.length === HEADER_BYTES) this.makeRoom();
      if (this.filled < this.frame.length) continue;
      const whole = this.frame;
      this.frame = Buffer.allocUnsafe(HEADER_BYTES);
      this.filled = 0;
      yield { kind: whole[4] as number, payload: whole.subarray(HEADER_BYTES) };
    }
  }

  /** For the payload that the header tells of. */
  private makeRoom(): void {
    const length = this.frame.readUInt32LE(0);
    if (length > MOST_BYTES) throw new RangeError(`a frame of ${length} bytes, of ${MOST_BYTES} at most`);
    const whole = Buffer.allocUnsafe(HEADER_BYTES + length);
    this.frame.copy(whole);
    this.frame = whole;
  }
}
