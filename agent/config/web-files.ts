import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { ClientAuthType, TlsSettings, WebSettings } from '../../exporters/web/settings.ts';
import { quote } from './option-values.ts';
import { CURVES, cipherList, TLS_VERSIONS } from './tls-names.ts';
import { UsageError } from './usage-error.ts';
import { parseWebConfig, type WebConfig } from './web-config.ts';
import { whyUnread } from './why-unread.ts';

/** The text of a file. Throws what node:fs throws. */
export type ReadText = (path: string) => string;

export interface WebFiles {
  readonly settings: WebSettings;
  /** What is done otherwise than the file says, a line each. */
  readonly warnings: readonly string[];
}

/** A web configuration with the files it names; paths are relative to it. Throws a UsageError for what cannot be used. */
export function readWebFiles(file: string, readText: ReadText): WebFiles {
  const config = parseWebConfig(file, textOf(file, '--web-config', 'a YAML file', readText));
  const pem = (name: 'cert' | 'key' | 'client_ca'): Pem | null => {
    const inline = config.values.tls_server_config?.[name];
    const path = config.values.tls_server_config?.[`${name}_file`];
    if (inline !== undefined && path !== undefined) {
      throw new UsageError(`${config.place('tls_server_config', name)}: ${name}_file is given too; keep one of them`);
    }
    if (inline !== undefined) return { text: inline, place: config.place('tls_server_config', name) };
    if (path === undefined) return null;
    const full = resolve(dirname(file), path);
    const place = config.place('tls_server_config', `${name}_file`);
    return { text: textOf(full, place, 'a PEM file', readText), place };
  };
  const { http_server_config: http, basic_auth_users: users = {} } = config.values;
  const headers = Object.entries(http?.headers ?? {}).filter(([, value]) => value !== '');
  const warnings =
    http?.http2 === 'true'
      ? [`${config.place('http_server_config', 'http2')}: everybody gets HTTP/1.1, which they speak too`]
      : [];
  const settings = {
    tls: config.values.tls_server_config === undefined ? null : tlsOf(config, pem),
    users: new Map(Object.entries(users)),
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value as string])),
    rateLimit: rateLimitOf(config),
  };
  return { settings, warnings };
}

interface Pem {
  readonly text: string;
  readonly place: string;
}

function textOf(path: string, place: string, what: string, readText: ReadText): string {
  try {
    return readText(path);
  } catch (error) {
    throw new UsageError(`${place}: cannot read ${quote(path)}: ${whyUnread(error)}; name ${what}`, { cause: error });
  }
}

function tlsOf(config: WebConfig, pem: (name: 'cert' | 'key' | 'client_ca') => Pem | null): TlsSettings {
  const { values, place } = config;
  const tls = values.tls_server_config ?? {};
  const refuse = (problem: string, key?: string): never => {
    throw new UsageError(`${place('tls_server_config', ...(key === undefined ? [] : [key]))}: ${problem}`);
  };
  const cert = pem('cert') ?? refuse('no certificate; give cert_file');
  const key = pem('key') ?? refuse('no key; give key_file');
  const clientCa = pem('client_ca');
  const given = tls.client_auth_type ?? 'NoClientCert';
  const clientAuth = (given === 'RequireClientCert' ? 'RequireAnyClientCert' : given) as ClientAuthType;
  const verifies = clientAuth === 'VerifyClientCertIfGiven' || clientAuth === 'RequireAndVerifyClientCert';
  if (clientCa !== null && clientAuth === 'NoClientCert') {
    refuse('client_ca is given, but no certificate is asked for; use client_auth_type: RequireAndVerifyClientCert');
  }
  // Go would take every authority that the system trusts, and so nearly everybody.
  if (clientCa === null && verifies)
    refuse(`${given} needs to know whom to trust; give client_ca_file`, 'client_auth_type');
  const allowedSans = tls.client_allowed_sans ?? null;
  if (allowedSans !== null && clientAuth !== 'RequireAnyClientCert' && clientAuth !== 'RequireAndVerifyClientCert') {
    refuse('needs client_auth_type: RequireAndVerifyClientCert', 'client_allowed_sans');
  }
  const { min_version: min = 'TLS12', max_version: max = 'TLS13' } = tls;
  if (min > max) refuse(`${min} is above max_version; use TLS12`, 'min_version');

  const [own] = certificatesOf(cert);
  if (own === undefined) throw new UsageError(`${cert.place}: no certificate in it; name a PEM file`);
  if (!own.checkPrivateKey(keyOf(key))) throw new UsageError(`${key.place}: not the key of the certificate`);
  if (clientCa !== null && certificatesOf(clientCa).length === 0) {
    throw new UsageError(`${clientCa.place}: no certificate in it; name a PEM file`);
  }
  const curves = tls.curve_preferences ?? [];
  const context = {
    cert: cert.text,
    key: key.text,
    ...(clientCa === null ? {} : { ca: clientCa.text }),
    minVersion: TLS_VERSIONS[min],
    maxVersion: TLS_VERSIONS[max],
    ciphers: cipherList(tls.cipher_suites ?? []),
    ...(curves.length === 0 ? {} : { ecdhCurve: curves.map((name) => CURVES[name]).join(':') }),
    honorCipherOrder: tls.prefer_server_cipher_suites !== 'false',
  } as TlsSettings['context'];
  try {
    createSecureContext(context);
  } catch (error) {
    refuse(`OpenSSL does not take it: ${(error as Error).message.replace(/\s+/g, ' ')}`);
  }
  return { context, clientAuth, allowedSans, expiresAt: Date.parse(own.validTo) };
}

function certificatesOf({ text, place }: Pem): X509Certificate[] {
  const blocks = text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END [^-]*-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new UsageError(`${place}: a certificate in it cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

function keyOf({ text, place }: Pem): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isLocked = code === 'ERR_MISSING_PASSPHRASE' || /ENCRYPTED/.test(text);
    const problem = isLocked ? 'the key has a passphrase; use one without' : 'no private key in it; name a PEM file';
    throw new UsageError(`${place}: ${problem}`, { cause: error });
  }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

function rateLimitOf({ values, place }: WebConfig): WebSettings['rateLimit'] {
  const { interval = '0', burst = '0' } = values.rate_limit ?? {};
  let intervalMs = 0;
  for (const [, number, unit = ''] of interval.matchAll(/(\d+(?:\.\d+)?)([a-zµ]+)/g)) {
    intervalMs += Number(number) * (UNIT_MS[unit] as number);
  }
  if (intervalMs === 0) return null;
  if (Number(burst) === 0) {
    throw new UsageError(`${place('rate_limit', 'burst')}: without a burst nobody gets anything; use 1 or more`);
  }
  return { intervalMs, burst: Number(burst) };
}
