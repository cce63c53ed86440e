import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codesOf } from '../../../collectors/undici/connect-error.cts';

const failed = (code: string, address: string, port = 80) => Object.assign(new Error(code), { code, address, port });

describe('codesOf', () => {
  it('tells code and place', () => {
    assert.deepEqual(codesOf(failed('EADDRNOTAVAIL', '10.0.0.2', 8080)), [
      { code: 'EADDRNOTAVAIL', local: '', remote: '10.0.0.2', port: 8080 },
    ]);
  });

  it('looks into an AggregateError, whose own code is only the first', () => {
    const error = Object.assign(
      new AggregateError([failed('ECONNREFUSED', '::1'), failed('EADDRNOTAVAIL', '127.0.0.1')]),
      { code: 'ECONNREFUSED' },
    );
    assert.deepEqual(
      codesOf(error).map(({ code, remote }) => `${code} ${remote}`),
      ['ECONNREFUSED ::1', 'EADDRNOTAVAIL 127.0.0.1'],
    );
  });

  it('tells nothing that is not a code, or not an address', () => {
    assert.deepEqual(codesOf(failed('my password is 1234', '10.0.0.2')), []);
    assert.equal(codesOf(failed('ENOENT', '/home/me/secret.sock'))[0]?.remote, '');
    for (const nonsense of [null, 'text', 7, {}, { errors: [null, 'x'] }]) assert.deepEqual(codesOf(nonsense), []);
  });
});
