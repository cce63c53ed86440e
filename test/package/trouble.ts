import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CleanRoot, Started } from './clean-root.ts';

const METRICS = 'http://127.0.0.1:9477/metrics';

/** What takes all of 200 ports: one program that connects to itself until it may not. It says so, and keeps them. */
const HOG = `
const net = require('node:net');
const server = net.createServer(() => {}).listen(8080, '127.0.0.1', () => {
  const next = () => {
    const socket = net.connect(8080, '127.0.0.1');
    socket.on('connect', next);
    socket.on('error', (error) => console.log(error.code));
  };
  next();
});
`;

/** The daemon as systemd would start it: the user that the package has made, no capability, its variables, its folders. */
export async function startedAsUnit(clean: CleanRoot): Promise<Started> {
  const variables = readFileSync(join(clean.path, 'etc/default/lastport'), 'utf8').match(/^LASTPORT_\w+=.*$/gm) ?? [];
  clean.must('install', '-d', '-o', 'lastport', '-g', 'lastport', '-m', '0755', '/run/lastport');
  clean.must('install', '-d', '-o', 'lastport', '-g', 'lastport', '-m', '0700', '/var/lib/lastport');
  const rights = ['--reuid=lastport', '--regid=lastport', '--clear-groups', '--no-new-privs', '--inh-caps=-all'];
  const folders = ['RUNTIME_DIRECTORY=/run/lastport', 'STATE_DIRECTORY=/var/lib/lastport'];
  const command = ['setpriv', ...rights, '--bounding-set=-all', 'env', '-i', ...variables, ...folders];
  const daemon = await clean.start(...command, '/usr/bin/lastport', 'run');
  await daemon.line((text) => text.includes('127.0.0.1:9477'));
  return daemon;
}

/** Uses up the ports of a small range, and sees it in the log and in the metrics. */
export async function makeTrouble(clean: CleanRoot, daemon: Started): Promise<void> {
  const build = /^lastport_build_info\{.*version="\d+\.\d+\.\d+.*\} 1$/m;
  assert.match(clean.beside('curl', '-sS', METRICS).stdout, build);
  clean.must('sh', '-c', 'echo 40000 40199 > /proc/sys/net/ipv4/ip_local_port_range');
  const alert = daemon.line((text) => text.includes('LastportPortsExhausted'));
  const hog = await clean.start('/usr/lib/lastport/bin/node', '-e', HOG);
  assert.equal(await hog.line(() => true), 'EADDRNOTAVAIL');
  const fired = JSON.parse(await alert) as Record<string, unknown>;
  assert.equal(fired['event'], 'alert', JSON.stringify(fired));
  const headroom = /^lastport_destination_headroom_ports\{.*destination="127\.0\.0\.1:8080".*\} 0$/m;
  assert.match(clean.beside('curl', '-sS', METRICS).stdout, headroom);
  await hog.end('KILL');
}
