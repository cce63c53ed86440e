import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAllowedHost } from '../../exporters/http-guard.ts';

describe('isAllowedHost', () => {
  for (const host of ['127.0.0.1:9477', '[::1]:9477', 'localhost', 'a.LOCALHOST.:80', 'Web-1:9477', undefined]) {
    it(`takes ${host}`, () => assert.equal(isAllowedHost(host, ['web-1']), true));
  }
  for (const host of ['evil.example', 'a/.localhost:80', 'evil.example#.localhost', 'evil.example@localhost', '']) {
    it(`refuses "${host}"`, () => assert.equal(isAllowedHost(host, ['web-1']), false));
  }
});
