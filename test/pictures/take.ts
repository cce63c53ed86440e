// npm run pictures: those of the README, of a real run: a daemon in a private network namespace, beside a client that leaves
// bodies unread and one that reads them. Needs Chromium, tmux and root.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { until } from '../e2e/until.ts';
import { serverOf } from '../scenarios/programs.ts';
import { PROGRAMS, Stage } from '../scenarios/stage.ts';
import { TestBrowser } from '../support/browser.ts';
import { root } from '../support/golden.ts';
import { MAIN } from '../support/program.ts';
import { terminalHtml } from './terminal-html.ts';

const PROBE = join(root, 'dist/collectors/undici/probe.cjs');
const FOLDER = join(root, 'docs/pictures');
const AT = '10.9.0.2:8080';
/** A hundred ports a second: the last one goes after 57 s, and before that there is the most to see. */
const WAIT_MS = 25_000;
const [COLUMNS, ROWS] = [100, 18];

const stage = await Stage.open({ sysctls: { ip_local_port_range: '20000 25599' } });
let chromium: TestBrowser | undefined;
try {
  await stage.start('server', serverOf(['8080', '8081']), { where: 'server', awaits: 'ready' });
  const socket = join(stage.folder, 'probe.sock');
  const options = ['--netns', 'self', '--state-dir', 'off', '--probe-socket', socket];
  await stage.log('lastport', [process.execPath, MAIN, 'run', ...options]);
  const env = { NODE_OPTIONS: `--require ${JSON.stringify(PROBE)}`, LASTPORT_PROBE_SOCKET: socket };
  const client = (mode: string, at: string) => [
    process.execPath,
    join(PROGRAMS, 'story-client.mjs'),
    mode,
    `http://${at}`,
  ];
  await stage.start('unread', client('unread', AT), { env, awaits: 'ready' });
  await stage.start('read', client('read', '10.9.0.2:8081'), { env, awaits: 'ready' });
  await delay(WAIT_MS);
  chromium = await TestBrowser.start(stage.pidOf('lastport'));
  const { browser } = chromium;
  await terminal(browser, 'top.png');
  await page(browser, 'page.png', 'light', 1100, 1010);
  await page(browser, 'phone.png', 'dark', 390, 844);
} finally {
  await chromium?.close();
  await stage.close();
}

async function page(browser: Browser, name: string, colorScheme: 'light' | 'dark', width: number, height: number) {
  const shown = await browser.newPage({ viewport: { width, height }, colorScheme });
  await shown.goto('http://127.0.0.1:9477/');
  await until('it is live', async () => ((await shown.textContent('#connection'))?.startsWith('live') ? 'live' : null));
  // So that the line of the ports used has a past.
  await delay(10_000);
  await shown.screenshot({ path: join(FOLDER, name) });
  await shown.close();
}

/** `lastport top` in tmux, as it stands there, drawn by the browser. */
async function terminal(browser: Browser, name: string): Promise<void> {
  const tmux = ['tmux', '-f', '/dev/null', '-S', join(stage.folder, 'tmux.sock')];
  const run = async (...argv: string[]) => {
    const { status, stdout, stderr } = await stage.net.run([...tmux, ...argv]);
    if (status !== 0) throw new Error(`tmux ${argv[0]}: ${stderr}`);
    return stdout;
  };
  const size = ['-x', String(COLUMNS), '-y', String(ROWS)];
  await run('new-session', '-d', ...size, `TERM=screen-256color ${process.execPath} ${MAIN} top`);
  try {
    await delay(8000);
    const shown = await browser.newPage({ viewport: { width: 900, height: 600 } });
    await shown.setContent(terminalHtml(await run('capture-pane', '-p', '-e')));
    await shown.locator('pre').screenshot({ path: join(FOLDER, name) });
  } finally {
    await run('kill-server').catch(() => undefined);
  }
}
