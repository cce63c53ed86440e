import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LiveScreen } from '../../../agent/top/live-screen.ts';
import type { TerminalListeners } from '../../../agent/top/terminal.ts';
import { Painter } from '../../../exporters/top/painter.ts';
import { BUSY, viewOf } from '../../support/top-views.ts';

/** A screen whose clocks stand where the test puts them. */
class Bench {
  nowMs = Date.parse(BUSY.takenAt);
  readonly writes: string[] = [];
  quits = 0;
  private listeners: TerminalListeners | null = null;
  private readonly screen: LiveScreen;

  constructor() {
    const began = this.nowMs;
    this.screen = new LiveScreen({
      terminal: {
        size: { columns: 80, rows: 24 },
        write: (bytes) => void (bytes !== '' && this.writes.push(bytes)),
        open: (listeners) => {
          this.listeners = listeners;
        },
        close: () => undefined,
        suspend: () => undefined,
      },
      painter: new Painter({ color: false, utf8: true }),
      explain: () => viewOf(80, 24).explain,
      now: () => this.nowMs,
      monotonic: () => this.nowMs - began,
      onQuit: () => {
        this.quits++;
      },
    });
  }

  /** What is written when BUSY of so many seconds later comes. */
  show(seconds: number): string {
    this.nowMs = Date.parse(BUSY.takenAt) + seconds * 1000;
    const assessment = { ...BUSY, takenAt: new Date(this.nowMs).toISOString() };
    return this.during(() => this.screen.show({ from: 'daemon', assessment, problem: null }));
  }

  press(name: string): string {
    return this.during(() => this.listeners?.onKey({ name, character: name.length === 1 ? name : null }));
  }

  close = () => this.screen.close();

  private during(act: () => void): string {
    const before = this.writes.length;
    act();
    assert.ok(this.writes.length <= before + 1, 'one write at most');
    return this.writes.slice(before).join('');
  }
}

describe('LiveScreen', () => {
  it('paints what comes, and of the next only what differs', () => {
    const bench = new Bench();
    assert.match(bench.show(0), /10\.9\.0\.2:8080/);
    const bytes = bench.show(1);
    assert.doesNotMatch(bytes, /8080/);
    assert.match(bytes, /H1/);
    bench.close();
  });

  it('shows nothing new while it is paused, and the newest after it', () => {
    const bench = new Bench();
    bench.show(0);
    assert.match(bench.press('p'), /PAUSED/);
    assert.equal(bench.show(5), '');
    assert.equal(bench.show(7), '');
    assert.match(bench.press('p'), /02:40:07Z/);
    bench.close();
  });

  it('ends with q and with Ctrl-C', () => {
    const bench = new Bench();
    bench.show(0);
    bench.press('q');
    bench.press('ctrl-c');
    assert.equal(bench.quits, 2);
    bench.close();
  });

  it('paints all again after Ctrl-L', () => {
    const bench = new Bench();
    bench.show(0);
    assert.match(bench.press('ctrl-l'), /10\.9\.0\.2:8080/);
    bench.close();
  });
});
