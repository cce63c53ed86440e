// The program beside `lastport top` that gives the terminal back where top cannot: killed by SIGKILL, or by a crash below
// JavaScript. It knows by the end of its stdin, and is killed itself when top ends in order.
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { argv, stdin } from 'node:process';
import { LEAVE_SCREEN } from '../../exporters/top/codes.ts';
import { GUARD_INPUT, GUARD_OUTPUT } from './start-guard.ts';

const [, , modes = ''] = argv;

stdin.resume().on('end', () => {
  writeSync(GUARD_OUTPUT, LEAVE_SCREEN);
  if (modes !== '') spawnSync('stty', [modes], { stdio: [GUARD_INPUT, 'ignore', 'ignore'] });
});
