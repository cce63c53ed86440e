// `lastport top` in a real terminal, with real traffic.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { obstacle } from '../kernel/netns.ts';
import { LASTPORT } from '../kernel/situation.ts';
import { A, B } from '../kernel/situations/places.ts';
import { needs } from '../support/needs.ts';
import { Inside } from './inside.ts';
import { Pane } from './pane.ts';
import { until } from './until.ts';

const TOP = `${process.execPath} ${LASTPORT} top --netns self`;
const THROWS = "--import=data:text/javascript,process.on('SIGUSR2',()=>{throw(new(Error)('boom'))})";

const skip = needs('tmux') || needs('stty') || (await obstacle());
describe('lastport top in a terminal', { skip, timeout: 120_000 }, () => {
  let inside: Inside;
  let pane: Pane;

  before(async () => {
    inside = await Inside.open();
    pane = await Pane.open(inside, 80, 24);
    await inside.net.connect({ to: A, count: 300, name: 'a' });
    await inside.net.connect({ to: B, count: 40, name: 'b' });
  });
  after(() => inside?.close());

  const start = async (before = 'clear; ') => {
    pane.line(`${before}${TOP}`);
    await pane.shows(/ 10\.9\.0\.2:8080/, /^q quit/m);
  };
  const isBack = () => pane.shows(/^%$/m);

  // One session of top, up to where it finds the daemon again.
  it('shows what the daemon knows, and goes where keys tell it', async () => {
    await start();
    await pane.shows(
      /^(OK|WARNING|CRITICAL) /,
      /from the daemon/,
      /^.. >10\.9\.0\.2:8080 .* 30% +700 /m,
      /10\.9\.0\.3:8080/,
    );
    pane.keys('Down');
    await pane.shows(/^.. >10\.9\.0\.3:8080/m);
    pane.keys('Enter');
    await pane.shows(
      /^.. 10\.9\.0\.3:8080 from 10\.9\.0\.1 in \d+: healthy/m,
      /^WHAT +40 of 1,000 ports used/m,
      /^WHO /m,
    );
    pane.keys('Escape');
    await pane.shows(/^.. >10\.9\.0\.3:8080/m);
    pane.keys('/');
    pane.tmux('send-keys', '-l', '0.2:');
    const filtered = await pane.shows(/^Filter: 0\.2:_ {2}1 match/m);
    assert.doesNotMatch(filtered, /10\.9\.0\.3:8080/);
    pane.keys('Enter');
    await pane.shows(/1 match "0\.2:"/, /^q quit/m);
    pane.keys('Escape', 's');
    await pane.shows(/by used/, /10\.9\.0\.3:8080/);
    pane.keys('?');
    await pane.shows(/^q, Ctrl-C +end/m);
    pane.keys('q', 'p');
    await pane.shows(/^PAUSED/m);
    await inside.net.connect({ to: A, count: 100, name: 'more' });
    pane.keys('p');
    await pane.shows(/10\.9\.0\.2:8080 .* 40% +600 /);
    await inside.net.hangUp('more', 'reset');
    await pane.shows(/10\.9\.0\.2:8080 .* 30% +700 /);
  });

  it('shows hostile names of programs inert', async () => {
    const script = join(inside.folder, 'x\u001b]0;taken\u0007\u001b[2J\u001b[31m\u202e字.py');
    const hold = 'import socket, time; s = socket.create_connection(("10.9.0.4", 8080)); time.sleep(100)';
    writeFileSync(script, hold);
    const title = () => pane.tmux('display-message', '-p', '#{pane_title}');
    const before = title();
    await inside.start('hostile', ['python3', script]);
    const screen = await pane.shows(/10\.9\.0\.4:8080/, /x\?\]0;taken\?\?\[2J\?\[31m\?+\.py/);
    assert.match(screen, /10\.9\.0\.2:8080/);
    assert.equal(title(), before);
    await inside.stop('hostile');
  });

  it('follows the size of the terminal', async () => {
    for (const [columns, rows] of [
      [40, 12],
      [20, 5],
      [120, 40],
      [80, 24],
    ] as const) {
      pane.resize(columns, rows);
      const screen = await pane.shows(/^q quit/m, columns >= 120 ? /TREND/ : /q/);
      const lines = screen.split('\n');
      assert.equal(lines.length, rows, screen);
      assert.match(lines.at(-1)!, /^q quit/);
      for (const line of lines) assert.ok(line.length <= columns, line);
    }
  });

  it('writes little while little changes', async () => {
    const tap = pane.tapped();
    // What was begun before goes on for a while: a forecast, the last resize.
    await inside.until('three looks in a row that cost next to nothing', async () => {
      const frames = tap.bytes().split('\u001b[?2026l').slice(1, -1).slice(-3);
      return frames.length === 3 && frames.every((bytes) => bytes.length < 120) ? frames : null;
    });
    tap.stop();
  });

  it('asks over one connection', async () => {
    const { namespaces } = await inside.assessment();
    const own = namespaces[0]?.destinations.find(({ remotePort }) => remotePort === 9477);
    assert.equal(own?.usedPorts, 1);
  });

  it('says that the daemon has gone, and finds it again', async () => {
    await inside.stop('lastport');
    const gone = await pane.shows(/^\? the daemon at 127\.0\.0\.1:9477 does not answer: .*\n?.*asking again/m);
    assert.match(gone, /10\.9\.0\.2:8080/);
    await pane.shows(
      /^\? looking without the daemon at 127\.0\.0\.1:9477: connection refused/m,
      /no daemon/,
      / 30% +700 /,
    );
    await inside.startLastport({});
    const back = await pane.shows(/from the daemon/);
    assert.doesNotMatch(back, /^\?/m);
    pane.keys('q');
    await isBack();
  });

  for (const [how, end] of [
    ['Ctrl-C', () => pane.keys('C-c')],
    ['an error that nobody caught', () => process.kill(pane.child(), 'SIGUSR2')],
    ...(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const).map(
      (signal) => [signal, () => process.kill(pane.child(), signal)] as const,
    ),
  ] as const) {
    it(`leaves the terminal as it was after ${how}`, async () => {
      pane.line('clear; echo what was there');
      await pane.shows(/^what was there\n%$/);
      const modes = pane.modes();
      const flags = pane.flags();
      await start(`NODE_OPTIONS="${THROWS}" `);
      assert.match(pane.modes(), / -icanon /);
      assert.equal(pane.flags(), '1 0 0');
      end();
      if (how === 'SIGKILL') {
        // The shell may be faster than the guard: then its prompt was on the other screen.
        await until(
          'the shell’s screen',
          async () => (pane.flags() === flags ? flags : null),
          () => pane.screen(),
        );
        pane.keys('Enter');
      }
      const screen = await pane.shows(/^what was there\n% [\s\S]*^%$/m);
      if (how.startsWith('an error')) assert.match(screen, /^lastport: Error: boom/m);
      await until(
        'its modes',
        async () => (pane.modes() === modes ? modes : null),
        () => pane.modes(),
      );
      assert.equal(pane.flags(), flags);
      assert.match(modes, / icanon /);
    });
  }

  it('stops with Ctrl-Z, gives the terminal back meanwhile, and goes on with fg', async () => {
    await isBack();
    const modes = pane.modes();
    const flags = pane.flags();
    await start();
    pane.keys('C-z');
    await pane.shows(/Stopped|\[1\] \+/);
    assert.equal(pane.flags(), flags);
    assert.equal(pane.modes(), modes);
    pane.resize(90, 30);
    pane.line('clear; stty size');
    await pane.shows(/^30 90$/m);
    pane.line('fg');
    await pane.shows(/^(?:.*\n){29}q quit .*$/);
    pane.resize(80, 24);
    await pane.shows(/^.. >10\.9\.0\.2:8080/m, /^q quit/m);
    pane.keys('Down');
    await pane.shows(/^.. >10\.9\.0\.3:8080/m);
    pane.keys('q');
    await isBack();
    assert.equal(pane.modes(), modes);
  });
});
