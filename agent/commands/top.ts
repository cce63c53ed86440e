import { once } from 'node:events';
import type { Feed } from '../../exporters/top/feed.ts';
import type { Config } from '../config/config.ts';
import type { Assessment } from '../model/assessment.ts';

export interface TopParts {
  /** Begins to find out what there is, once a tick. */
  readonly source: (onFeed: (feed: Feed) => void) => Promise<{ close(): Promise<void> }>;
  /** Opens the screen; null: there is no terminal for one. */
  readonly screen: ((onQuit: () => void) => { show(feed: Feed): void; close(): void }) | null;
  /** One table, for a pipe or a file. */
  readonly render: (assessment: Assessment) => string;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Called when nobody reads on. */
  readonly onUnread: (listener: () => void) => void;
  /** Aborts when it is to end. */
  readonly signal: AbortSignal;
}

/** `lastport top`: the tightest destinations, live, on a screen or as one table after the other. Returns the exit code. */
export async function top({ format, iterations }: Pick<Config, 'format' | 'iterations'>, parts: TopParts): Promise<0> {
  const end = new AbortController();
  const quit = () => end.abort();
  parts.signal.addEventListener('abort', quit);
  parts.onUnread(quit);
  const wantsScreen = format === 'table' && iterations === null;
  const screen = wantsScreen ? (parts.screen?.(quit) ?? null) : null;
  try {
    const onFeed = screen === null ? plain(format, iterations, parts, quit) : (feed: Feed) => screen.show(feed);
    const source = await parts.source(onFeed);
    if (!end.signal.aborted && !parts.signal.aborted) await once(end.signal, 'abort');
    // The terminal first: what else has to end may take its time.
    screen?.close();
    await source.close();
  } finally {
    screen?.close();
  }
  return 0;
}

/** One table, or one line of JSON, for each look. */
function plain(
  format: Config['format'],
  iterations: number | null,
  { stdout, stderr, render }: TopParts,
  quit: () => void,
): (feed: Feed) => void {
  let printed = 0;
  let told: string | null = null;
  let last = '';
  return ({ assessment, problem }) => {
    if (problem !== null && problem !== told) stderr(`lastport: ${problem}\n`);
    told = problem;
    if (assessment === null || assessment.takenAt === last || printed === iterations) return;
    last = assessment.takenAt;
    stdout(format === 'json' ? `${JSON.stringify(assessment)}\n` : `${printed === 0 ? '' : '\n'}${render(assessment)}`);
    if (++printed === iterations) quit();
  };
}
