import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { causeWords } from '../../../agent/correlate/cause-words.ts';
import { cause, destination } from '../../support/assessments.ts';

describe('causeWords', () => {
  it('says the first cause, how sure it is, where, and its first remedy', () => {
    const first = cause({ callSite: '/srv/api.js:41', remedies: ['read bodies', 'or else'] });
    const causes = [first, cause({ cause: 'phantom_reconnects' })];
    assert.deepEqual(causeWords(destination({ causes })), {
      cause: 'bodies given up before their end: 900 connections closed, most often at /srv/api.js:41',
      remedy: 'read bodies',
    });
    const likely = causeWords(destination({ causes: [cause({ confidence: 'likely' })] }));
    assert.equal(likely?.cause, 'bodies given up before their end (likely): 900 connections closed');
  });

  it('says nothing where none is known', () => assert.equal(causeWords(destination()), null));
});
