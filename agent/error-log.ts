import type { Logger } from '../exporters/log.ts';

/** Lines about one thing that fails, a minute: whoever can make it fail, as with nonsense for a probe, must not fill the disk. */
const LINES_A_MINUTE = 10;
const MINUTE_MS = 60_000;
/** Things that fail are known by what they are, which is part of the program. */
const MOST_KINDS = 100;

interface Kind {
  since: number;
  lines: number;
  heldBack: number;
}

/** Logs errors, of each kind a few a minute; how many more there were is said with the next. */
export function errorLog(
  logger: Pick<Logger, 'error'>,
  monotonic: () => number,
): (what: string, error: unknown) => void {
  const kinds = new Map<string, Kind>();
  return (what, error) => {
    const now = monotonic();
    let kind = kinds.get(what);
    if (kind === undefined) {
      if (kinds.size >= MOST_KINDS) kinds.clear();
      kind = { since: now, lines: 0, heldBack: 0 };
      kinds.set(what, kind);
    }
    if (now - kind.since >= MINUTE_MS) Object.assign(kind, { since: now, lines: 0 });
    if (kind.lines >= LINES_A_MINUTE) {
      kind.heldBack++;
      return;
    }
    kind.lines++;
    const { heldBack } = kind;
    kind.heldBack = 0;
    logger.error({ err: (error as Error).message, ...(heldBack === 0 ? {} : { heldBack }) }, what);
  };
}
