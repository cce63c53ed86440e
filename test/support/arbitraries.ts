// fast-check arbitraries of socket tables: few addresses and ports, so that everything collides with everything.
import fc from 'fast-check';
import type { Address } from '../../agent/model/address.ts';
import type { PortSettings } from '../../agent/model/port-settings.ts';
import { TCP_STATES } from '../../agent/model/state.ts';
import type { Row } from './proc-net-tcp.ts';
import { settings } from './readings.ts';

const v4 = fc.constantFrom<Address>([0x0a090001], [0x0a090002], [0x7f000001], [0xffffffff]);
const v6 = fc.constantFrom<Address>([0, 0, 0, 1], [0xfd090000, 0, 0, 1], [0x0a090001], [0x7f000001]);
const states = TCP_STATES.slice(1);

export function row(family: 4 | 6): fc.Arbitrary<Row> {
  const address = family === 4 ? v4 : v6;
  return fc
    .record({
      local: address,
      localPort: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 39998, max: 40012 }) }, fc.nat(65535)),
      remote: address,
      remotePort: fc.constantFrom(80, 443, 40001),
      state: fc.oneof({ weight: 3, arbitrary: fc.constant('time_wait' as const) }, fc.constantFrom(...states)),
      timer: fc.nat(4),
      timerLeft: fc.oneof(fc.nat(6000), fc.constant(720000)),
      uid: fc.nat(0xffffffff),
      inode: fc.nat(0xffffffff),
    })
    .map((fields) => {
      // A socket has addresses of one family: a mapped one on both sides or on neither.
      const remote = fields.local.length === fields.remote.length ? fields.remote : fields.local;
      return { ...fields, remote };
    });
}

export const ports: fc.Arbitrary<PortSettings> = fc
  .record({
    low: fc.integer({ min: 39999, max: 40004 }),
    size: fc.integer({ min: 1, max: 12 }),
    reserved: fc.array(fc.integer({ min: 39998, max: 40012 }), { maxLength: 4 }),
    twReuse: fc.constantFrom('off' as const, 'on' as const, 'loopback' as const),
    twReuseDelayMs: fc.constantFrom(null, 0, 1000, 60_000),
    timestamps: fc.boolean(),
  })
  .map(({ low, size, reserved, ...rest }) => {
    const set = new Uint8Array(65536);
    for (const port of reserved) set[port] = 1;
    return settings({ range: { low, high: low + size - 1 }, reserved: set, ...rest });
  });
