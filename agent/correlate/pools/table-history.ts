import type { Counters } from '../../model/readings.ts';

/** In ms; closer looks are passed over, so that few tell of a long time. */
const LEAST_MS = 900;
/** Some eight minutes at a look a second. */
const MOST = 480;

/** What a table held at one look, and what has come into it by then; null: not counted. */
export interface TableSample {
  /** In ms on a clock that no one sets. */
  readonly at: number;
  readonly entries: number;
  readonly begun: number | null;
}

/** The tables of one network namespace from look to look. */
export class TableHistory {
  private readonly conntrackSamples: TableSample[] = [];
  private readonly timeWaitSamples: TableSample[] = [];

  note(at: number, { conntrackEntries, socketsTimeWait, timeWaits, timeWaitsRecycled }: Counters): void {
    if (conntrackEntries !== undefined) {
      keep(this.conntrackSamples, { at, entries: conntrackEntries, begun: null });
    }
    if (socketsTimeWait !== undefined) {
      const begun = timeWaits === undefined ? null : timeWaits - (timeWaitsRecycled ?? 0);
      keep(this.timeWaitSamples, { at, entries: socketsTimeWait, begun });
    }
  }

  get conntrack(): readonly TableSample[] {
    return this.conntrackSamples;
  }

  get timeWait(): readonly TableSample[] {
    return this.timeWaitSamples;
  }
}

function keep(samples: TableSample[], sample: TableSample): void {
  const last = samples.at(-1);
  if (last !== undefined && sample.at - last.at < LEAST_MS) return;
  samples.push(sample);
  if (samples.length > MOST) samples.shift();
}
