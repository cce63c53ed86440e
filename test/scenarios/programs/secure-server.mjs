// secure-server.mjs PORT: the same behind TLS, by HTTP/2 and HTTP/1.1. Needs openssl for its certificate.
import { spawnSync } from 'node:child_process';
import { createSecureServer } from 'node:http2';
import { exitWithStdin, tell } from './held.mjs';
import { serve } from './serve.mjs';

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '-'];
const { stdout, stderr } = spawnSync('openssl', ['req', '-x509', ...key, '-subj', '/CN=scenario', '-days', '2']);
if (stdout.length === 0) throw new Error(`openssl: ${stderr}`);
const server = createSecureServer({ allowHTTP1: true, key: stdout, cert: stdout }, serve);
server.keepAliveTimeout = 600_000;
await new Promise((resolve) => server.listen({ port: Number(process.argv[2]), host: '::', backlog: 4096 }, resolve));
exitWithStdin();
tell('ready');
