import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatAddress } from '../../agent/model/address.ts';
import { SocketTable } from '../../agent/model/socket-table.ts';
import { TCP_STATES } from '../../agent/model/state.ts';
import { ProcNetTcpParser } from '../../collectors/proc-net-tcp-parser.ts';
import * as arbitrary from '../support/arbitraries.ts';
import { encodeRow, encodeTable, HEADER_V4, type Row } from '../support/proc-net-tcp.ts';

/** Parses `text` as a file that gives `chunk` bytes a read, through a buffer of `size`. */
function parse(text: string | Buffer, { family = 4 as 4 | 6, size = 4096, chunk = 4096 } = {}) {
  const table = new SocketTable();
  const parser = new ProcNetTcpParser(family === 4 ? 'net/tcp' : 'net/tcp6', family, table);
  const file = Buffer.from(text as string, 'latin1');
  const buffer = Buffer.alloc(size);
  let filled = 0;
  for (let position = 0; position < file.length; ) {
    const length = file.copy(buffer, filled, position, Math.min(position + chunk, position + size - filled));
    position += length;
    filled += length;
    const taken = parser.feed(buffer, filled);
    buffer.copyWithin(0, taken, filled);
    filled -= taken;
  }
  parser.finish(buffer, filled);
  return { table, parser };
}

/** Every stored row, as the test wrote it, in some order. */
function decode(table: SocketTable): string[] {
  const texts: string[] = [];
  for (let destination = 0; destination < table.destinationCount; destination++) {
    for (let row = table.firstRow(destination); row >= 0; row = table.next[row]!) {
      texts.push(
        [
          formatAddress(table.localAddress(destination)),
          table.localPort[row],
          formatAddress(table.remoteAddress(destination)),
          table.remotePortOf(destination),
          TCP_STATES[table.state[row]!],
          table.timer[row],
          table.timerLeft[row],
          table.uid[row],
          table.inode[row],
        ].join(' '),
      );
    }
  }
  return texts.sort();
}

function written(rows: readonly Row[]): string[] {
  return rows
    .map((row) =>
      [
        formatAddress(row.local),
        row.localPort,
        formatAddress(row.remote),
        row.remotePort,
        row.state,
        row.timer,
        row.timerLeft,
        row.uid,
        row.inode,
      ].join(' '),
    )
    .sort();
}

const ROW: Row = {
  local: [0x0a090001],
  localPort: 40000,
  remote: [0x0a090002],
  remotePort: 8080,
  state: 'established',
};
const file = (...lines: string[]) => `${[HEADER_V4.padEnd(149), ...lines].join('\n')}\n`;
const row = (index: number, more: Partial<Row> = {}) =>
  encodeRow(index, { ...ROW, localPort: 40000 + index, ...more }, 4);

