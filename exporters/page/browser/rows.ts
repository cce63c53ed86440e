import { BarView } from './bar-view.ts';
import { arrange, byId, element, write } from './dom.ts';
import { type Place, placeName } from './place.ts';
import { count, deadline, ownerName, percent, rate, VERDICT_MARKS } from './words.ts';

/** Among a row's cells. */
const SLOW = 2;
const FULL = 3;
const LATE_SECONDS = 1.5;
/** Written in one frame: all at once, many rows would make the page stop for a moment at each look. */
const ROWS_A_FRAME = 20;

class Row {
  readonly node = element('tr');
  readonly button = element('button');
  private readonly mark = element('td');
  private readonly bar = new BarView();
  private readonly used = element('span');
  private readonly share = element('span', 'wide');
  private readonly cells = ['number', 'number wide', 'number wide', 'number', 'owner wide'].map((name) =>
    element('td', name),
  );

  constructor(onChoose: () => void) {
    this.button.type = 'button';
    this.button.addEventListener('click', onChoose);
    this.node.append(
      this.mark,
      element('td', '', [this.button]),
      element('td', 'wide', [this.bar.node]),
      element('td', 'number', [this.used, this.share]),
      ...this.cells,
    );
  }

  /** The deadlines alone: between two looks nothing else changes. */
  countDown({ one: { forecast } }: Place, elapsedSeconds: number): void {
    const { slowConnectInSeconds, exhaustedInSeconds } = forecast;
    if (slowConnectInSeconds === null && exhaustedInSeconds === null) return;
    write(this.cells[SLOW] as HTMLElement, deadline(slowConnectInSeconds, elapsedSeconds));
    write(this.cells[FULL] as HTMLElement, deadline(exhaustedInSeconds, elapsedSeconds));
  }

  show(place: Place, isChosen: boolean, elapsedSeconds: number): void {
    const { one } = place;
    const { forecast, owners } = one;
    this.node.className = isChosen ? 'is-chosen' : '';
    this.button.setAttribute('aria-pressed', String(isChosen));
    this.mark.className = one.verdict;
    write(this.mark, VERDICT_MARKS[one.verdict]);
    write(this.button, placeName(place));
    this.bar.show(one);
    const [owner] = owners ?? [];
    write(this.used, count(one.usedPorts));
    write(this.share, ` (${percent(one.usedPorts, one.usablePorts)})`);
    const texts = [
      count(one.headroomPorts),
      rate(one.opensPerSecond),
      deadline(forecast.slowConnectInSeconds, elapsedSeconds),
      deadline(forecast.exhaustedInSeconds, elapsedSeconds),
      owner === undefined ? '?' : ownerName(owner),
    ];
    for (const [index, cell] of this.cells.entries()) write(cell, texts[index] as string);
  }
}

/** All of them, in a table. One of its buttons is reached by Tab, the others from there by the arrow keys. */
export class RowsView {
  private readonly rows = new Map<string, Row>();
  private order: readonly string[] = [];
  private shown: { readonly places: readonly Place[]; readonly chosen: string | null } | null = null;
  private readonly onChoose: (key: string) => void;
  private frame = 0;

  constructor(onChoose: (key: string) => void) {
    this.onChoose = onChoose;
    byId('rows').addEventListener('keydown', (event) => this.move(event));
  }

  /** `onDone`: called when all rows say what is so, some frames later if there are many. */
  show(places: readonly Place[], chosen: string | null, elapsedSeconds: number, onDone: () => void): void {
    if (this.shown?.places === places && this.shown.chosen === chosen) {
      // Where a look comes every second it brings the deadlines along.
      if (elapsedSeconds < LATE_SECONDS) return;
      for (const place of places) this.rows.get(place.key)?.countDown(place, Math.floor(elapsedSeconds));
      return;
    }
    this.shown = { places, chosen };
    byId('all-section').hidden = places.length === 0;
    const nodes = places.map((place) => {
      let row = this.rows.get(place.key);
      if (row === undefined) {
        row = new Row(() => this.onChoose(place.key));
        this.rows.set(place.key, row);
      }
      return row.node;
    });
    this.order = places.map(({ key }) => key);
    const known = new Set(this.order);
    for (const key of this.rows.keys()) if (!known.has(key)) this.rows.delete(key);
    const focused = this.order.find((key) => this.rows.get(key)?.button === document.activeElement);
    arrange(byId('rows'), nodes);
    // A row that was moved has lost it.
    if (focused !== undefined) this.rows.get(focused)?.button.focus({ preventScroll: true });
    const reached = focused ?? (chosen !== null && known.has(chosen) ? chosen : this.order[0]);
    for (const [key, { button }] of this.rows) button.tabIndex = key === reached ? 0 : -1;
    cancelAnimationFrame(this.frame);
    this.fill(places, 0, elapsedSeconds, onDone);
  }

  private fill(places: readonly Place[], from: number, elapsedSeconds: number, onDone: () => void): void {
    const chosen = this.shown?.chosen ?? null;
    for (const place of places.slice(from, from + ROWS_A_FRAME))
      this.rows.get(place.key)?.show(place, place.key === chosen, elapsedSeconds);
    const next = from + ROWS_A_FRAME;
    if (next >= places.length) onDone();
    else this.frame = requestAnimationFrame(() => this.fill(places, next, elapsedSeconds, onDone));
  }

  private move(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -this.order.length, End: this.order.length }[event.key];
    if (step === undefined) return;
    const from = this.order.findIndex((key) => this.rows.get(key)?.button === document.activeElement);
    if (from < 0) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(this.order.length - 1, from + step));
    this.rows.get(this.order[from] as string)?.button.setAttribute('tabindex', '-1');
    const button = this.rows.get(this.order[to] as string)?.button;
    button?.setAttribute('tabindex', '0');
    button?.focus();
  }
}
