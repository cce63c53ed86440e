import { TracedConnections } from '../correlate/traced-connections.ts';
import type { Gap } from '../model/gap.ts';
import type { TraceHealth, TraceSink, TraceTasks } from '../model/trace-events.ts';

/** The kernel's trace, running. */
export interface StartedTrace {
  readonly trace: {
    readonly health: TraceHealth;
    drain(sink: TraceSink): void;
    follow(low: number, high: number): void;
    close(): void;
  };
  readonly tasks: TraceTasks;
}

/** What could not be started is tried again so often. */
const AGAIN_MS = 60_000;
/** Lost events are told of for so long. */
const LOST_FOR_MS = 60_000;

const SOURCE = 'sock-trace';

/** Keeps the kernel's trace going, or says why there is none. */
export class Tracing {
  private running: (StartedTrace & { readonly connections: TracedConnections }) | null = null;
  private failed: { readonly at: number; readonly why: string } | null = null;
  private lost = { events: 0, at: Number.NEGATIVE_INFINITY };
  private ports = { low: Number.POSITIVE_INFINITY, high: 0 };
  private readonly begin: () => StartedTrace;
  private readonly monotonic: () => number;

  constructor(begin: () => StartedTrace, monotonic: () => number) {
    this.begin = begin;
    this.monotonic = monotonic;
  }

  /** null: it does not run. */
  get connections(): TracedConnections | null {
    return this.running?.connections ?? null;
  }

  /** null: it does not run. */
  get health(): TraceHealth | null {
    return this.running?.trace.health ?? null;
  }

  /** Takes in what has happened up to now. */
  drain(): void {
    try {
      this.start();
      const { running } = this;
      if (running === null) return;
      running.trace.drain(running.connections);
      running.connections.settle();
      const { lostEvents } = running.trace.health;
      if (lostEvents > this.lost.events) this.lost = { events: lostEvents, at: this.monotonic() };
    } catch (error) {
      this.close();
      this.failed = { at: this.monotonic(), why: (error as Error).message };
    }
  }

  /** Follows the closes of connections from these ports too: a namespace's range. */
  follow({ low, high }: { readonly low: number; readonly high: number }): void {
    const wider = { low: Math.min(this.ports.low, low), high: Math.max(this.ports.high, high) };
    if (wider.low === this.ports.low && wider.high === this.ports.high) return;
    this.ports = wider;
    this.running?.trace.follow(wider.low, wider.high);
  }

  gaps(): readonly Gap[] {
    const { failed, running } = this;
    if (running === null) {
      const why = failed?.why ?? 'it has not begun';
      const costs = 'rates, owners and bound ports are known as far as the socket table tells';
      return [{ source: SOURCE, what: "the kernel's trace", why, costs }];
    }
    const gaps: Gap[] = [];
    if (running.trace.health.mode === 'opens') {
      const why = 'so many connections come and go that to follow them to their end would cost too much';
      const costs = 'closes and owners are known as far as the socket table tells';
      gaps.push({ source: SOURCE, what: 'all but the opens of connections', why, costs });
    }
    if (this.monotonic() - this.lost.at < LOST_FOR_MS) {
      const why = 'they came faster than they were read';
      const costs = 'what the trace told before that is not used any more';
      gaps.push({ source: SOURCE, what: "events of the kernel's trace", why, costs });
    }
    return gaps;
  }

  close(): void {
    const { running } = this;
    this.running = null;
    running?.trace.close();
  }

  private start(): void {
    if (this.running !== null) return;
    if (this.failed !== null && this.monotonic() - this.failed.at < AGAIN_MS) return;
    const started = this.begin();
    this.failed = null;
    this.lost = { events: 0, at: Number.NEGATIVE_INFINITY };
    this.running = { ...started, connections: new TracedConnections(started.tasks) };
    const { low, high } = this.ports;
    if (low <= high) started.trace.follow(low, high);
  }
}
