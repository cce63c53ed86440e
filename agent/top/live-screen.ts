import type { Feed } from '../../exporters/top/feed.ts';
import { History } from '../../exporters/top/history.ts';
import type { Painter } from '../../exporters/top/painter.ts';
import { screen, type View } from '../../exporters/top/screen.ts';
import { INITIAL, type Key, pressed, type Shown, type ViewState } from '../../exporters/top/state.ts';
import type { Terminal } from './terminal.ts';

export interface LiveScreenParts {
  readonly terminal: Pick<Terminal, 'size' | 'write' | 'open' | 'close' | 'suspend'>;
  readonly painter: Painter;
  readonly explain: (feed: Feed) => View['explain'];
  readonly now: () => number;
  readonly monotonic: () => number;
  /** The one who looks wants no more of it. */
  readonly onQuit: () => void;
}

/** Deadlines count down between looks. Only what has changed of them is written. */
const COUNTDOWN_MS = 500;
/** A look that is older when it comes is of another clock than ours. */
const OLDEST_MS = 5000;

/** The screen while it is open: what is known and what was chosen, painted when either changes. */
export class LiveScreen {
  private state: ViewState = INITIAL;
  private feed: Feed = { from: 'look', assessment: null, problem: null };
  private next: Feed | null = null;
  private takenAt = 0;
  private pausedAge: number | null = null;
  private shown: Shown = { rows: [], page: 1, lines: 0 };
  private readonly history = new History();
  private readonly timer: NodeJS.Timeout;
  private readonly parts: LiveScreenParts;

  constructor(parts: LiveScreenParts) {
    this.parts = parts;
    parts.terminal.open({
      onKey: (key) => this.onKey(key),
      onBlank: () => {
        parts.painter.forget();
        this.paint();
      },
      onResize: () => this.paint(),
      onGone: parts.onQuit,
    });
    this.timer = setInterval(() => this.paint(), COUNTDOWN_MS);
  }

  close(): void {
    clearInterval(this.timer);
    this.parts.terminal.close();
  }

  show(feed: Feed): void {
    if (feed.assessment !== null) this.history.note(feed.assessment);
    if (this.state.isPaused) {
      this.next = feed;
      return;
    }
    const { assessment } = feed;
    if (assessment !== null && assessment.takenAt !== this.feed.assessment?.takenAt) {
      const age = this.parts.now() - Date.parse(assessment.takenAt);
      this.takenAt = this.parts.monotonic() - (age >= 0 && age <= OLDEST_MS ? age : 0);
    }
    this.feed = feed;
    this.paint();
  }

  private onKey(key: Key): void {
    const { terminal, painter, onQuit } = this.parts;
    const state = key.name === 'ctrl-c' ? 'quit' : pressed(this.state, key, this.shown);
    if (state === 'quit') {
      onQuit();
      return;
    }
    if (key.name === 'ctrl-z') {
      terminal.suspend();
      return;
    }
    if (key.name === 'ctrl-l') painter.forget();
    const wasPaused = this.state.isPaused;
    if (state.isPaused !== wasPaused) this.pausedAge = wasPaused ? null : this.ageSeconds();
    this.state = state;
    const { next } = this;
    if (!state.isPaused && next !== null) {
      this.next = null;
      this.show(next);
    } else this.paint();
  }

  private ageSeconds(): number {
    return this.pausedAge ?? Math.max(0, this.parts.monotonic() - this.takenAt) / 1000;
  }

  private paint(): void {
    const { terminal, painter, explain } = this.parts;
    const { size } = terminal;
    const { feed, state } = this;
    const history = (key: string) => this.history.of(key);
    const { lines, shown } = screen({
      feed,
      state,
      size,
      ageSeconds: this.ageSeconds(),
      history,
      explain: explain(feed),
    });
    this.shown = shown;
    terminal.write(painter.paint(lines, size));
  }
}
