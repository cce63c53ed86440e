import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLogger } from '../../exporters/log.ts';
import { LogOutput } from '../../exporters/log-output.ts';

/** A pipe with room for so many bytes. */
function pipe(level = 'info') {
  const state = { room: Number.POSITIVE_INFINITY, text: '', troubles: [] as (string | null)[] };
  const write = (bytes: Uint8Array): number => {
    if (state.room === 0) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
    const taken = Math.min(state.room, bytes.length);
    state.room -= taken;
    state.text += Buffer.from(bytes.subarray(0, taken)).toString();
    return taken;
  };
  const output = new LogOutput({
    write,
    onTrouble: (error) => state.troubles.push(error === null ? null : error.message),
    onBack: (lines) => logger.warn({ lines }, 'lost'),
  });
  const logger = createLogger(level, output, 'json');
  const said = () =>
    state.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; lines?: number })
      .map(({ msg, lines }) => (lines === undefined ? msg : `${lines} ${msg}`));
  return { state, output, logger, said };
}

describe('LogOutput', () => {
  it('loses what does not fit, and says how much before the next line that does', () => {
    const { state, output, logger, said } = pipe();
    logger.info('one');
    state.room = 0;
    logger.info('two');
    logger.info('three');
    assert.deepEqual([output.lost, state.troubles], [2, ['EAGAIN']]);
    state.room = Number.POSITIVE_INFINITY;
    logger.info('four');
    assert.deepEqual(said(), ['one', '2 lost', 'four']);
    assert.deepEqual(state.troubles, ['EAGAIN', null]);
  });

  it('says it also where there is nothing else to say', () => {
    const { state, output, logger, said } = pipe();
    state.room = 0;
    logger.info('one');
    output.catchUp();
    assert.equal(state.text, '');
    state.room = Number.POSITIVE_INFINITY;
    output.catchUp();
    output.catchUp();
    assert.deepEqual([said(), output.lost], [['1 lost'], 1]);
  });

  it('ends a line that it has begun before it begins another', () => {
    const { state, output, logger, said } = pipe();
    state.room = 20;
    logger.info('begun');
    assert.equal(state.text.length, 20);
    logger.info('lost');
    state.room = Number.POSITIVE_INFINITY;
    logger.info('whole');
    assert.deepEqual([said(), output.lost], [['begun', '1 lost', 'whole'], 1]);
  });

  it('goes on where the log’s level keeps it from saying what was lost', () => {
    const { state, logger, said } = pipe('error');
    state.room = 0;
    logger.error('one');
    state.room = Number.POSITIVE_INFINITY;
    logger.error('two');
    assert.deepEqual([said(), state.troubles], [['two'], ['EAGAIN', null]]);
  });
});
