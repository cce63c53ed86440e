/** From the text of --nat to its value; see option-values.ts. */

import { NAT_SCOPES, type NatQuota } from '../model/nat-quota.ts';
import { type Network, parseNetwork } from '../model/network.ts';
import { NAT_PRESET_NAMES, NAT_PRESETS } from './nat-presets.ts';
import { duration, oneOf, quote, wholeNumber } from './option-values.ts';

const KEYS = ['name', 'preset', 'networks', 'except', 'ports', 'addresses', 'machines', 'per', 'held'] as const;
type Key = (typeof KEYS)[number];

/** As many as a fleet's NAT has, and more. */
const MOST_PORTS = 64_512 * 16;
/** Longer than any vendor holds a closed port; it is what history is kept for. */
const MOST_HELD_MS = 900_000;

const network = (text: string): Network => {
  const parsed = parseNetwork(text);
  if (parsed === null)
    throw new RangeError(`${quote(text)} is no network; use one like 203.0.113.0/24 or 2001:db8::/32`);
  return parsed;
};

/**
 * Everything but private networks: what is left of IPv4, and the prefix behind which NAT64 has it. IPv6 by itself needs no
 * NAT, as a rule.
 */
const PUBLIC: readonly Network[] = ['0.0.0.0/0', '64:ff9b::/96'].map(network);
/** RFC 1918, RFC 6598, and what never leaves the host or its link (RFC 6890). */
const NOT_PUBLIC: readonly Network[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
].map(network);

/** Commas are taken by environment variables, where blanks do as well. */
const networks = (text: string): readonly Network[] =>
  text
    .split(/[\s,]+/)
    .filter((one) => one !== '')
    .map(network);

/** "preset=azure-nat-gateway;addresses=2;machines=10", "networks=203.0.113.0/24;ports=1024;held=60s;per=machine". */
export function parseNat(text: string): NatQuota {
  const given = new Map<Key, string>();
  for (const part of text.split(';')) {
    const [, key = '', value = ''] = /^\s*([a-z]+)=(.+?)\s*$/.exec(part) ?? [];
    if (!isKey(key)) throw new RangeError(`${quote(part)} will not do; use KEY=VALUE with ${KEYS.join(', ')}`);
    if (given.has(key)) throw new RangeError(`${quote(part)}: ${key} is given twice; give it once`);
    given.set(key, value);
  }
  const name = given.get('preset');
  const preset = name === undefined ? null : NAT_PRESETS[oneOf(NAT_PRESET_NAMES)(name)];
  const needed = (key: Key) => {
    if (preset === null) throw new RangeError(`${quote(text)} has no ${key}; give it, or a preset`);
  };
  if (!given.has('ports')) needed('ports');
  if (!given.has('held')) needed('held');
  const number = (key: Key, most: number) => (given.has(key) ? wholeNumber(1, most)(given.get(key) as string) : null);
  const ports = number('ports', MOST_PORTS) ?? (preset as NonNullable<typeof preset>).ports.value;
  const share = Math.floor((ports * (number('addresses', 64) ?? 1)) / (number('machines', 100_000) ?? 1));
  if (share < 1)
    throw new RangeError(`${quote(text)} leaves no port for this machine; give more ports or fewer machines`);
  const held = given.get('held');
  const heldSeconds =
    held === undefined
      ? (preset as NonNullable<typeof preset>).heldSeconds.value
      : duration(0, MOST_HELD_MS)(held) / 1000;
  const where = given.get('networks') ?? 'public';
  const except = networks(given.get('except') ?? '');
  const isPublic = where === 'public';
  return {
    name: nameOf(given.get('name') ?? name ?? 'nat'),
    networks: isPublic ? PUBLIC : networks(where),
    except: isPublic ? [...NOT_PUBLIC, ...except] : except,
    ports: share,
    per: given.has('per') ? oneOf(NAT_SCOPES)(given.get('per') as string) : (preset?.per ?? 'destination'),
    heldSeconds,
  };
}

const isKey = (key: string): key is Key => (KEYS as readonly string[]).includes(key);

/** It becomes a label. */
function nameOf(text: string): string {
  if (!/^[\w.-]{1,60}$/.test(text)) throw new RangeError(`${quote(text)} is no name; use letters, digits, . _ and -`);
  return text;
}
