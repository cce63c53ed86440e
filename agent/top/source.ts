import type { Feed } from '../../exporters/top/feed.ts';
import type { Answered, NoAnswer } from '../daemon-client.ts';
import { parsed, reasonOf } from '../explain-source.ts';
import type { Assessment } from '../model/assessment.ts';

export interface TopSourceParts {
  /** The daemon's Assessment, over a connection that is kept. */
  readonly ask: () => Promise<Answered | NoAnswer>;
  /** Begins to look without it. */
  readonly startLooking: (
    onAssessment: (assessment: Assessment) => void,
    onError: (what: string, error: unknown) => void,
  ) => { stop(): Promise<void> };
  /** Where the daemon would be, for people. */
  readonly place: string;
  readonly tickMs: number;
  readonly monotonic: () => number;
  readonly onFeed: (feed: Feed) => void;
}

/** A restart takes about a second; after so long it is not one, and what is on the screen is old. */
const PATIENCE_MS = 5000;

/**
 * What `lastport top` shows, once a tick: what the daemon knows while there is one, else what own looks find. Asks for
 * the daemon all the time, so that it comes back when the daemon does.
 */
export class TopSource {
  private timer: NodeJS.Timeout | undefined;
  private isAsking = false;
  private isClosed = false;
  /** When the daemon answered last; null: it never did. */
  private heardAt: number | null = null;
  private looking: { stop(): Promise<void> } | null = null;
  private ending: Promise<void> = Promise.resolve();
  private daemon: Assessment | null = null;
  private own: Assessment | null = null;
  private ownProblem: string | null = null;
  private readonly parts: TopSourceParts;

  constructor(parts: TopSourceParts) {
    this.parts = parts;
    this.timer = setInterval(() => this.tick(), parts.tickMs);
    void this.ask();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.timer);
    this.stopLooking();
    await this.ending;
  }

  private tick(): void {
    // What the daemon knows is told when it has said it.
    if (this.looking !== null && this.own !== null) this.tell();
    void this.ask();
  }

  private async ask(): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    const answer = await this.parts.ask();
    this.isAsking = false;
    if (this.isClosed) return;
    const assessment = answer.state === 'answered' && answer.statusCode === 200 ? parsed(answer.text) : null;
    if (assessment !== null) {
      this.heardAt = this.parts.monotonic();
      this.daemon = assessment;
      this.stopLooking();
      this.parts.onFeed({ from: 'daemon', assessment, problem: null });
    } else this.noteSilence(answer);
  }

  private noteSilence(answer: Answered | NoAnswer): void {
    const { monotonic, place, onFeed } = this.parts;
    const why = reasonOf(answer);
    const isMissed = this.heardAt !== null && monotonic() - this.heardAt < PATIENCE_MS;
    if (isMissed) {
      const problem = `the daemon at ${place} does not answer: ${why}; asking again`;
      onFeed({ from: 'daemon', assessment: this.daemon, problem });
      return;
    }
    // That there is none is as usual, unless there has been one.
    const isNews = answer.state !== 'not running' || this.heardAt !== null;
    this.ownProblem = isNews ? `looking without the daemon at ${place}: ${why}` : null;
    this.looking ??= this.parts.startLooking(
      (assessment) => {
        const isFirst = this.own === null;
        this.own = assessment;
        if (isFirst && !this.isClosed) this.tell();
      },
      (what, error) => {
        this.ownProblem = `${what}: ${(error as Error).message}`;
        if (!this.isClosed) this.tell();
      },
    );
  }

  private tell(): void {
    this.parts.onFeed({ from: 'look', assessment: this.own, problem: this.ownProblem });
  }

  private stopLooking(): void {
    if (this.looking === null) return;
    this.ending = this.looking.stop();
    this.looking = null;
    this.own = null;
  }
}
