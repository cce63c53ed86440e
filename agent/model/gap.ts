/**
 * Something Lastport could not see, and why. A Gap travels to every exporter: what is missing is never shown as 0.
 */
export interface Gap {
  /** The collector (or option) that could not see. */
  readonly source: string;
  /** What was not seen. */
  readonly what: string;
  /** Why: the error, as found. */
  readonly why: string;
  /** What the reader loses by it. */
  readonly costs: string;
}
