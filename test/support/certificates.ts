// Certificates for servers of tests, made by openssl in a folder of the test's own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificates {
  /** Of the authority, in PEM. */
  readonly ca: string;
  /** For localhost, signed by it. */
  readonly good: { readonly key: string; readonly cert: string };
  /** The same for elsewhere.example, and one that has expired. */
  readonly elsewhere: { readonly key: string; readonly cert: string };
  readonly expired: { readonly key: string; readonly cert: string };
}

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'lastport-tls-'));
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
  };
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test authority', '-days', '2');
    const signed = (name: string, host: string, ...days: string[]) => {
      openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${host}`);
      writeFileSync(join(folder, 'ext'), `subjectAltName=DNS:${host}`);
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'ext'];
      openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.pem`, ...days);
      return { key: read(`${name}.key`), cert: read(`${name}.pem`) };
    };
    return {
      ca: read('ca.pem'),
      good: signed('good', 'localhost', '-days', '2'),
      elsewhere: signed('elsewhere', 'elsewhere.example', '-days', '2'),
      // Days that end before they begin.
      expired: signed('expired', 'localhost', '-days', '-1'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
