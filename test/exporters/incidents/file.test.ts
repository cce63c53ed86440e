import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  decodeIncident,
  encodeIncident,
  fileNameOf,
  isIncidentFile,
  LONGEST_FILE,
} from '../../../exporters/incidents/file.ts';
import { incident, incidentDestination, summary } from '../../support/incidents.ts';

const lines = (...values: unknown[]) => gzipSync(values.map((value) => `${JSON.stringify(value)}\n`).join(''));

describe('an incident file', () => {
  it('gives back what was put in', async () => {
    const one = incident(0, ['{"a":1}', '{"b":"ü\u2028"}']);
    assert.deepEqual(await decodeIncident(await encodeIncident(one)), one);
    const empty = incident(0, []);
    assert.deepEqual(await decodeIncident(await encodeIncident(empty)), empty);
  });

  it('is JSON lines for zcat and jq: the summary, then samples', async () => {
    const text = gunzipSync(await encodeIncident(incident(0, ['{"a":1}']))).toString();
    const [first, second, end] = text.split('\n');
    assert.equal(JSON.parse(first!).schema, 'lastport-incident/1');
    assert.deepEqual([second, end], ['{"a":1}', '']);
  });

  it('leaves out every second sample until it is small enough, the last one never', async () => {
    const samples = Array.from({ length: 60 }, (_, index) =>
      JSON.stringify([index, randomBytes(50_000).toString('hex')]),
    );
    const bytes = await encodeIncident(incident(0, samples));
    assert.ok(bytes.length <= LONGEST_FILE, `${bytes.length} bytes`);
    const kept = (await decodeIncident(bytes)).samples;
    assert.equal(kept.at(-1), samples.at(-1));
    assert.equal(kept.length, 15);
    const huge = await encodeIncident(incident(0, [randomBytes(1 << 20).toString('hex')]));
    assert.deepEqual((await decodeIncident(huge)).samples, []);
  });

  it('is refused when it is cut, damaged, or something else', async () => {
    const whole = await encodeIncident(incident(0));
    const damaged = Uint8Array.from(whole);
    damaged[whole.length >> 1]! ^= 0xff;
    const cases: [Uint8Array, RegExp][] = [
      [whole.subarray(0, whole.length - 5), /unexpected end of file/],
      [damaged, /incorrect|invalid/],
      [new Uint8Array(0), /unexpected end of file/],
      [Buffer.from('hello'), /incorrect header check/],
      [gzipSync('{"schema"'), /cut off/],
      [gzipSync('not json\n'), /JSON|token/],
      [lines(null), /its schema is undefined, not "lastport-incident\/1"/],
      [lines({ schema: 'lastport-incident/2' }), /its schema is "lastport-incident\/2"/],
      [lines({ schema: 'lastport-incident/1' }), /not a summary/],
    ];
    for (const [bytes, expected] of cases) await assert.rejects(decodeIncident(bytes), expected);
  });

  it('is refused when anything that is shown is not what it should be', async () => {
    const valid = summary({ blind: [{ netns: 'a', since: summary().startedAt, until: null, why: null }] });
    await decodeIncident(lines(valid));
    for (const field of Object.keys(valid)) {
      const wrong = [
        { ...valid, [field]: {} },
        Object.fromEntries(Object.entries(valid).filter(([key]) => key !== field)),
      ];
      for (const one of wrong) await assert.rejects(decodeIncident(lines(one)), RangeError, field);
    }
    for (const field of Object.keys(incidentDestination())) {
      const wrong = { ...valid, destinations: [{ ...incidentDestination(), [field]: [] }] };
      await assert.rejects(decodeIncident(lines(wrong)), RangeError, field);
    }
    await assert.rejects(decodeIncident(lines({ ...valid, startedAt: 'yesterday' })), RangeError);
    await assert.rejects(decodeIncident(lines({ ...valid, blind: [{}] })), RangeError);
  });

  it('may not unpack to more than memory has', async () => {
    await assert.rejects(decodeIncident(gzipSync(Buffer.alloc(64 << 20))), /larger than/);
  });
});

describe('fileNameOf', () => {
  it('is a name that isIncidentFile knows, and no other is', () => {
    assert.ok(isIncidentFile(fileNameOf(incident(0).summary.id)));
    for (const name of [
      'recording.json',
      '.20261123T024000000Z.jsonl.gz.tmp',
      '20261123T024000000Z.jsonl.gz.bak',
      'a.jsonl.gz',
    ]) {
      assert.equal(isIncidentFile(name), false, name);
    }
  });
});
