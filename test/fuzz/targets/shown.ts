// What is shown of names that come from outside: on a terminal, in the exposition that Prometheus reads; and what is typed.
import assert from 'node:assert/strict';
import type { Assessment } from '../../../agent/model/assessment.ts';
import { PrometheusExporter } from '../../../exporters/prometheus.ts';
import { checkTable } from '../../../exporters/text.ts';
import { inert } from '../../../exporters/top/inert.ts';
import { type Keypress, keysOf } from '../../../exporters/top/key.ts';
import { INITIAL, pressed, type ViewState } from '../../../exporters/top/state.ts';
import { cutMiddle, width, wrap } from '../../../exporters/top/width.ts';
import { BUSY, screenText, viewOf } from '../../support/top-views.ts';
import { Draw } from '../draw.ts';
import { edited, HOSTILE_TEXTS } from '../edited.ts';
import { isOneLine, isWithin } from '../holds.ts';
import type { Target } from '../target.ts';

/** Prometheus's text format: a comment, or a name with labels, a number and nothing else. */
const SAMPLE = /^[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="([^"\\\n]|\\["\\n])*",?)*\})? (-?[\d.]+(e[+-]?\d+)?|[+-]Inf|NaN)$/i;

/** One for all, as a daemon has one: prom-client's own metrics of the process are watched for as long as it lives. */
const exporter = new PrometheusExporter({ maxDestinations: 8, version: '0.1.0', node: 'v20' });

export const SHOWN: readonly Target[] = [
  {
    name: 'metrics',
    seeds: [new Uint8Array([5, 0, 25, 0, 3]), new Uint8Array([3, 1, 4])],
    async run(input) {
      const hostile = edited(BUSY, new Draw(input), true) as Assessment;
      exporter.publish(hostile);
      for (const line of (await exporter.render('text')).body.split('\n')) {
        if (line !== '' && !line.startsWith('# ')) assert.match(line, SAMPLE);
      }
      // Colours are ours; what comes from outside has none left by the time it is here.
      lines(checkTable(hostile, { all: true, color: false }).replaceAll('\u001b[8m', ''));
    },
  },
  {
    name: 'inert',
    seeds: ['node server.js', '漢字 é', '👩‍👩‍👧', '\u001b[31mred', 'e\u0301\u0301', '\u202eabc'],
    tokens: HOSTILE_TEXTS,
    mostBytes: 64 * 1024,
    run(input) {
      const draw = new Draw(input);
      const most = 1 + (draw.byte() % 130);
      const text = draw.rest().toString('utf8');
      const shown = inert(text, most);
      isOneLine(shown);
      isWithin(width(shown), 0, most, 'its width');
      assert.equal(inert(shown, most), shown);
      isWithin(width(cutMiddle(shown, most >> 1)), 0, most >> 1, 'its width, cut in the middle');
      for (const line of wrap(shown, Math.max(2, most >> 2)))
        isWithin(width(line), 0, Math.max(2, most >> 2), 'the width of a line');
    },
  },
  {
    name: 'keys',
    seeds: ['jjk\r', '/abc\u001b', '?q', 's><G g'],
    tokens: ['\r', '\u001b', '/', 'up', 'pagedown', 'home', 'backspace', '漢', '👩'],
    run(input) {
      const draw = new Draw(input);
      let state: ViewState = INITIAL;
      const { rows, lines: height, page } = { rows: ['a', 'b', 'c'], lines: 40, page: 7 };
      while (!draw.isOver) {
        const flags = draw.byte();
        const sequence = String.fromCodePoint(draw.byte() * (1 + (flags >> 4) * 277));
        const keypress: Keypress = {
          sequence: (flags & 4) === 0 ? sequence : `\u001b${sequence}`,
          name:
            (flags & 1) === 0
              ? undefined
              : draw.of(['up', 'down', 'return', 'escape', 'backspace', 'home', 'end', 'undefined']),
          ctrl: (flags & 8) !== 0,
          meta: (flags & 2) !== 0,
        };
        for (const key of keysOf(keypress)) {
          const next = pressed(state, key, { rows, page, lines: height });
          if (next !== 'quit') state = next;
        }
        isWithin(state.scrolled, 0, height - page, 'lines scrolled');
        isWithin(state.filter.length, 0, 101, 'the filter');
      }
      lines(screenText(viewOf(40, 12, { ...state, chosen: null, mode: 'table' })));
    },
  },
];

function lines(text: string): void {
  for (const line of text.split('\n')) isOneLine(line, 100_000);
}
