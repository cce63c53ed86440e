// What processes call themselves, and what they were started with.
import assert from 'node:assert/strict';
import { maskedCommandLine } from '../../../collectors/command-line.ts';
import { labelOfCgroup } from '../../../collectors/netns-label.ts';
import { Programs } from '../../../collectors/programs.ts';
import { fakeHost } from '../../support/fake-host.ts';
import { Draw } from '../draw.ts';
import { isOneLine, isWithin } from '../holds.ts';
import type { Target } from '../target.ts';

const STAT = `42 (node) S 1 ${'0 '.repeat(17)}12345 0\n`;
/** Not a word of any rule, nor a part of one. */
const SECRET = 'q7Zk-W1xV';

/** Ways to hand over a secret, each with what comes before it and after it in the same word; then in a word of its own. */
const JOINED = [
  ['--password=', ''],
  ['--api-key=', ''],
  ['--token=', ''],
  ['-Djavax.net.ssl.keyStorePassword=', ''],
  ['PGPASSWORD=', ''],
  ['SECRET_KEY=', ''],
  ['postgres://me:', '@db:5432/x'],
  ['https://me:', '@h/p?a=1'],
  ['https://h/p?access_token=', '&b=2'],
  ['Authorization: Bearer ', ''],
  ['{"password":"', '","a":1}'],
  ['host=db password=', ' user=me'],
  ['--header=Authorization: Basic ', ''],
  ['--url=redis://:', '@cache/0'],
] as const;
const OPTIONS = [
  '--password',
  '--token',
  '--api-key',
  '--db-passwd',
  '--client-secret',
  '-secret',
  '--auth-token',
  '--private-key',
];
const SHORT = [
  { program: 'curl', words: ['-u', `me:${SECRET}`] },
  { program: '/usr/bin/curl', words: [`-ume:${SECRET}`] },
  { program: 'curl', words: ['-H', `X-Any: ${SECRET}`] },
  { program: 'curl', words: [`-bsid=${SECRET}`] },
  { program: 'curl', words: ['--proxy-user', `me:${SECRET}`] },
  { program: 'redis-cli', words: ['-a', SECRET] },
  { program: 'ldapsearch', words: [`-w${SECRET}`] },
  { program: 'mysql', words: [`-p${SECRET}`] },
  { program: 'sshpass', words: ['-p', SECRET, 'ssh', 'host'] },
] as const;
const WORDS = [
  'node',
  'server.js',
  '--port',
  '80',
  '-v',
  '--',
  '',
  'a=b',
  'x y',
  '--passive',
  '/usr/bin/env',
  'h:1',
  '"',
  "'",
  '{',
  '}',
  '?',
  '&',
  ';',
  '//',
];

export const PROGRAMS: readonly Target[] = [
  {
    name: 'programs',
    seeds: [
      `${STAT}\u0001node\0--import\0x\0/srv/app/server.js\0--token=1\0\u00010::/system.slice/api.service\n\u0001Name:\tnode\nUid:\t0\t1000\t0\t0\n`,
      `7 (a) b)) S 1 ${'0 '.repeat(17)}9 0\n\u0001python3\0-m\0app\0\u00010::/system.slice/docker-${'4f'.repeat(32)}.scope\n\u0001`,
      `${STAT.replace('node', 'MainThread')}\u0001/usr/bin/node\0-r\0x\0a.js\0\u00010::/lxc.payload.web\n\u0001Uid:\t1\t2\n`,
    ],
    tokens: [
      '(',
      ')',
      '\0',
      '.service',
      '/lxc.payload.',
      '\\x2d',
      'machine-',
      '.scope',
      'Uid:\t1\t1',
      '-m\0',
      '-e\0',
      'Tgid:\t4',
      '\u001b[2J',
      '\u202e',
    ],
    run(input) {
      const [stat = '', cmdline = '', cgroup = '', status = ''] = input.toString('utf8').split('\u0001');
      const files = { '42/stat': stat, '42/cmdline': cmdline, '42/cgroup': cgroup, '42/status': status };
      const programs = new Programs(fakeHost(files), { wantsCommandLine: true, userName: () => stat });
      const program = programs.at(programs.identify(42)) ?? programs.at(programs.child(stat, 0));
      assert.ok(program !== null);
      const { comm, command, user, unit, container, commandLine } = program;
      for (const text of [comm, command, user, unit, container]) {
        if (text !== null) assert.match(text, /^[ -~]{0,64}$/);
      }
      if (commandLine !== null) isOneLine(commandLine, 512);
      isOneLine(labelOfCgroup(cgroup)?.text ?? '', 1 << 20);
      // A thread of it later is the same one.
      if (program.pid !== null) assert.equal(programs.at(programs.identify(42)), program);
    },
  },
  {
    name: 'secrets',
    seeds: [
      new Uint8Array([0, 0, 1, 2, 0, 1]),
      new Uint8Array([1, 2, 0, 5]),
      new Uint8Array([2, 6, 1, 3]),
      new Uint8Array([3, 1, 1, 4]),
    ],
    run(input) {
      const draw = new Draw(input);
      const words = (most: number) => Array.from({ length: draw.byte() % (most + 1) }, () => wordOf(draw));
      const [before, after] = [words(4), words(3)];
      // A word that stands for another option's value is masked, and nothing is left that could be told.
      const { program, words: secret } = secretOf(draw);
      const argv = [program, ...before, ...secret, ...after];
      const line = maskedCommandLine(argv);
      assert.ok(!line.includes(SECRET), `${JSON.stringify(argv)} → ${line}`);
      isWithin(line.length, 0, 512, 'its length');
    },
  },
  {
    name: 'command-line',
    seeds: [
      'node\0server.js\0--token=x\0',
      'curl\0-u\0me:x\0http://a:b@h/\0',
      'x\0eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJz.abc\0',
    ],
    tokens: [
      '--password',
      '=',
      '://',
      '@',
      'token',
      '?',
      '&',
      ':',
      'eyJ',
      '-----BEGIN ',
      'PRIVATE KEY-----',
      'xoxb-',
      'sk-',
      '\0',
      '"',
      ' ',
    ],
    mostBytes: 64 * 1024,
    run(input) {
      const line = maskedCommandLine(input.toString('utf8').split('\0'));
      isWithin(line.length, 0, 512, 'its length');
    },
  },
];

/** One of those that are known, or one of letters that are not the secret's. */
function wordOf(draw: Draw): string {
  const kind = draw.byte();
  if (kind < 200) return draw.of(WORDS);
  return String.fromCharCode(...Array.from({ length: kind % 8 }, () => 32 + (draw.byte() % 95)));
}

/** What hands it over: of programs in general, and of those whose short options are known. */
function secretOf(draw: Draw): { readonly program: string; readonly words: readonly string[] } {
  switch (draw.byte() % 4) {
    case 0:
      return { program: 'prog', words: [draw.of(OPTIONS), SECRET] };
    case 1:
      return draw.of(SHORT);
    default: {
      const [start, end] = draw.of(JOINED);
      return { program: draw.of(['prog', '/usr/bin/curl', 'mysql']), words: [`${start}${SECRET}${end}`] };
    }
  }
}
