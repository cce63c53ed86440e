import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseHeaderPage, parseTraceFormat, TracePage } from '../../collectors/trace-codec.ts';
import { type Entry, HEADER_PAGE, LAYOUT, record, tracePage } from '../support/trace-page.ts';

function read(bytes: Uint8Array, length = bytes.length) {
  const page = new TracePage(LAYOUT);
  page.bytes.set(bytes);
  page.begin(length);
  const found: { at: number; tid: number; length: number }[] = [];
  while (page.advance()) {
    const tid = page.view.getInt32(page.record + 4, true);
    found.push({ at: page.at, tid, length: page.length });
  }
  return { found, lost: page.lost };
}

describe('parseTraceFormat', () => {
  it('finds the number and the fields, arrays and pointers among them', () => {
    const { id, fields } = parseTraceFormat(
      [
        'name: inet_sock_set_state',
        'ID: 2287',
        'format:',
        '\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;',
        '',
        '\tfield:const void * skaddr;\toffset:8;\tsize:8;\tsigned:0;',
        '\tfield:__u8 saddr_v6[16];\toffset:40;\tsize:16;\tsigned:0;',
        '\tfield:__data_loc char[] parent_comm;\toffset:8;\tsize:4;\tsigned:0;',
        'print fmt: "x=%d", REC->x',
      ].join('\n'),
    );
    assert.equal(id, 2287);
    assert.deepEqual(Object.fromEntries(fields), {
      common_type: { offset: 0, size: 2 },
      skaddr: { offset: 8, size: 8 },
      saddr_v6: { offset: 40, size: 16 },
      parent_comm: { offset: 8, size: 4 },
    });
  });

  it('refuses what is none', () => assert.throws(() => parseTraceFormat('nothing'), /no ID/));
});

describe('parseHeaderPage', () => {
  it('tells where a page has what', () =>
    assert.deepEqual(parseHeaderPage(HEADER_PAGE), { size: 4096, timestamp: 0, commit: 8, commitSize: 8, data: 16 }));
  it('refuses what is none', () => assert.throws(() => parseHeaderPage('field: u64 x;'), /header_page/));
  it('refuses a page that memory would not hold', () =>
    assert.throws(() => parseHeaderPage(HEADER_PAGE.replace('size:4080', 'size:4294967295')), /4294967311 bytes, of/));
});

describe('TracePage', () => {
  it('reads records short and long, each at its time', () => {
    const entries: Entry[] = [
      { delta: 5, data: record(1, 10) },
      { delta: 7, data: new Uint8Array(200), long: true },
      { delta: 0, data: record(1, 12), long: true },
    ];
    assert.deepEqual(read(tracePage(1e15, entries)).found, [
      { at: 1e15 + 5, tid: 10, length: 12 },
      { at: 1e15 + 12, tid: 0, length: 200 },
      { at: 1e15 + 12, tid: 12, length: 12 },
    ]);
  });

  it('follows time over extensions, stamps and what was discarded', () => {
    const entries: Entry[] = [
      { extend: 3 * 2 ** 27 + 1 },
      { delta: 1, data: record(1, 1) },
      { delta: 10, discarded: new Uint8Array(16) },
      { delta: 2, data: record(1, 2) },
      { stamp: 7e15 },
      { delta: 3, data: record(1, 3) },
    ];
    const first = 1000 + 3 * 2 ** 27 + 2;
    assert.deepEqual(
      read(tracePage(1000, entries)).found.map(({ at }) => at),
      [first, first + 12, 7e15 + 3],
    );
  });

  it('ends where the rest is padding, and at what was read', () => {
    const entries: Entry[] = [{ delta: 1, data: record(1, 1) }, { end: true }, { delta: 1, data: record(1, 2) }];
    assert.equal(read(tracePage(0, entries)).found.length, 1);
    assert.equal(read(tracePage(0, entries), LAYOUT.data).found.length, 0);
    assert.equal(read(tracePage(0, entries), 0).found.length, 0);
    assert.equal(read(tracePage(0, entries.slice(0, 1)), LAYOUT.data + 8).found.length, 0, 'half a record');
  });

  it('tells how many were lost before it', () => {
    const one: Entry[] = [{ delta: 1, data: record(1, 1) }];
    assert.deepEqual(
      [null, 77, 'some' as const].map((lost) => read(tracePage(0, one, lost)).lost),
      [0, 77, -1],
    );
    assert.equal(read(tracePage(0, one, 77)).found.length, 1);
  });

  it('is not harmed by any bytes', () => {
    const bytes = fc.uint8Array({ minLength: 0, maxLength: 400 });
    fc.assert(
      fc.property(bytes, fc.nat(4096), fc.nat(4096), (noise, at, length) => {
        const page = tracePage(1, [{ delta: 1, data: record(1, 1) }]);
        page.set(noise.subarray(0, 4096 - at), at);
        const { found } = read(page, length);
        // None is shorter than what records have in common, and all are in what was read.
        const total = found.reduce((sum, one) => sum + one.length, 0);
        assert.ok(total <= Math.max(0, length - LAYOUT.data));
        assert.ok(found.every((one) => one.length >= 8));
      }),
    );
  });
});
