/** What was over so lately and is so again flaps. */
export const FLAP_MS = 10 * 60_000;
/** A look may come so late, and what it sees still goes on. */
const PAUSE_MS = 2500;
/** What was forecast and did not come is believed again when it has gone on for so much longer. */
const LONGER = 1.5;

interface Episode {
  since: number;
  last: number;
  isForecast: boolean;
}

/**
 * How long what was forecast went on each time before it ended by itself: bursts that come and go again and again are
 * news once.
 */
export class Episodes {
  private readonly current = new Map<string, Episode>();
  private readonly longest = new Map<string, { readonly at: number; readonly ms: number }>();

  /** Call whenever it is so; false: as things have gone lately, it will end by itself. */
  isBelieved(key: string, isForecast: boolean, at: number): boolean {
    let episode = this.current.get(key);
    if (episode === undefined || at - episode.last > PAUSE_MS) {
      episode = { since: at, last: at, isForecast };
      this.current.set(key, episode);
    }
    episode.last = at;
    episode.isForecast &&= isForecast;
    const before = this.longest.get(key);
    return !episode.isForecast || before === undefined || at - episode.since > before.ms * LONGER;
  }

  /** Call once an update, after all that is so. */
  turn(at: number): void {
    for (const [key, { since, last, isForecast }] of this.current) {
      if (at - last <= PAUSE_MS) continue;
      this.current.delete(key);
      const ms = Math.max(last - since, this.longest.get(key)?.ms ?? 0);
      if (isForecast) this.longest.set(key, { at, ms });
    }
    for (const [key, { at: then }] of this.longest) if (at - then >= FLAP_MS) this.longest.delete(key);
  }
}
