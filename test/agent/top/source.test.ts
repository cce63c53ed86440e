import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answered, NoAnswer } from '../../../agent/daemon-client.ts';
import type { Assessment } from '../../../agent/model/assessment.ts';
import { TopSource } from '../../../agent/top/source.ts';
import type { Feed } from '../../../exporters/top/feed.ts';
import { assessment } from '../../support/assessments.ts';

const REFUSED: NoAnswer = { state: 'not running', detail: 'connection refused (ECONNREFUSED)' };
const KNOWS = assessment({ tookMs: 1 });
const SEEN = assessment({ tookMs: 2 });
const answered = (statusCode: number, text: string): Answered => ({
  state: 'answered',
  statusCode,
  contentType: '',
  text,
});
const TOLD = answered(200, JSON.stringify(KNOWS));

/** A source whose daemon answers as `answer` says, and whose own looks find SEEN at once. */
class Bench {
  answer: Answered | NoAnswer;
  nowMs = 0;
  looks = 0;
  looking = 0;
  found: ((assessment: Assessment) => void) | null = null;
  private readonly feeds: Feed[] = [];
  private waiting: () => void = () => undefined;
  private readonly source: TopSource;

  constructor(answer: Answered | NoAnswer) {
    this.answer = answer;
    this.source = new TopSource({
      ask: async () => this.answer,
      startLooking: (onAssessment) => {
        this.looks++;
        this.looking++;
        setImmediate(() => onAssessment(SEEN));
        return {
          stop: async () => {
            this.looking--;
          },
        };
      },
      place: 'here',
      tickMs: 1,
      monotonic: () => this.nowMs,
      onFeed: (feed) => {
        this.feeds.push(feed);
        this.waiting();
      },
    });
  }

  /** The first feed from now on that is of this kind. */
  async feed(is: (feed: Feed) => boolean): Promise<string> {
    this.feeds.length = 0;
    for (;;) {
      const found = this.feeds.find(is);
      if (found !== undefined) return `${found.from} ${found.assessment?.tookMs} ${found.problem}`;
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
  }

  close = () => this.source.close();
}

const any = () => true;
const fromLook = ({ from, assessment: one }: Feed) => from === 'look' && one !== null;
const fromDaemon = ({ from, problem }: Feed) => from === 'daemon' && problem === null;

describe('TopSource', () => {
  it('tells what the daemon knows, and does not look', async () => {
    const bench = new Bench(TOLD);
    assert.equal(await bench.feed(any), 'daemon 1 null');
    await bench.close();
    assert.equal(bench.looks, 0);
  });

  it('looks without a word where there is no daemon, and stops when there is one', async () => {
    const bench = new Bench(REFUSED);
    assert.equal(await bench.feed(fromLook), 'look 2 null');
    bench.answer = TOLD;
    assert.equal(await bench.feed(fromDaemon), 'daemon 1 null');
    assert.deepEqual([bench.looks, bench.looking], [1, 0]);
    await bench.close();
  });

  it('shows what the daemon knew last while it restarts, and looks when that takes too long', async () => {
    const bench = new Bench(TOLD);
    await bench.feed(fromDaemon);
    bench.answer = REFUSED;
    const problem = 'the daemon at here does not answer: connection refused (ECONNREFUSED); asking again';
    assert.equal(await bench.feed((feed) => feed.problem !== null), `daemon 1 ${problem}`);
    assert.equal(bench.looks, 0);
    bench.nowMs = 6000;
    assert.equal(
      await bench.feed(fromLook),
      'look 2 looking without the daemon at here: connection refused (ECONNREFUSED)',
    );
    bench.answer = TOLD;
    await bench.feed(fromDaemon);
    await bench.close();
    assert.equal(bench.looking, 0);
  });

  for (const [what, answer, why] of [
    ['answers with an error', answered(503, 'no look'), 'it answers with 503'],
    ['says something else', answered(200, '<html>'), 'what answers is not a daemon of this version'],
    ['is silent', { state: 'silent', detail: 'no answer' } as const, 'no answer'],
  ] as const) {
    it(`says why it looks where what is there ${what}`, async () => {
      const bench = new Bench(answer);
      assert.equal(await bench.feed(fromLook), `look 2 looking without the daemon at here: ${why}`);
      await bench.close();
    });
  }

  it('ends what it began', async () => {
    const bench = new Bench(REFUSED);
    await bench.feed(fromLook);
    await bench.close();
    assert.equal(bench.looking, 0);
  });
});
