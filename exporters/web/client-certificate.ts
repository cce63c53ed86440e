import type { TLSSocket } from 'node:tls';
import { formatAddress, parseAddress } from '../../agent/model/address.ts';
import type { TlsSettings } from './settings.ts';

/** What is to be done with a client by the certificate that it has shown, or has not. */
export function isWelcome(socket: TLSSocket, { clientAuth, allowedSans }: TlsSettings): boolean {
  const certificate = socket.getPeerX509Certificate();
  switch (clientAuth) {
    case 'NoClientCert':
    case 'RequestClientCert':
      return true;
    case 'VerifyClientCertIfGiven':
      return certificate === undefined || socket.authorized;
    case 'RequireAnyClientCert':
      return certificate !== undefined && hasName(certificate.subjectAltName, allowedSans);
    case 'RequireAndVerifyClientCert':
      return certificate !== undefined && socket.authorized && hasName(certificate.subjectAltName, allowedSans);
    default:
      return clientAuth satisfies never;
  }
}

const hasName = (subjectAltName: string | undefined, allowed: readonly string[] | null): boolean =>
  allowed === null || namesOf(subjectAltName ?? '').some((name) => allowed.includes(name));

/**
 * "DNS:web-1, IP Address:10.0.0.7, URI:\"a, DNS:b\"" → the names. Node quotes as JSON what could be taken for the next
 * one (x509.subjectAltName). Addresses in canonical text.
 */
export function namesOf(subjectAltName: string): string[] {
  const names: string[] = [];
  for (const [, kind, quoted, bare = ''] of subjectAltName.matchAll(
    /(DNS|IP Address|email|URI|[\w ]+):(?:("(?:[^"\\]|\\.)*")|([^,"]*))(?:, |$)/gy,
  )) {
    const text = quoted === undefined ? bare : (JSON.parse(quoted) as string);
    if (kind === 'DNS' || kind === 'email' || kind === 'URI') names.push(text);
    const address = kind === 'IP Address' ? parseAddress(text) : null;
    if (address !== null) names.push(formatAddress(address));
  }
  return names;
}
