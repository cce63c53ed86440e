import type { Key } from './state.ts';

/** What node:readline tells of a key (emitKeypressEvents). */
export interface Keypress {
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
}

/**
 * Letters as they are written, everything else by its name: 'G', '/', 'up', 'ctrl-c'. None: a key without a meaning. A
 * letter right behind Esc is two keys: there is nothing here that Alt would mean.
 */
export function keysOf({ name, sequence = '', ctrl, meta }: Keypress): readonly Key[] {
  if (ctrl === true) return [{ name: `ctrl-${name ?? ''}`, character: null }];
  const [first = '', second, third] = sequence;
  if (meta === true && first === '\u001b' && second !== undefined && third === undefined) {
    return [{ name: 'escape', character: null }, ...keysOf({ name, sequence: second })];
  }
  const isOne = first !== '' && second === undefined && !/\p{C}/u.test(first);
  if (isOne) return [{ name: first === ' ' ? 'space' : first, character: first }];
  return name === undefined || name === 'undefined' ? [] : [{ name, character: null }];
}
