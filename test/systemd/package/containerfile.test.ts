import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validate } from 'dockerfile-utils';
import { environmentName, FIELDS, OPTIONS } from '../../../agent/config/options.ts';
import { CONTAINERFILE, instructions, textsOf } from '../../package/containerfile.ts';

describe('Containerfile', () => {
  it('is one', () => {
    assert.deepEqual(validate(CONTAINERFILE), []);
    assert.equal(validate(CONTAINERFILE.replace('EXPOSE', 'EXPSOE')).length, 1);
  });

  it('runs as a user without a name, from glibc, by the program itself', () => {
    assert.deepEqual(textsOf('USER'), ['9477:9477']);
    assert.match(textsOf('ARG')[0] ?? '', /^DEBIAN=.*debian:bookworm-slim$/);
    assert.deepEqual(JSON.parse(textsOf('ENTRYPOINT')[0] ?? ''), ['/usr/bin/lastport']);
    assert.equal(instructions().at(-1)?.name, 'CMD');
  });

  it('sets variables that there are', () => {
    const known = FIELDS.map((field) => environmentName(OPTIONS[field]));
    const set = textsOf('ENV').flatMap((text) => [...text.matchAll(/(\w+)=/g)].map(([, name]) => name!));
    assert.ok(set.length > 1);
    assert.deepEqual(
      set.filter((name) => !known.includes(name)),
      [],
    );
  });
});
