/** What is kept for the plot, in ms. */
const KEPT_MS = 61_000;

export interface Moment {
  /** In ms, as performance.now() counts. */
  readonly at: number;
  readonly used: number;
}

/** Ports used in the last minute, by destination, as far as this page has seen it. */
export class History {
  private readonly known = new Map<string, Moment[]>();

  note(key: string, at: number, used: number): void {
    const moments = this.known.get(key) ?? [];
    moments.push({ at, used });
    while (moments[0] !== undefined && at - moments[0].at > KEPT_MS) moments.shift();
    this.known.set(key, moments);
  }

  of(key: string): readonly Moment[] {
    return this.known.get(key) ?? [];
  }

  /** Forgets those that are not shown any more. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.known.keys()) if (!keys.has(key)) this.known.delete(key);
  }

  get size(): number {
    return this.known.size;
  }
}
