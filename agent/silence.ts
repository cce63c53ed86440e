import type { Assessment, NamespaceReport } from './model/assessment.ts';
import type { Gap } from './model/gap.ts';

const HANGS = 'the thread that looks says nothing';
/** From one check to the next. */
const CHECK_MS = 1000;

export interface SilenceOptions {
  /** Longer than this is no pause between looks, in ms. */
  readonly limitMs: () => number;
  readonly monotonic: () => number;
  /** At every check while no look comes. */
  readonly onSilence: (assessment: Assessment, gap: Gap) => void;
}

/**
 * Notices that no look comes any more, and says what is known then: nothing. Without it the last look would stay, calm or
 * not, for as long as the thread that looks hangs or dies.
 */
export class Silence {
  private last: Assessment | null = null;
  private silentMs = 0;
  private checkedAt: number;
  private why = HANGS;
  private readonly timer: NodeJS.Timeout;
  private readonly options: SilenceOptions;

  constructor(options: SilenceOptions) {
    this.options = options;
    this.checkedAt = options.monotonic();
    this.timer = setInterval(() => this.check(), CHECK_MS).unref();
  }

  heard(assessment: Assessment): void {
    this.last = assessment;
    this.silentMs = 0;
    this.why = HANGS;
  }

  /** What that thread has complained of last. */
  noteError(why: string): void {
    this.why = why;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private check(): void {
    const { limitMs, monotonic, onSilence } = this.options;
    const now = monotonic();
    // Who was stopped or suspended himself could not hear: such time does not count.
    this.silentMs += Math.min(now - this.checkedAt, 2 * CHECK_MS);
    this.checkedAt = now;
    if (this.last === null || this.silentMs <= limitMs()) return;
    const { why } = this;
    onSilence(blinded(this.last), {
      source: 'look',
      what: 'everything',
      why,
      costs: 'nothing is known since the last look',
    });
  }
}

/** Of the time of the last look, so that its age shows, and without anything that it saw. */
function blinded(last: Assessment): Assessment {
  const namespaces = last.namespaces.map(
    (one): NamespaceReport => ({
      ...one,
      verdict: 'blind',
      sockets: null,
      reservedPorts: null,
      usablePorts: null,
      blockedPorts: null,
      destinations: [],
      bindPools: [],
      destinationsInUse: 0,
      destinationsOmitted: 0,
      omittedUsedPorts: 0,
      counters: {},
    }),
  );
  return { ...last, verdict: 'blind', namespaces, pools: [], gaps: [], collectors: [] };
}
