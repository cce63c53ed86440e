// What the kernel sends as bytes: netlink datagrams, pages of the trace, and the books that are kept of them.
import assert from 'node:assert/strict';
import { SocketTable } from '../../../agent/model/socket-table.ts';
import { Programs } from '../../../collectors/programs.ts';
import { encodeDumpRequest, readInfos, SockDiagParser } from '../../../collectors/sock-diag-codec.ts';
import { TraceBatch } from '../../../collectors/trace-batch.ts';
import { parseHeaderPage, parseTraceFormat, TracePage } from '../../../collectors/trace-codec.ts';
import { TraceTaskBook } from '../../../collectors/trace-tasks.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { message, recorded } from '../../support/replay-libc.ts';
import { HEADER_PAGE, LAYOUT, record, tracePage } from '../../support/trace-page.ts';
import { Draw } from '../draw.ts';
import { isWithin, orRefuses } from '../holds.ts';
import type { Target } from '../target.ts';

const DATAGRAMS = recorded('test/fixtures/sock-diag/dump.bin').map((one) => one.subarray(0, 2000));
const FORMAT =
  'name: sys_exit_connect\nID: 123\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\tfield:__u8 saddr_v6[16];\toffset:28;\tsize:16;\n';
const ATTRIBUTES = Buffer.concat([Buffer.alloc(72, 2), Buffer.from([0xe4, 0, 2, 0]), Buffer.alloc(224, 7)]);

