import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { type Address, formatAddress, formatEndpoint, parseAddress } from '../agent/model/address.ts';

/** From where the kernel would connect to one address of a destination. */
export interface Route {
  /** Canonical, IPv4-mapped folded, without zone: as the tables of /proc have it. */
  readonly remote: string;
  readonly remotePort: number;
  /** The name as asked; null if an address was asked for. */
  readonly remoteName: string | null;
  /** null: the kernel would not connect, and `error` says why. */
  readonly local: string | null;
  readonly error: Error | null;
}

/** What asking takes from outside; for tests. */
export interface Resolver {
  /** All addresses of a name, as text. Rejects with what node:dns rejects with. */
  addressesOf(name: string): Promise<readonly string[]>;
}

const systemResolver: Resolver = {
  addressesOf: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
};

/**
 * The routes to every address of every endpoint, in their order, without sending a packet there: connect() of a UDP
 * socket only looks up the route and takes its source address (ip_route_connect, net/ipv4/datagram.c). What it cannot
 * see are policy rules for `ipproto tcp`, and BPF programs that rewrite TCP connects alone. Names are resolved side by
 * side; the kernel is asked one address after the other, so that it never takes more than one UDP port.
 *
 * @param endpoints each a name, or an address with or without zone ("fe80::1%eth0"), IPv6 without brackets.
 * @param options.onFailure takes the error of a name that cannot be resolved, and the others go on.
 * @throws without it, Error naming `--to HOST:PORT` if a name has no address or the resolver needs more than `deadlineMs`.
 */
export async function routesTo(
  endpoints: readonly { readonly host: string; readonly port: number }[],
  {
    deadlineMs = 5000,
    resolver = systemResolver,
    onFailure,
  }: { deadlineMs?: number; resolver?: Resolver; onFailure?: (error: Error) => void } = {},
): Promise<readonly Route[]> {
  const targets = await Promise.all(
    endpoints.map(async ({ host, port }) => {
      try {
        return await targetsOf(host, port, deadlineMs, resolver);
      } catch (error) {
        if (onFailure === undefined) throw error;
        onFailure(error as Error);
        return [];
      }
    }),
  );
  const routes: Route[] = [];
  for (const { address, port, name } of targets.flat()) routes.push(await routeTo(address, port, name));
  return routes;
}

interface Target {
  readonly address: string;
  readonly port: number;
  readonly name: string | null;
}

async function targetsOf(
  host: string,
  port: number,
  deadlineMs: number,
  resolver: Resolver,
): Promise<readonly Target[]> {
  if (parseAddress(withoutZone(host)) !== null) return [{ address: host, port, name: null }];
  const found = new Set<string>();
  for (const text of await resolve(host, `--to ${formatEndpoint(host, port)}`, deadlineMs, resolver)) {
    const address = parseAddress(withoutZone(text));
    // A zone is kept for the look-up, since a link-local address means nothing without it.
    if (address !== null) found.add(text.includes('%') ? text : formatAddress(address));
  }
  return [...found].map((address) => ({ address, port, name: host }));
}

const withoutZone = (text: string): string => text.split('%', 1)[0] as string;

const RESOLVER_ERRORS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name has no address',
  ENODATA: 'the name has no address',
  EAI_AGAIN: 'no name server answers',
};

async function resolve(
  name: string,
  asked: string,
  deadlineMs: number,
  resolver: Resolver,
): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    const addresses = await Promise.race([resolver.addressesOf(name), late]);
    if (addresses.length === 0) throw new Error('the name has no address');
    return addresses;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = Object.hasOwn(RESOLVER_ERRORS, code) ? `${RESOLVER_ERRORS[code]} (${code})` : message;
    throw new Error(`${asked}: cannot resolve "${name}": ${reason}; give an address instead`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

const ROUTE_ERRORS: Readonly<Record<string, string>> = {
  ENETUNREACH: 'no route leads there',
  EHOSTUNREACH: 'a route forbids it, or its next hop is unreachable',
  EACCES: 'a route or rule forbids it',
  EPERM: 'a route or rule forbids it',
  EADDRNOTAVAIL: 'no local address fits it',
  EAFNOSUPPORT: 'this kernel or namespace has no such address family',
  EADDRINUSE: 'no UDP port is free to ask the kernel with',
  EINVAL: 'a blackhole route swallows it',
};

async function routeTo(target: string, port: number, remoteName: string | null): Promise<Route> {
  try {
    const { local, remote } = await connectTo(target, port);
    return { remote: canonical(remote), remotePort: port, remoteName, local: canonical(local), error: null };
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const zoneless = code === 'EINVAL' && /^fe[89ab]/i.test(target);
    const known = zoneless ? 'it needs the zone of an interface that exists, as in fe80::1%eth0' : ROUTE_ERRORS[code];
    const reason = known === undefined ? message : `${known} (${code})`;
    const error = new Error(`Cannot route to ${formatEndpoint(target, port)}: ${reason}`, { cause });
    return { remote: canonical(target), remotePort: port, remoteName, local: null, error };
  }
}

/** Both ends as the kernel took them: 0.0.0.0 and :: become loopback, as they do for TCP. */
function connectTo(target: string, port: number): Promise<{ local: string; remote: string }> {
  const address = parseAddress(withoutZone(target));
  if (address !== null && isMulticast(address)) return Promise.reject(new Error('TCP has no multicast'));
  // A mapped address is an IPv4 route.
  const socket = address?.length === 1 ? createSocket('udp4') : createSocket('udp6');
  return new Promise<{ local: string; remote: string }>((resolve, reject) => {
    // bind() fails by event, connect() by callback.
    socket.once('error', reject);
    socket.connect(port, address?.length === 1 ? formatAddress(address) : target, (error?: Error) => {
      if (error) reject(error);
      else resolve({ local: socket.address().address, remote: socket.remoteAddress().address });
    });
  }).finally(() => socket.close());
}

const isMulticast = (address: Address): boolean =>
  address.length === 1 ? address[0] >>> 28 === 0xe : address[0] >>> 24 === 0xff;

function canonical(text: string): string {
  const address = parseAddress(withoutZone(text));
  if (address === null) throw new TypeError(`Cannot read "${text}" as an address`);
  return formatAddress(address);
}
