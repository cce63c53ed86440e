import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CLOSE_REASONS } from '../../../agent/model/probe.ts';
import type { Connection } from '../../../collectors/undici/books.cts';
import { failureOf, httpReason, kindOfFailure, undiciReason } from '../../../collectors/undici/close-reason.cts';
import { REASONS } from '../../../collectors/undici/wire.cts';

const IDLE = {
  requests: 1,
  inFlight: 0,
  hasHeaders: true,
  isComplete: true,
  clientCloses: false,
  isAsked: false,
  serverCloses: false,
  isHead: false,
  isUpgrade: false,
  hint: Number.POSITIVE_INFINITY,
  failure: '',
};
type Facts = Partial<typeof IDLE>;
const of = (facts: Facts) => ({ ...IDLE, ...facts }) as unknown as Connection;
const SENT = { inFlight: 1, hasHeaders: false, isComplete: false };
const BODY = { inFlight: 1, hasHeaders: true, isComplete: false };

const info = (message: string) => ({ code: 'UND_ERR_INFO', name: 'InformationError', message });
const coded = (code: string, message = '') => ({ code, name: 'Error', message });
const NONE = failureOf(null);
const CLOSED = coded('UND_ERR_SOCKET', 'other side closed');
const ABORTED = info('aborted');

describe('undiciReason', () => {
  for (const [reason, facts, failure, hasEnded = false] of [
    ['idle_timeout', {}, info('socket idle timeout')],
    ['body_unread', { ...BODY, failure: 'aborted' }, ABORTED],
    ['body_unread', { ...BODY, inFlight: 0, failure: 'aborted' }, ABORTED],
    ['body_unread', { ...BODY, failure: 'failed' }, coded('', 'the program has an error of its own')],
    ['body_collected', { ...BODY, failure: 'collected' }, ABORTED],
    ['aborted', { ...SENT, failure: 'aborted' }, ABORTED],
    ['aborted', SENT, { code: '', name: 'TimeoutError', message: 'The operation was aborted due to timeout' }],
    ['server_asked', { serverCloses: true }, info('reset')],
    ['client_asked', { isAsked: true, clientCloses: true, serverCloses: true }, info('reset')],
    ['head_request', { isHead: true, clientCloses: true, serverCloses: true }, info('reset')],
    ['pipelining_off', { clientCloses: true }, info('reset')],
    ['request_limit', { clientCloses: true, requests: 5, serverCloses: true }, info('reset')],
    ['keepalive_hint', { hint: 1 }, info('reset')],
    ['keepalive_hint', { hint: 2 }, info('reset')],
    ['other', { hint: 3 }, info('reset')],
    ['eof_body', {}, info('reset'), true],
    ['server_closed_idle', {}, CLOSED, true],
    ['server_closed_early', SENT, CLOSED, true],
    ['server_closed_early', { ...SENT, inFlight: 0, failure: 'failed' }, CLOSED, true],
    ['server_closed_body', BODY, CLOSED, true],
    ['server_reset', {}, coded('ECONNRESET')],
    ['server_reset', BODY, coded('ECONNRESET')],
    ['client_closed', {}, coded('UND_ERR_DESTROYED')],
    ['client_closed', {}, coded('UND_ERR_CLOSED')],
    ['headers_timeout', SENT, coded('UND_ERR_HEADERS_TIMEOUT')],
    ['body_timeout', BODY, coded('UND_ERR_BODY_TIMEOUT')],
    ['phantom', { requests: 0, hasHeaders: false, isComplete: false }, info('socket idle timeout')],
    ['phantom', { requests: 0, hasHeaders: false, isComplete: false }, NONE],
    ['server_closed_idle', { requests: 0, hasHeaders: false, isComplete: false }, CLOSED, true],
    ['upgraded', { isUpgrade: true }, NONE],
    ['other', {}, info('something that no version has said yet')],
    ['other', {}, NONE],
  ] as const) {
    it(`${reason}: ${JSON.stringify(facts)} ${failure.code} ${failure.message}`, () =>
      assert.equal(undiciReason(of(facts), failure, hasEnded), reason));
  }
});

describe('httpReason', () => {
  for (const [reason, facts, failure, hasEnded, hasTimeout] of [
    ['client_closed', {}, NONE, false, false],
    ['idle_timeout', {}, NONE, false, true],
    ['server_closed_idle', {}, NONE, true, true],
    ['server_reset', {}, coded('ECONNRESET'), false, true],
    ['client_asked', { inFlight: 1, clientCloses: true, serverCloses: true }, NONE, true, false],
    ['server_asked', { inFlight: 1, serverCloses: true }, NONE, true, false],
    ['eof_body', { inFlight: 1 }, NONE, true, false],
    ['body_unread', BODY, NONE, false, false],
    ['body_unread', { ...BODY, failure: 'aborted' }, NONE, true, false],
    ['aborted', SENT, NONE, false, false],
    ['server_closed_early', SENT, NONE, true, false],
    ['server_closed_body', BODY, NONE, true, false],
    ['upgraded', { isUpgrade: true, inFlight: 1 }, NONE, true, false],
  ] as const) {
    it(`${reason}: ${JSON.stringify(facts)} ${failure.code} ${hasEnded} ${hasTimeout}`, () =>
      assert.equal(httpReason(of(facts), failure, hasEnded, hasTimeout), reason));
  }
});

it('failureOf and kindOfFailure take whatever is thrown', () => {
  assert.equal(kindOfFailure('Response object has been garbage collected'), 'collected');
  assert.equal(kindOfFailure(new DOMException('x', 'AbortError')), 'aborted');
  assert.equal(kindOfFailure({ code: 'UND_ERR_BODY_TIMEOUT' }), 'UND_ERR_BODY_TIMEOUT');
  for (const nonsense of [undefined, null, 7, Symbol('x'), () => 1, { code: 7, name: {}, message: [] }]) {
    assert.deepEqual(failureOf(nonsense), { code: '', name: '', message: '' });
    assert.equal(kindOfFailure(nonsense), 'failed');
  }
});

it('the wire has all reasons, in the order of the vocabulary', () => {
  assert.deepEqual([...REASONS], [...CLOSE_REASONS]);
});
