import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { until } from '../e2e/until.ts';

const PATIENCE_MS = 30_000;

export interface Watched {
  readonly page: Page;
  /** What the page complained of, and what it asked for elsewhere. */
  readonly complaints: string[];
}

/** Debian's Chromium, without a window. */
export class TestBrowser {
  readonly browser: Browser;
  private readonly folder: string;

  private constructor(browser: Browser, folder: string) {
    this.browser = browser;
    this.folder = folder;
  }

  /** In the network namespace of the process `pid`, if one is given. */
  static async start(pid?: number): Promise<TestBrowser> {
    const folder = mkdtempSync(join(tmpdir(), 'lastport-browser-'));
    const executablePath = join(folder, 'chromium');
    const inside = pid === undefined ? '' : `nsenter --target ${pid} --net -- `;
    writeFileSync(executablePath, `#!/bin/sh\nexec ${inside}chromium "$@"\n`, { mode: 0o755 });
    return new TestBrowser(await chromium.launch({ executablePath, args: ['--no-sandbox'] }), folder);
  }

  async close(): Promise<void> {
    await this.browser.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Opens the page of the agent at `url`, once it shows something. */
export async function openPage(browser: Browser, url: string, width = 1200, height = 900): Promise<Watched> {
  const page = await browser.newPage({ viewport: { width, height } });
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asked for ${request.url()}`);
  });
  await page.goto(url);
  await becomes(page, `document.body.dataset.takenAt !== undefined`);
  return { page, complaints };
}

/** Waits until this expression is true in the page. As text, for what runs there knows other names than what runs here. */
export async function becomes(page: Page, expression: string): Promise<void> {
  await until(
    expression,
    async () => ((await page.evaluate(expression)) === true ? 'true' : null),
    () => '',
    PATIENCE_MS,
  );
}
