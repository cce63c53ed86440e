import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { type TopParts, top } from '../../../agent/commands/top.ts';
import type { Assessment } from '../../../agent/model/assessment.ts';
import type { Feed } from '../../../exporters/top/feed.ts';
import { assessment } from '../../support/assessments.ts';
import { lastport, MAIN, procfs } from '../../support/program.ts';

const at = (second: number) => assessment({ takenAt: `2026-11-23T02:40:0${second}.000Z` });
const feed = (second: number, problem: string | null = null): Feed => ({
  from: 'look',
  assessment: at(second),
  problem,
});

/** What it prints for these feeds, and whether it let go of its source. */
async function printed(feeds: readonly Feed[], config: Parameters<typeof top>[0]) {
  let stdout = '';
  let stderr = '';
  let isClosed = false;
  const end = new AbortController();
  const parts: TopParts = {
    source: async (onFeed) => {
      for (const one of feeds) onFeed(one);
      if (config.iterations === null) end.abort();
      return {
        close: async () => {
          isClosed = true;
        },
      };
    },
    screen: () => assert.fail('no screen was wanted'),
    render: ({ takenAt }) => `table of ${takenAt.slice(17, 19)}\n`,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    onUnread: () => undefined,
    signal: end.signal,
  };
  const code = await top(config, config.iterations === null ? { ...parts, screen: null } : parts);
  return { code, stdout, stderr, isClosed };
}

describe('top without a screen', () => {
  it('prints a table for each look, and none twice', async () => {
    const { stdout, code, isClosed } = await printed([feed(1), feed(1), feed(2)], {
      format: 'table',
      iterations: null,
    });
    assert.deepEqual([stdout, code, isClosed], ['table of 01\n\ntable of 02\n', 0, true]);
  });

  it('ends after so many', async () => {
    const { stdout } = await printed([feed(1), feed(2), feed(3)], { format: 'table', iterations: 2 });
    assert.equal(stdout, 'table of 01\n\ntable of 02\n');
  });

  it('prints one Assessment a line as JSON', async () => {
    const { stdout } = await printed([feed(1), feed(2)], { format: 'json', iterations: null });
    const lines = stdout.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as Assessment).takenAt),
      [at(1).takenAt, at(2).takenAt],
    );
  });

  it('says on stderr what is wrong, once', async () => {
    const { stderr } = await printed([feed(1), feed(2, 'gone'), feed(3, 'gone'), feed(4), feed(5, 'gone')], {
      format: 'table',
      iterations: null,
    });
    assert.equal(stderr, 'lastport: gone\nlastport: gone\n');
  });
});

describe('lastport top in a pipe', () => {
  const args = (path: string) => ['top', '--procfs', path, '--tick', '100ms', '--listen', 'unix:/nonexistent/x.sock'];

  it('looks itself where there is no daemon', () => {
    const tree = procfs();
    try {
      const { status, stdout, stderr } = lastport([...args(tree.path), '--iterations', '2']);
      assert.match(stdout, /^OK [^\n]*\n[\s\S]*127\.0\.0\.1:8080[\s\S]*\n\nOK /);
      assert.deepEqual([status, stderr], [0, '']);
    } finally {
      tree.remove();
    }
  });

  it('ends when nobody reads on', { timeout: 20_000 }, async () => {
    const tree = procfs();
    try {
      const child = spawn(process.execPath, [MAIN, ...args(tree.path)], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      child.stdout.destroy();
      const [code] = await once(child, 'exit');
      assert.equal(code, 0);
    } finally {
      tree.remove();
    }
  });

  for (const [words, complaint] of [
    [['--iterations', '0'], /--iterations: "0" is out of bounds/],
    [['--tick', '1'], /--tick: "1" has no unit/],
    [['--all'], /--all: not an option of top; it belongs to check/],
    [['extra'], /extra/],
  ] as const) {
    it(`refuses ${words.join(' ')} in one line, with 64`, () => {
      const { status, stdout, stderr } = lastport(['top', ...words]);
      assert.match(stderr, complaint);
      assert.match(stderr, /^lastport: [^\n]+\n$/);
      assert.deepEqual([status, stdout], [64, '']);
    });
  }
});
