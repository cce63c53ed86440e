import type { SecureContextOptions } from 'node:tls';

/** What is asked of a client's certificate, in the words of Go's crypto/tls, which the file has. */
export const CLIENT_AUTH_TYPES = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;
export type ClientAuthType = (typeof CLIENT_AUTH_TYPES)[number];

export interface TlsSettings {
  readonly context: SecureContextOptions;
  readonly clientAuth: ClientAuthType;
  /** Of its names (DNS, address, mail, URI) a client's certificate needs one of these; null: any will do. */
  readonly allowedSans: readonly string[] | null;
  /** When our own certificate ends, in ms since the epoch. */
  readonly expiresAt: number;
}

/** Who may read from the daemon, and how: a web configuration with all that its files hold. */
export interface WebSettings {
  /** null: HTTP in plain. */
  readonly tls: TlsSettings | null;
  /** bcrypt hashes of passwords by user; without any nobody is asked for one. */
  readonly users: ReadonlyMap<string, string>;
  /** For every answer; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** One request each interval, and so many at once; null: no limit. */
  readonly rateLimit: { readonly intervalMs: number; readonly burst: number } | null;
}

/** Whether everybody who reads has shown who he is. */
export const isAuthenticated = ({ tls, users }: WebSettings): boolean =>
  users.size > 0 || tls?.clientAuth === 'RequireAndVerifyClientCert';
