// The live page in a real browser, before an agent that sees what it is told to see.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import type { Assessment, DestinationReport } from '../../../agent/model/assessment.ts';
import { HttpServer } from '../../../exporters/http-server.ts';
import { until } from '../../e2e/until.ts';
import { alert } from '../../support/alerts.ts';
import { assessment, cause, destination, namespace, owner } from '../../support/assessments.ts';
import { becomes, openPage, TestBrowser, type Watched } from '../../support/browser.ts';
import { needs } from '../../support/needs.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const MANY = 200;
const TIDE = {
  closesAgo: Array.from({ length: 60 }, () => 100),
  usedAhead: Array.from({ length: 61 }, (_, s) => 14_020 + s * 100),
};
/** What somebody may call a host, to do harm: markup, letters that turn the line round, an escape, ten thousand of them. */
const HOSTILE = `<img src=x onerror=alert(1)><script>alert(2)</script>\u202Eevil\u202C\u001b[31m${'x'.repeat(10_000)}`;

let looks = 0;
function seen(destinations: readonly DestinationReport[], more: Partial<Assessment> = {}): Assessment {
  looks++;
  const takenAt = new Date(Date.UTC(2026, 0, 1) + looks * 1000).toISOString();
  return assessment({ takenAt, namespaces: [namespace({ destinations })], ...more });
}
const numbered = (index: number, more: Partial<DestinationReport> = {}) =>
  destination({
    remote: `10.8.${index >> 8}.${index & 255}`,
    usedPorts: 20_000 - index * 50,
    headroomPorts: 8229 + index * 50,
    tide: index < 8 ? TIDE : null,
    ...more,
  });

async function serve(port = 0): Promise<{ http: HttpServer; port: number }> {
  const http = new HttpServer({
    render: () => Promise.reject(new Error('nobody asks')),
    lastTick: () => null,
    allowedHosts: () => [],
    onError: (what, error) => assert.fail(`${what}: ${error}`),
    monotonic: () => performance.now(),
  });
  return { http, port: await http.listen({ kind: 'tcp', host: '127.0.0.1', port }) };
}

/** The page as it is once this has come. */
async function shown(page: Watched['page'], { takenAt }: Assessment): Promise<void> {
  await becomes(page, `document.body.dataset.takenAt === '${takenAt}'`);
}

