import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LARGEST_FILE, readConfigFile } from '../../../agent/config/config-file.ts';
import { UsageError } from '../../../agent/config/usage-error.ts';

const fails = (code: string) => () => {
  throw Object.assign(new Error(`${code}: it failed,\nopen 'f.yaml'`), { code });
};

describe('readConfigFile', () => {
  it('asks for one byte more than it takes', async () => {
    let asked = 0;
    const read = (_: string, limit: number) => {
      asked = limit;
      return new TextEncoder().encode('tick: 2s');
    };
    const given = await readConfigFile('f.yaml', '--config', read);
    assert.equal(asked, LARGEST_FILE + 1);
    assert.deepEqual(given, [{ place: 'f.yaml:1:7: tick', field: 'tickMs', text: '2s' }]);
  });

  for (const [name, read, message] of [
    ['no file', fails('ENOENT'), '--config: cannot read "f.yaml": no such file (ENOENT); name a YAML file'],
    ['no right', fails('EACCES'), '--config: cannot read "f.yaml": permission denied (EACCES); name a YAML file'],
    ['a directory', fails('EISDIR'), '--config: cannot read "f.yaml": it is a directory (EISDIR); name a YAML file'],
    ['another error', fails('EIO'), `--config: cannot read "f.yaml": EIO: it failed, open 'f.yaml'; name a YAML file`],
    ['too much', () => new Uint8Array(LARGEST_FILE + 1), 'f.yaml: larger than 1 MiB; keep only options in it'],
    ['bytes that are no text', () => Uint8Array.of(0xff, 0xfe), 'f.yaml: not UTF-8 text; save it as UTF-8'],
  ] as const) {
    it(`names the place for ${name}`, async () => {
      await assert.rejects(readConfigFile('f.yaml', '--config', read), (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.message, message);
        assert.equal(error.exitCode, 64);
        return true;
      });
    });
  }
});
