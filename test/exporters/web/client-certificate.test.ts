import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namesOf } from '../../../exporters/web/client-certificate.ts';

describe('namesOf', () => {
  for (const [text, names] of [
    ['', []],
    ['DNS:web-1', ['web-1']],
    ['DNS:web-1, DNS:web-2.example.com', ['web-1', 'web-2.example.com']],
    ['IP Address:10.0.0.7, IP Address:2001:DB8:0:0:0:0:0:1', ['10.0.0.7', '2001:db8::1']],
    [
      'email:ops@example.com, URI:spiffe://example.com/prometheus',
      ['ops@example.com', 'spiffe://example.com/prometheus'],
    ],
    // One name that looks like two (CVE-2021-44532).
    ['URI:"http://a/, DNS:good.example"', ['http://a/, DNS:good.example']],
    ['DNS:"a\\", DNS:b", DNS:c', ['a", DNS:b', 'c']],
    ['DirName:"CN=x", DNS:web-1', ['web-1']],
    ['Registered ID:1.2.3, DNS:web-1', ['web-1']],
    ['DNS:a, what is this', ['a']],
  ] as const) {
    it(text, () => assert.deepEqual(namesOf(text), names));
  }
});
