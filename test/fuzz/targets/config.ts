// What people write: the YAML file, flags, variables; and addresses, wherever they come from.
import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { parseUrl, shownUrl } from '../../../agent/config/alert-values.ts';
import { loadConfig, UsageError } from '../../../agent/config/config.ts';
import { parseConfig } from '../../../agent/config/config-yaml.ts';
import {
  duration,
  formatDuration,
  formatListen,
  parseEndpoint,
  parseListen,
} from '../../../agent/config/option-values.ts';
import { COMMANDS, environmentName, FIELDS, OPTIONS, type Option } from '../../../agent/config/options.ts';
import { formatAddress, formatEndpoint, parseAddress } from '../../../agent/model/address.ts';
import { formatNetwork, isInside, parseNetwork } from '../../../agent/model/network.ts';
import { Draw } from '../draw.ts';
import { isOneLine, isWithin, orRefuses, refuses } from '../holds.ts';
import type { Target } from '../target.ts';

const KEYS = FIELDS.map((field) => OPTIONS[field].flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()));
const GOOD: readonly string[] = [
  ...[
    '10.9.0.2:8080',
    '[::1]:9477',
    'unix:/run/x',
    '250ms',
    '1.5s',
    '2m',
    '20%',
    'off',
    'auto',
    'all',
    'net:[4026532246]',
    '42',
    '0660',
  ],
  ...[
    'http://u:p@am:9093/x',
    'https://am:443=/etc/token',
    'team=payments',
    '32768-60999',
    '8080,9000-9100',
    '90%',
    '4000',
    'last',
    '02:40',
  ],
  ...[
    'destination=10.0.0.1:80;max-severity=warning;until=2026-12-01T00:00:00Z',
    'unit=a;horizon=10s;headroom-warning=5%',
  ],
  ...[
    'preset=azure-nat-gateway;addresses=2;machines=10',
    'networks=203.0.113.0/24 10.0.0.0/8;ports=1024;held=60s;per=machine;name=a',
  ],
];