export const KERNEL_BYTES: readonly Target[] = [
  {
    name: 'sock-diag',
    seeds: [
      ...DATAGRAMS.slice(0, 2),
      ...DATAGRAMS.slice(-1),
      message(2, new Uint8Array(new Int32Array([-2]).buffer)),
      message(20, ATTRIBUTES),
      encodeDumpRequest(0x1ffe, 1),
    ],
    tokens: [
      new Uint8Array([72, 0, 0, 0, 20, 0, 2, 0]),
      new Uint8Array([20, 0, 0, 0, 3, 0, 2, 0]),
      new Uint8Array([2, 6, 3, 0]),
    ],
    mostBytes: 32 * 1024,
    run(input) {
      const bytes = new Uint8Array((input.length + 3) & ~3);
      bytes.set(input);
      const sequence = new DataView(bytes.buffer).byteLength < 12 ? 0 : new DataView(bytes.buffer).getInt32(8, true);
      const table = new SocketTable();
      const parser = new SockDiagParser(bytes, table, sequence);
      orRefuses(() => parser.feed(input.length), Error, /^Cannot parse|^the kernel answers/);
      isWithin(parser.sockets, 0, input.length / 72, 'sockets');
      isWithin(table.rowCount, 0, parser.sockets, 'rows');
      let infos = 0;
      const each = (info: object) => {
        infos++;
        for (const value of Object.values(info)) isWithin(value as number, 0, 2 ** 64, 'a number of tcp_info');
      };
      orRefuses(() => readInfos(bytes, input.length, each), Error, /^Cannot parse|^the kernel answers/);
      isWithin(infos, 0, input.length / 88, 'connections');
    },
  },
  {
    name: 'trace-format',
    seeds: [FORMAT, HEADER_PAGE],
    tokens: ['field:', ';\toffset:', ';\tsize:', 'ID: 1\n', 'timestamp', 'commit', 'data', '[16]', '\n\t'],
    mostBytes: 64 * 1024,
    run(input) {
      const text = input.toString('latin1');
      for (const { offset, size } of orRefuses(() => parseTraceFormat(text), Error)?.fields.values() ?? []) {
        assert.ok(offset >= 0 && size >= 0);
      }
      const page = orRefuses(() => parseHeaderPage(text), Error);
      if (page !== undefined) isWithin(page.size, 1, 1 << 20, 'a page');
    },
  },
  {
    name: 'trace-page',
    seeds: [
      tracePage(1000, [
        { delta: 5, data: record(7, 42, 1) },
        { extend: 2 ** 30 },
        { delta: 1, data: record(8, 43), long: true },
      ]).subarray(0, 128),
      tracePage(
        1000,
        [{ discarded: record(7, 1), delta: 3 }, { stamp: 2 ** 40 }, { delta: 2, data: record(9, 1) }, { end: true }],
        17,
      ).subarray(0, 128),
      tracePage(0, [], 'some').subarray(0, 32),
    ],
    mostBytes: 4096,
    run(input) {
      const page = new TracePage(LAYOUT);
      page.bytes.set(input.subarray(0, page.bytes.length));
      page.begin(Math.min(input.length, page.bytes.length));
      assert.ok(page.lost >= -1);
      let last = LAYOUT.data;
      for (let records = 0; page.advance(); records++) {
        isWithin(records, 0, 1024, 'records');
        isWithin(page.record, last + 4, page.bytes.length - 8, 'where a record is');
        isWithin(page.record + page.length, page.record + 8, page.bytes.length, 'where it ends');
        assert.ok(Number.isFinite(page.at));
        last = page.record + page.length;
      }
      assert.equal(page.advance(), false);
    },
  },
  {
    name: 'trace-batch',
    seeds: [new Uint8Array([1, 0, 0, 9, 0, 1, 0, 0, 5, 0, 9, 0, 0, 7, 3, 0])],
    mostBytes: 2048,
    run(input) {
      const draw = new Draw(input);
      const batch = new TraceBatch(64);
      /** The same, the simple way: time and number of each. */
      let kept: { at: number; number: number }[] = [];
      let number = 0;
      while (!draw.isOver) {
        const until = draw.word() * (1 + (draw.byte() & 3) * 2 ** 20);
        if (draw.byte() % 4 !== 0 && !batch.isFull) {
          batch.value[batch.add(until)] = ++number;
          kept.push({ at: until, number });
          continue;
        }
        batch.order(until);
        const told = [...batch.ordered].map((slot) => ({ at: batch.at[slot]!, number: batch.value[slot]! }));
        const byNumber = (a: { number: number }, b: { number: number }) => a.number - b.number;
        assert.deepEqual(
          told.toSorted(byNumber),
          kept.filter(({ at }) => at <= until),
        );
        // What is 2^35 times 16 ns after the first, nine minutes, is put at the end.
        for (let index = 1; index < told.length; index++) {
          const [before, after] = [told[index - 1]!.at, told[index]!.at];
          assert.ok(before < after + 16 || after - told[0]!.at >= 2 ** 39, `${before} is told before ${after}`);
        }
        batch.drop();
        kept = kept.filter(({ at }) => at > until);
        assert.equal(batch.count, kept.length);
      }
    },
  },
  {
    name: 'trace-tasks',
    seeds: [
      new Uint8Array([0, 5, 1, 1, 2, 5, 4, 1, 5, 4]),
      new Uint8Array([0, 5, 1, 0, 0, 6, 5, 1, 2, 6, 1, 5, 1, 6, 4, 3]),
    ],
    // Each byte may make it look at sixteen threads that are not there.
    mostBytes: 1024,
    run(input) {
      const draw = new Draw(input);
      const links = { '5/ns/net': 'net:[99]' };
      const host = fakeHost({ '5/status': 'Tgid:\t5\n', '5/stat': `5 (a) S 1 ${'0 '.repeat(17)}3 0\n` }, links);
      const tasks = new TraceTaskBook(host, new Programs(host));
      const tid = () => draw.byte() % 16;
      while (!draw.isOver) {
        switch (draw.byte() % 5) {
          case 0:
            tasks.born(tid(), tid(), draw.byte() % 2 === 1);
            break;
          case 1:
            tasks.ended(tid(), 'gone');
            break;
          case 2: {
            const one = tasks.number(tid());
            isWithin(tasks.programOf(one), 0, 1e6, 'a program');
            isWithin(tasks.netnsOf(one), 0, 99, 'a namespace');
            break;
          }
          case 3:
            tasks.forget();
            break;
          default:
            tasks.identify();
        }
      }
    },
  },
];
