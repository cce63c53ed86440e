import { isIP } from 'node:net';

/** "web-1:9477" → "web-1"; "[::1]:9477" → "::1". Lower case, without a dot at the end. */
function hostName(host: string): string {
  const match = /^(?:\[([^\]]*)\]|([\w.-]*))(?::\d{1,5})?$/.exec(host);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase().replace(/\.$/, '');
}

/**
 * Against DNS rebinding, where a page of a name that suddenly means 127.0.0.1 reads what only this host may: a browser
 * then still sends that name. Addresses and localhost cannot be rebound; other names must be known. HTTP/1.0 clients,
 * which are no browsers, send none.
 */
export function isAllowedHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (host === undefined) return true;
  const name = hostName(host);
  if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')) return true;
  return allowed.some((one) => name === one.toLowerCase());
}

/** Browsers name the origin of the page that asks. Whoever sends none is no page of another origin. */
export function isSameOrigin(origin: string | undefined, host: string | undefined): boolean {
  return origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
}
