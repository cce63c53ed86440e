import { it } from 'node:test';
import { causesDoc } from '../support/causes-doc.ts';
import { matchesFile } from '../support/golden.ts';

it('docs/causes.md is what the program says', () => matchesFile('docs/causes.md', causesDoc()));