export const CONFIG: readonly Target[] = [
  {
    name: 'yaml',
    seeds: [
      'tick: 1s\nlisten: "[::1]:9477"\nto: [10.0.0.1:80, a:1]\n',
      'owners: {commandLine: true}\nalerts:\n  labels:\n    - a=b\n',
      'tick: &a 1s\nformat: *a\n',
      '# c\n---\nnetns: !!str all\n...\n',
      'nat:\n- "preset=azure-nat-gateway"\n',
    ],
    tokens: [
      ...KEYS,
      ': ',
      '\n',
      '- ',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&a ',
      '*a',
      '|\n',
      '>-\n',
      '#',
      '---\n',
      '...\n',
      '%YAML 1.2\n',
      '!!int ',
      '? ',
      '\t',
      '\u2028',
      '\ufeff',
      '<<: ',
    ],
    async run(input) {
      const text = input.toString('utf8');
      const lines = text.split(/\r\n?|\n/).length + 1;
      for (const given of parseConfig('/etc/x.yaml', text)) {
        const [, line, column] = /^\/etc\/x\.yaml:(\d+):(\d+)(: .+)?$/.exec(given.place) ?? [];
        isWithin(Number(line), 1, lines, `the line of ${given.place}`);
        isWithin(Number(column), 1, text.length + 1, `the column of ${given.place}`);
        isOneLine(given.place, 300);
        if ('problem' in given) isOneLine(given.problem, 4000);
      }
      await load({ env: { LASTPORT_CONFIG: '/etc/x.yaml' }, flags: {}, file: input });
    },
  },
  {
    name: 'options',
    seeds: GOOD,
    tokens: [...GOOD, '=', ';', ':', ',', '%', '/', '[', ']', 'ms', '-', '.', ' ', '::', '0x', '\u0000', '\u202e', 'ﬀ'],
    run(input) {
      const text = input.toString('utf8');
      for (const field of FIELDS) {
        const option: Option = OPTIONS[field];
        for (const command of option.commands) orRefuses(() => option.parse(text, command), RangeError);
      }
      const listen = orRefuses(() => parseListen(text), RangeError);
      if (listen !== undefined) assert.deepEqual(parseListen(formatListen(listen)), listen);
      const endpoint = orRefuses(() => parseEndpoint(text), RangeError);
      if (endpoint !== undefined)
        assert.deepEqual(parseEndpoint(formatEndpoint(endpoint.host, endpoint.port)), endpoint);
      const ms = orRefuses(() => duration(0, 1e9)(text), RangeError);
      if (ms !== undefined) assert.equal(duration(0, 1e9)(formatDuration(ms)), ms);
    },
  },
  {
    name: 'sources',
    seeds: [new Uint8Array([0, 1, 2, 3]), new Uint8Array([1, 9, 200, 7, 8, 9])],
    tokens: GOOD,
    async run(input) {
      const draw = new Draw(input);
      const command = draw.of(COMMANDS);
      const env: Record<string, string> = {};
      const flags: Record<string, unknown> = { _: [], $0: 'lastport' };
      for (let times = 0; times < 4 && !draw.isOver; times++) {
        const option: Option = OPTIONS[draw.of(FIELDS)];
        const text = draw.byte() < 160 ? draw.of(GOOD) : draw.line();
        const kind = draw.byte() % 8;
        if (kind < 3) env[environmentName(option)] = text;
        else if (kind < 5) flags[option.flag] = option.many === true ? [text, draw.of(GOOD)] : text;
        else
          flags[kind === 5 ? draw.line() : option.flag] = draw.of<unknown>([
            true,
            false,
            [],
            {},
            [text, text],
            { a: 1 },
            undefined,
          ]);
      }
      await load({ command, env, flags, file: Buffer.from('tick: 2s\n') });
    },
  },
  {
    name: 'url-secrets',
    seeds: ['http', 'ftp', 'https://x', '%zz'],
    tokens: ['://', '@', ':', '/', '?', '#', '%', 'http://', 'https:', '\\'],
    run(input) {
      const text = `${input.toString('utf8')}://me:s3cret@hooks.example/services/T0K3N?k=v`;
      assert.doesNotMatch(shownUrl(text), /s3cret|T0K3N/);
      orRefuses(() => parseUrl(text), RangeError, /^(?!.*(s3cret|T0K3N))/);
    },
  },
  {
    name: 'addresses',
    seeds: [
      '10.9.0.1',
      '::ffff:10.9.0.1',
      '2001:db8::1',
      '1:2:3:4:5:6:7:8',
      '::',
      '1::8',
      '64:ff9b::192.0.2.1',
      '10.0.0.0/8',
      'fd00::/8',
    ],
    tokens: ['::', ':', '.', '/', 'ffff', '0', '255', '256', '00', '%eth0', '/128', '/33'],
    mostBytes: 1024,
    run(input) {
      const text = input.toString('utf8');
      const address = parseAddress(text);
      // Whatever Node takes for an address, and nothing else; a zone is cut off before.
      assert.equal(address !== null, !text.includes('%') && (isIPv4(text) || isIPv6(text)));
      if (address !== null) {
        for (const word of address) isWithin(word, 0, 0xffffffff, 'a word');
        const canonical = formatAddress(address);
        assert.ok(isIPv4(canonical) || isIPv6(canonical), canonical);
        assert.deepEqual(parseAddress(canonical), address);
        assert.equal(formatAddress(parseAddress(canonical)!), canonical);
      }
      const network = parseNetwork(text);
      if (network === null) return;
      isWithin(network.bits, 0, network.address.length * 32, 'a prefix');
      assert.deepEqual(parseNetwork(formatNetwork(network)), network);
      assert.ok(isInside(network, network.address));
    },
  },
];

async function load(given: {
  command?: (typeof COMMANDS)[number];
  env: Record<string, string>;
  flags: Record<string, unknown>;
  file: Buffer;
}): Promise<void> {
  const { command = 'run', env, flags, file } = given;
  try {
    const { warnings } = await loadConfig({ command, env, flags, readFile: () => file });
    for (const warning of warnings) isOneLine(warning);
  } catch (error) {
    refuses(error, UsageError);
    isOneLine((error as Error).message, 4000);
  }
}
