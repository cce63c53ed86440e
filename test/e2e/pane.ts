import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Inside } from './inside.ts';
import { until } from './until.ts';

/** A terminal that programs inside run in and tests look at: a tmux of its own, with a plain shell. */
export class Pane {
  private readonly socket: string;
  private readonly inside: Inside;

  private constructor(inside: Inside) {
    this.inside = inside;
    this.socket = join(inside.folder, 'tmux.sock');
  }

  /** The shell is one that gives a terminal's modes back to nobody, as bash would. */
  static async open(inside: Inside, columns: number, rows: number): Promise<Pane> {
    const pane = new Pane(inside);
    // In the foreground it ends with the namespaces, whatever happens to the test.
    await inside.start('tmux', ['tmux', '-D', '-S', pane.socket, '-f', '/dev/null']);
    const env = ['env', '-i', `PATH=${process.env['PATH']}`, 'TERM=screen-256color', 'LC_ALL=C.UTF-8', 'PS1=% '];
    const shell = [...env, 'HOME=/nonexistent', 'LASTPORT_STATE_DIR=off', 'sh'];
    const session = ['new-session', '-d', '-x', String(columns), '-y', String(rows), ...shell];
    await until(
      'tmux',
      async () => pane.tmux(...session) || 'started',
      () => inside.log('tmux'),
    );
    await pane.shows(/^%/);
    return pane;
  }

  /** Throws what tmux complains of. Never starts a server (-N): that would be one outside. */
  tmux(...words: string[]): string {
    const { status, stdout, stderr } = spawnSync('tmux', ['-N', '-u', '-S', this.socket, ...words], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`tmux ${words[0]}: ${stderr}`);
    return stdout;
  }

  /** Keys as tmux calls them: Enter, Escape, Down, C-c. */
  keys(...names: string[]): void {
    this.tmux('send-keys', ...names);
  }

  /** A line for the shell. */
  line(text: string): void {
    this.tmux('send-keys', '-l', text);
    this.keys('Enter');
  }

  screen(): string {
    return this.tmux('capture-pane', '-p').trimEnd();
  }

  /** What the terminal itself is told: other screen, cursor, wrapping. */
  flags(): string {
    return this.tmux('display-message', '-p', '#{alternate_on} #{cursor_flag} #{wrap_flag}').trim();
  }

  resize(columns: number, rows: number): void {
    this.tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Waits until the screen matches all of these, and returns it. */
  shows(...what: RegExp[]): Promise<string> {
    const ask = async () => {
      const screen = this.screen();
      return what.every((one) => one.test(screen)) ? screen : null;
    };
    return until(`a screen with ${what.join(', ')}`, ask, () => this.screen());
  }

  /** The terminal's modes as stty tells them, raw or not. */
  modes(): string {
    const tty = this.tmux('display-message', '-p', '#{pane_tty}').trim();
    const { stdout } = spawnSync('stty', ['-a', '-F', tty], { encoding: 'utf8' });
    return stdout.replace(/rows \d+; columns \d+;/, '');
  }

  /** The program that the shell runs. */
  child(): number {
    const shell = this.tmux('display-message', '-p', '#{pane_pid}').trim();
    const [child] = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ');
    return Number(child);
  }

  /** From now on all that programs write to it goes to a file, too. */
  tapped(): { readonly bytes: () => string; readonly stop: () => void } {
    const file = join(this.inside.folder, 'tap');
    writeFileSync(file, '');
    this.tmux('pipe-pane', `cat > ${file}`);
    return { bytes: () => readFileSync(file, 'latin1'), stop: () => void this.tmux('pipe-pane') };
  }
}