describe('ProcNetTcpParser', () => {
  for (const family of [4, 6] as const) {
    it(`decodes what the kernel encodes, however read() cuts it, IPv${family}`, () => {
      const notListening = arbitrary.row(family).filter(({ state }) => state !== 'listen');
      fc.assert(
        fc.property(fc.array(notListening, { maxLength: 40 }), fc.integer({ min: 1, max: 700 }), (rows, chunk) => {
          const { table, parser } = parse(encodeTable(rows, family), { family, chunk, size: 1024 });
          assert.equal(parser.firstError, null);
          assert.equal(parser.rows, rows.length);
          assert.deepEqual(decode(table), written(rows));
        }),
      );
    });
  }

  it('keeps 100,000 rows of as many destinations', () => {
    const rows = Array.from(
      { length: 100_000 },
      (_, index): Row => ({
        ...ROW,
        remote: [0x0a000000 + index],
        localPort: index & 0xffff,
        timer: 0,
        timerLeft: 0,
        uid: 1000,
        inode: index,
      }),
    );
    const { table } = parse(encodeTable(rows, 4));
    assert.equal(table.destinationCount, 100_000);
    assert.deepEqual(decode(table), written(rows));
  });

  it('counts listeners and the connections to them without keeping a row', () => {
    const listener = row(0, { state: 'listen', remote: [0], remotePort: 0, local: [0] });
    const { table } = parse(file(listener, row(1, { localPort: 40000 }), row(2, { localPort: 40000 }), row(3)));
    assert.deepEqual([table.listenerCount, table.inboundCount, table.rowCount], [1, 2, 1]);
  });

  for (const [what, text, message] of [
    ['an empty file', '', /^Cannot parse net\/tcp:1: "" is not the header/],
    ['another file', 'Inter-| Receive\n', /^Cannot parse net\/tcp:1: "Inter-\| Receive" is not the header/],
    ['binary', Buffer.from([0x7f, 0x45, 0, 1, 0xff]), /^Cannot parse net\/tcp:1: .* is not the header/],
    ['a header that never ends', 'x'.repeat(20_000), /^Cannot parse net\/tcp:1: .* is not the header/],
    ['a row on the header line', file(row(0)).replace('\n', ''), /^Cannot parse net\/tcp:1: .* is not the header/],
    ['a header with CRLF', file(row(0)).replaceAll('\n', '\r\n'), /^Cannot parse net\/tcp:1: .* is not the header/],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => parse(text),
        (error: Error) => message.test(error.message) && /^[ -~…]*$/.test(error.message),
      );
    });
  }

  const flip = (line: string, from: string, to: string) => line.replace(from, () => to);
  for (const [what, line, place, lost] of [
    [
      'an address that is not hex',
      flip(row(1), '0100090A', 'ZZ00090A'),
      /tcp:3: ".*ZZ00.*"… does not hold two address:port/,
      1,
    ],
    ['an unknown state', flip(row(1), ' 01 0', ' 0D 0'), /tcp:3: .*no TCP state/, 1],
    ['no state', flip(row(1), ' 01 0', ' 00 0'), /tcp:3: .*no TCP state/, 1],
    ['a short row', '   1: 0100007F:1F90', /tcp:3: " {3}1: 0100007F:1F90" does not hold two/, 1],
    ['an empty line', '', /tcp:3: "" does not start with a row number/, 1],
    ['no row number', flip(row(1), '   1:', '    :'), /tcp:3: .*row number/, 1],
    [
      'a line end in its queues',
      flip(row(1), '00000000:00000000 0', '00000000:0000000\n 0'),
      /tcp:3: .*(queues|short)/,
      2,
    ],
    ['a bad timer', flip(row(1), ' 00:00000000', ' 0x:00000000'), /tcp:3: .*no timer/, 1],
    ['a bad uid', flip(row(1), '    0        0 ', '   -1        0 '), /tcp:3: .*no uid/, 1],
    ['no inode', row(1).slice(0, 88), /tcp:3: .*/, 1],
    ['CR at the end', `${row(1)}\r`, /tcp:3: .*does not end as a row does/, 1],
    ['a NUL inside', `${row(1).slice(0, -10)}\0`, /tcp:3: .*does not end as a row does/, 1],
    ['two rows in one line', row(1) + row(2), /tcp:3: .*does not end as a row does/, 3],
    ['a long line', row(1) + 'A'.repeat(1200), /tcp:3: .*does not end as a row does/, 14],
    ['a line beyond the buffer', row(1) + 'A'.repeat(9000), /tcp:3: .*a line of 9149 bytes/, 101],
  ] as const) {
    it(`names the place of ${what}, counts it, and goes on`, () => {
      const { parser, table } = parse(file(row(0), line, row(5), row(6)));
      assert.match(parser.firstError?.message ?? '', place);
      assert.equal(parser.unreadRows, lost);
      assert.equal(parser.rows, 3);
      assert.equal(table.rowCount, 3);
    });
  }

  it('says that the rest is missing when the last line is cut off', () => {
    for (const length of [1, 20, 60, 120, 149]) {
      const { parser } = parse(file(row(0)) + row(1).slice(0, length));
      assert.equal(parser.unreadRows, Number.POSITIVE_INFINITY, `${length} bytes`);
      assert.match(parser.firstError?.message ?? '', /tcp:3: .*the rest of the file is missing/);
    }
  });

  it('never loses a row without saying so, whatever bytes are changed', () => {
    const rows = Array.from({ length: 6 }, (_, index) => row(index));
    const text = Buffer.from(file(...rows));
    const start = HEADER_V4.padEnd(149).length + 1;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: start, max: text.length - 1 }), fc.nat(255)), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.integer({ min: start, max: text.length }),
        (changes, end) => {
          const changed = Buffer.from(text);
          for (const [at, byte] of changes) changed[at] = byte;
          const { parser, table } = parse(changed.subarray(0, end));
          const seen = table.rowCount + table.inboundCount + table.listenerCount;
          assert.equal(seen, parser.rows);
          const whole = Math.floor((end - start) / 150);
          assert.ok(parser.rows + parser.unreadRows >= whole, `${parser.rows} + ${parser.unreadRows} of ${whole}`);
          assert.equal(parser.unreadRows > 0, parser.firstError !== null);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (bytes, withHeader) => {
        const text = Buffer.concat([Buffer.from(withHeader ? `${HEADER_V4}\n` : ''), bytes]);
        try {
          parse(text, { size: 256, chunk: 100 });
        } catch (error) {
          assert.match((error as Error).message, /^Cannot parse net\/tcp:1: /);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
