// What the kernel's tracing ring buffer hands out by trace_pipe_raw, one page at a read (Documentation/trace/
// ring-buffer-design.rst; include/linux/ring_buffer.h). Pure: bytes in, numbers out.

/** One field of a record, as its event's `format` file describes it. */
export interface TraceField {
  readonly offset: number;
  readonly size: number;
}

export interface TraceFormat {
  /** `common_type` of its records. */
  readonly id: number;
  readonly fields: ReadonlyMap<string, TraceField>;
}

/**
 * The text of events/<system>/<event>/format.
 *
 * @throws Error where it is of another form.
 */
export function parseTraceFormat(text: string): TraceFormat {
  const id = /^ID: (\d+)$/m.exec(text)?.[1];
  if (id === undefined) throw new Error('a trace event whose format has no ID');
  return { id: Number(id), fields: parseFields(text) };
}

/** Where a page of the ring buffer has what. */
export interface TracePageLayout {
  readonly size: number;
  readonly timestamp: number;
  readonly commit: number;
  readonly commitSize: number;
  readonly data: number;
}

/** A page of memory has 4 to 64 KiB, one of the ring buffer as many as it was told to (buffer_subbuf_size_kb). */
const LARGEST_PAGE = 1 << 20;

/**
 * The text of events/header_page.
 *
 * @throws Error where it is of another form.
 */
export function parseHeaderPage(text: string): TracePageLayout {
  const fields = parseFields(text);
  const [timestamp, commit, data] = ['timestamp', 'commit', 'data'].map((name) => fields.get(name));
  if (timestamp === undefined || commit === undefined || data === undefined) {
    throw new Error('a trace page whose header_page has no timestamp, commit or data');
  }
  const size = data.offset + data.size;
  if (size > LARGEST_PAGE) throw new Error(`a trace page of ${size} bytes, of ${LARGEST_PAGE} at most`);
  return {
    size,
    timestamp: timestamp.offset,
    commit: commit.offset,
    commitSize: commit.size,
    data: data.offset,
  };
}

/** A line of its own: "	field:__u8 saddr_v6[16];	offset:28;	size:16;	signed:0;" */
const FIELD = /^[\t ]*field:([^;\n]*);[\t ]*offset:(\d+);[\t ]*size:(\d+);/gm;
/** With its length; the kernel's have about 20. */
const LONGEST_NAME = 64;

function parseFields(text: string): Map<string, TraceField> {
  const fields = new Map<string, TraceField>();
  for (const [, declared, offset, size] of text.matchAll(FIELD)) {
    const name = /(\w+)(?:\[\d*\])?$/.exec(declared!.slice(-LONGEST_NAME))?.[1];
    // header_page has "overwrite" over "commit"; the first of a name is it.
    if (name !== undefined && !fields.has(name)) fields.set(name, { offset: Number(offset), size: Number(size) });
  }
  return fields;
}

/** Little-endian, which is what the bit fields below are laid out for. */
const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const TYPE_DATA_LENGTH = 0;
const TYPE_PADDING = 29;
const TYPE_TIME_EXTEND = 30;
const TYPE_TIME_STAMP = 31;
const DELTA_RANGE = 2 ** 27;
const WORD_RANGE = 2 ** 32;
/** RB_MISSED_EVENTS and RB_MISSED_STORED, in the commit word. */
const MISSED = 0x80000000;
const MISSED_STORED = 0x40000000;
const LENGTH_MASK = 0x3fffffff;

/** Goes through the records of one page. Made once, filled with page after page. */
export class TracePage {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset of the current record's first byte (`common_type`). */
  record = 0;
  /** Its length in bytes, padding included. */
  length = 0;
  /** When it was written, in ns of the trace's clock. */
  at = 0;
  /** Records lost before this page, 0 if none; −1: some. */
  lost = 0;
  private next = 0;
  private end = 0;
  private readonly layout: TracePageLayout;

  constructor(layout: TracePageLayout) {
    if (!LITTLE) throw new Error('the kernel trace is read on little-endian machines only');
    this.layout = layout;
    this.bytes = new Uint8Array(layout.size);
    this.view = new DataView(this.bytes.buffer);
  }

  /** After `bytes` were filled: `length` is how many were read. */
  begin(length: number): void {
    const { view, layout } = this;
    this.lost = 0;
    this.next = layout.data;
    if (length <= layout.data) {
      this.end = layout.data;
      return;
    }
    const commit = view.getUint32(layout.commit, true);
    this.at = this.word64(layout.timestamp);
    this.end = Math.min(layout.data + (commit & LENGTH_MASK), length);
    if ((commit & MISSED) === 0) return;
    const hasCount = (commit & MISSED_STORED) !== 0 && this.end + layout.commitSize <= length;
    this.lost = hasCount ? view.getUint32(this.end, true) : -1;
  }

  /** Goes to the next record; false: there is none. */
  advance(): boolean {
    const { view } = this;
    while (this.next + 4 <= this.end) {
      const head = view.getUint32(this.next, true);
      const type = head & 31;
      const delta = head >>> 5;
      const first = this.next + 8 <= this.end ? view.getUint32(this.next + 4, true) : 0;
      if (type === TYPE_PADDING) {
        if (delta === 0) break; // the rest of the page
        this.at += delta;
        this.next += Math.max(4, first + 4);
        continue;
      }
      if (type === TYPE_TIME_EXTEND || type === TYPE_TIME_STAMP) {
        const time = first * DELTA_RANGE + delta;
        this.at = type === TYPE_TIME_STAMP ? time : this.at + time;
        this.next += 8;
        continue;
      }
      this.at += delta;
      const hasLength = type === TYPE_DATA_LENGTH;
      this.record = this.next + (hasLength ? 8 : 4);
      this.length = hasLength ? first - 4 : type * 4;
      this.next = this.record + this.length;
      if (this.length < 8 || this.next > this.end) break; // no record is shorter than what they have in common
      return true;
    }
    this.next = this.end;
    return false;
  }

  /** Eight bytes as a number: exact below 2^53. */
  word64(offset: number): number {
    return this.view.getUint32(offset, true) + this.view.getUint32(offset + 4, true) * WORD_RANGE;
  }
}