describe('the live page', { skip: needs('chromium'), timeout: 120_000 }, () => {
  let chromium: TestBrowser;
  before(async () => {
    chromium = await TestBrowser.start();
  });
  after(() => chromium.close());
  const inBrowser = (use: (browser: Browser, http: HttpServer, url: string) => Promise<void>) => async () => {
    const { http, port } = await serve();
    try {
      await use(chromium.browser, http, `http://127.0.0.1:${port}`);
    } finally {
      await http.close(0);
    }
  };

  it(
    'shows what the agent sees, counts down, and asks nobody else',
    inBrowser(async (browser, http, url) => {
      const all = Array.from({ length: MANY }, (_, index) => numbered(index));
      all[0] = numbered(0, { verdict: 'critical', causes: [cause()], owners: [owner()] });
      http.publish(seen(all, { verdict: 'critical' }));
      http.noteAlerts([alert()], true);
      const { page, complaints } = await openPage(browser, url);
      assert.match((await page.textContent('#headline')) ?? '', /^CRITICAL web-1: 10\.8\.0\.0:8080 /);
      assert.match((await page.textContent('#alerts')) ?? '', /critical: .*LastportPortsExhausted/);
      assert.match((await page.textContent('#detail-body')) ?? '', /900 connections closed/);
      assert.equal(await page.locator('#rows tr').count(), MANY);
      const row = await page.locator('#rows tr').nth(100).innerText();
      assert.match(row, /10\.8\.0\.100:8080[\s\S]*15,000 \(53 %\)\s*13,229/);

      // 4.1 s at first; never more than that, and less as time goes by.
      const left = async () =>
        Number.parseFloat(/ports in ([\d.]+) s/.exec((await page.textContent('#worst')) ?? '')?.[1] ?? 'NaN');
      const before = await left();
      await until('less', async () => ((await left()) < before - 0.5 ? 'less' : null));
      assert.ok(before <= 4.1);

      const next = seen([numbered(0, { usedPorts: 28_232, headroomPorts: 0, verdict: 'critical' })]);
      http.publish(next);
      await shown(page, next);
      assert.match((await page.textContent('#worst')) ?? '', /out of ports: every new connection fails/);
      assert.equal(await page.locator('#rows tr').count(), 1);
      http.noteAlerts([], true);
      await page.waitForSelector('#alerts-section', { state: 'hidden' });
      assert.deepEqual(complaints, []);
    }),
  );

  it(
    'is to be used without a mouse, and without eyes',
    inBrowser(async (browser, http, url) => {
      http.publish(seen(Array.from({ length: 5 }, (_, index) => numbered(index, { causes: [cause()] }))));
      http.noteAlerts([alert()], true);
      for (const [colorScheme, width] of [
        ['light', 1200],
        ['dark', 390],
      ] as const) {
        const { page, complaints } = await openPage(browser, url, width);
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await axe(page), [], `${colorScheme}, ${width} px`);
        const wide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        assert.ok((await page.evaluate<number>(wide)) <= 0, `too wide at ${width}`);
        assert.deepEqual(complaints, []);
        await page.close();
      }
      const { page } = await openPage(browser, url);
      await page.locator('#rows button').first().focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      assert.match((await page.textContent('#detail-title')) ?? '', /^10\.8\.0\.2:8080/);
      assert.equal(await page.locator('#rows button[aria-pressed=true]').count(), 1);
      // It stays where it is when the next look comes.
      const next = seen(Array.from({ length: 5 }, (_, index) => numbered(index, { usedPorts: 21_000 })));
      http.publish(next);
      await shown(page, next);
      assert.match((await page.evaluate<string>('document.activeElement.textContent')) ?? '', /^10\.8\.0\.2:8080/);
      assert.match((await page.textContent('#detail-title')) ?? '', /^10\.8\.0\.2:8080/);
    }),
  );

  it(
    'shows what is hostile as what it is',
    inBrowser(async (browser, http, url) => {
      const evil = { ...cause(), evidence: [HOSTILE], remedies: [HOSTILE], callSite: HOSTILE };
      const one = numbered(0, {
        remoteName: HOSTILE,
        causes: [evil],
        owners: [owner({ command: HOSTILE, unit: null })],
      });
      http.publish(seen([one], { gaps: [{ source: 'x', what: HOSTILE, why: HOSTILE, costs: HOSTILE }] }));
      http.noteAlerts([alert({ unit: HOSTILE })], true);
      const { page, complaints } = await openPage(browser, url);
      assert.equal(await page.locator('main img, main script').count(), 0);
      const text = await page.evaluate<string>('document.body.innerText');
      assert.ok(text.includes('<img src=x onerror=alert(1)>'), 'it is shown');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
      assert.ok(!/[\u202A-\u202E\u2066-\u2069\u001b]/.test(text));
      assert.ok(text.length < 10_000, `${text.length} letters`);
      assert.deepEqual(complaints, []);
    }),
  );

  it(
    'comes back by itself when the agent does, and says so meanwhile',
    inBrowser(async (browser, http, url) => {
      http.publish(seen([numbered(0)]));
      const { page } = await openPage(browser, url);
      await becomes(page, `document.querySelector('#connection').textContent.startsWith('live')`);
      await http.close(0);
      await becomes(page, `document.querySelector('#connection').textContent.startsWith('not connected')`);
      const { http: again } = await serve(Number(new URL(url).port));
      try {
        const next = seen([numbered(0, { usedPorts: 123 })]);
        again.publish(next);
        await shown(page, next);
        assert.match((await page.textContent('#rows')) ?? '', /123 \(0 %\)/);
      } finally {
        await again.close(0);
      }
    }),
  );

  it(
    'does not grow',
    inBrowser(async (browser, http, url) => {
      // Each look has destinations that no other has.
      const look = () =>
        seen(Array.from({ length: 30 }, (_, index) => numbered((looks * 7 + index) % 5000, { tide: TIDE })));
      http.publish(look());
      const { page } = await openPage(browser, url);
      const session = await page.context().newCDPSession(page);
      const heap = async () => {
        await session.send('HeapProfiler.collectGarbage');
        return (await session.send('Runtime.getHeapUsage')).usedSize / 1024 / 1024;
      };
      const pass = async (count: number) => {
        for (let index = 0; index < count; index++) {
          const next = look();
          http.publish(next);
          await shown(page, next);
        }
      };
      await pass(40);
      const before = await heap();
      await pass(80);
      const grown = (await heap()) - before;
      assert.ok(grown < 1, `${grown.toFixed(2)} MiB more after 120 looks than after 40 (${before.toFixed(1)} MiB)`);
    }),
  );
});

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

/** Faults that keep people out. The page's policy lets no foreign script in; the debugger does not ask. */
async function axe(page: Watched['page']): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const { violations } = await page.evaluate<AxeResult>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}
