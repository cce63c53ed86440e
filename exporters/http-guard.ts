import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { type Answer, line } from './http-answer.ts';

const LONGEST_URL = 1024;

/** What a request asks for: "GET /metrics" with a Host, or "GET http://web-1:9477/metrics" (RFC 9112, 3.2.2), which counts more. */
export interface Target {
  readonly host: string | undefined;
  /** Without the query. */
  readonly path: string;
}

export function targetOf({ url = '', headers }: IncomingMessage): Target {
  const [, host, rest = '/'] = /^https?:\/\/([^/?#]*)([/?].*)?$/i.exec(url) ?? [];
  const path = host === undefined ? url : rest.startsWith('/') ? rest : `/${rest}`;
  return { host: host ?? headers.host, path: path.split('?', 1)[0] as string };
}

/** What nobody is told who asks like this; null: go on. `allowedHosts` null: whatever Host is sent. */
export function refusal(request: IncomingMessage, allowedHosts: readonly string[] | null): Answer | null {
  const { headers, method, url = '' } = request;
  const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name));
  // Node takes the first: another server in between may have taken the second.
  if (hosts.length > 1) return ending(line(400, 'One Host, please'));
  const { host } = targetOf(request);
  if (allowedHosts !== null && !isAllowedHost(host, allowedHosts)) {
    return line(421, 'This host name is not known here; start lastport with --allowed-host NAME to allow it');
  }
  if (!isSameOrigin(headers.origin, host)) return line(403, 'Pages of other origins may not read this');
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (method !== 'GET' && method !== 'HEAD') {
    const answer = { ...line(405, 'GET and HEAD only'), headers: { allow: 'GET, HEAD' } };
    return hasBody ? ending(answer) : answer;
  }
  if (url.length > LONGEST_URL) return line(414, 'Too long');
  return hasBody ? ending(line(413, 'No body, please')) : null;
}

/** What comes after it on this connection is not read. */
const ending = (answer: Answer): Answer => ({ ...answer, headers: { ...answer.headers, connection: 'close' } });

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
