// Which blocks of the product's code have run, from V8's own block counters (Profiler.takePreciseCoverage of the DevTools
// protocol): what guides the fuzzer. Nothing is instrumented, so what runs is what ships.
import { type Profiler, Session } from 'node:inspector';

const OURS = /\/dist\/(agent|collectors|exporters)\//;

/** To be made before the code is loaded: what is compiled without them has no counters. */
export class Coverage {
  private readonly session = new Session();
  /** By function, the offsets at which a block of it is known to begin. V8 leaves out a block that ran as often as what is around it. */
  private readonly starts = new Map<string, Set<number>>();

  constructor() {
    this.session.connect();
    this.post('Profiler.enable');
    this.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** The blocks that ran since this was called last, about 1 ms a call. */
  take(): Set<string> {
    const blocks = new Set<string>();
    const { result } = this.post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
    for (const { url, functions } of result) {
      const place = OURS.exec(url);
      if (place === null) continue;
      for (const { ranges } of functions) this.addFunction(url.slice(place.index), ranges, blocks);
    }
    return blocks;
  }

  /** Blocks known, in all functions that have ever run. */
  get known(): number {
    let sum = 0;
    for (const starts of this.starts.values()) sum += starts.size;
    return sum;
  }

  /** Begins anew, for another target. */
  reset(): void {
    this.take();
    this.starts.clear();
  }

  private addFunction(file: string, ranges: readonly Profiler.CoverageRange[], blocks: Set<string>): void {
    const [whole] = ranges;
    if (whole === undefined || whole.count === 0) return;
    const name = `${file}:${whole.startOffset}`;
    const starts = this.starts.get(name) ?? new Set<number>();
    this.starts.set(name, starts);
    for (const { startOffset } of ranges) starts.add(startOffset);
    for (const start of starts) {
      // Ranges are nested, the outer ones first.
      const innermost = ranges.findLast(({ startOffset, endOffset }) => startOffset <= start && start < endOffset);
      if (innermost !== undefined && innermost.count > 0) blocks.add(`${name}:${start}`);
    }
  }

  private post(method: string, params?: object): object {
    let answer: object | undefined;
    this.session.post(method, params, (error, result) => {
      if (error !== null) throw error;
      answer = result;
    });
    // The session is of this very thread: it answers before post() returns.
    return answer as object;
  }
}
