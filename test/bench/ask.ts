// bench:ask: CPU of asking the kernel about 1,000 ports, half of them free and half of them bound.
import { loadLibc } from '../../collectors/libc.ts';
import { PortAsker } from '../../collectors/port-ask.ts';
import { bindPorts, insideOwnNetns, median, ownCpu } from './support.ts';

const PORTS = 1000;
const ROUNDS = 31;

insideOwnNetns();
const first = 40_000;
const holder = await bindPorts(Array.from({ length: PORTS / 2 }, (_, index) => first + index * 2));
const ports = Array.from({ length: PORTS }, (_, index) => first + index);
const asker = new PortAsker(loadLibc(), process.pid);
const rounds = Array.from({ length: ROUNDS }, () => {
  let blocked = 0;
  const ms = ownCpu(() =>
    asker.ask(
      ports,
      (_, isBlocked) => {
        if (isBlocked) blocked++;
      },
      () => false,
    ),
  );
  if (blocked !== PORTS / 2) throw new Error(`${blocked} of ${PORTS} ports blocked, not ${PORTS / 2}`);
  return ms;
});
console.log(
  `asking about ${PORTS} ports: ${median(rounds).toFixed(1)} ms CPU, the first time ${rounds[0]!.toFixed(1)} ms`,
);
holder.kill();
