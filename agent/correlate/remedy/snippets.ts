import type { Cause } from '../../model/cause.ts';
import type { Remedy } from '../../model/remedy.ts';
import type { Sizing } from './sizing.ts';

/** What one kind of program can do about causes. */
export type Snippets = { readonly [cause in Cause]?: (sizing: Sizing) => Omit<Remedy, 'for'> };
