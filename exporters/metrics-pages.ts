import type { Answer } from './http-answer.ts';
import type { MetricsFormat } from './prometheus.ts';

/** A page serves all who ask until the next look, and so long at most: what it says of this process is no look's. */
const LONGEST_MS = 1000;

/** However many ask for metrics: to make a page takes milliseconds, and of one that is not read there is but one copy. */
export class MetricsPages {
  private readonly pages = new Map<MetricsFormat, { readonly at: number; readonly answer: Promise<Answer> }>();
  private readonly render: (format: MetricsFormat) => Promise<{ contentType: string; body: string }>;
  private readonly monotonic: () => number;

  constructor(render: MetricsPages['render'], monotonic: () => number) {
    this.render = render;
    this.monotonic = monotonic;
  }

  /** There is a new look. */
  clear(): void {
    this.pages.clear();
  }

  get(format: MetricsFormat): Promise<Answer> {
    const known = this.pages.get(format);
    const now = this.monotonic();
    if (known !== undefined && now - known.at < LONGEST_MS) return known.answer;
    const answer = this.render(format).then(
      ({ contentType, body }): Answer => ({ status: 200, type: contentType, body }),
    );
    this.pages.set(format, { at: now, answer });
    answer.catch(() => this.pages.delete(format));
    return answer;
  }
}
