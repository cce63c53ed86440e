// bench:cliff: what one connect() costs before and past the cliff, on the default range, in a namespace of its own.
import { Netns } from '../kernel/netns.ts';
import { median } from './support.ts';

const TO = '10.9.0.2:8080';
const BATCH = 2000;
/** Half of 28,232: the first parity of 32768–60999. */
const CLIFF = 14_116;
const SAMPLE = 50;

const net = await Netns.open();
try {
  await net.listen('[::]:8080');
  let used = 0;
  const costs: Record<'before' | 'past', number[]> = { before: [], past: [] };
  /** Microseconds a connect(), the driver's own work included. */
  const take = async (count: number): Promise<number> => {
    const start = performance.now();
    await net.connect({ to: TO, count, name: String(used) });
    used += count;
    return ((performance.now() - start) * 1000) / count;
  };
  while (used + BATCH + 9 * SAMPLE < CLIFF) {
    const name = String(used);
    await take(BATCH);
    await net.hangUp(name, 'client');
  }
  while (used + SAMPLE <= CLIFF) costs.before.push(await take(SAMPLE));
  await take(CLIFF - used);
  for (let sample = 0; sample < 9; sample++) costs.past.push(await take(SAMPLE));
  const [before, past] = [median(costs.before), median(costs.past)];
  console.log(`medians of ${costs.before.length} and ${costs.past.length} samples of ${SAMPLE} connections`);
  console.log(`before the cliff  ${before.toFixed(0)} µs a connect()`);
  console.log(`past it           ${past.toFixed(0)} µs  = ${(past / before).toFixed(0)} ×`);
} finally {
  await net.close();
}
