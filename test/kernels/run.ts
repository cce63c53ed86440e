// `npm run test:kernels [-- suite …] [-- file …]`: the kernel suite and the daemon on Debian's kernels, each in a virtual machine.
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { needs } from '../support/needs.ts';
import { debianKernel } from './debian-kernel.ts';
import { type FileResult, runGuest } from './guest.ts';

/** Debian's suites, and the kernels that they are here for. */
const SUITES: Readonly<Record<string, string>> = { bullseye: '5.10', bookworm: '6.1', trixie: '6.12' };
const FILES = [
  'test/kernel/situations.test.ts',
  'test/kernels/daemon.ts',
  ...['bind-pools', 'engines', 'namespaces', 'watching', 'random'].map((name) => `test/kernel/${name}.test.ts`),
];
/** Where no KVM is, everything takes ten times as long, and more on a busy machine. */
const PATIENCE = Number(process.env['LASTPORT_TEST_PATIENCE'] ?? 6);
const TIMEOUT_MS = 90 * 60_000;

const missing = ['qemu-system-x86_64', 'busybox', 'depmod', 'xz', 'apt-get', 'dpkg-deb'].filter((name) => needs(name));
if (missing.length > 0) {
  console.error(
    `test:kernels needs ${missing.join(', ')}: apt-get install qemu-system-x86 busybox-static kmod xz-utils`,
  );
  process.exit(1);
}

const given = process.argv.slice(2);
const files = given.filter((one) => one.includes('/'));
const suites = given.filter((one) => !one.includes('/'));
const wanted = files.length > 0 ? files : FILES;
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'lastport-kernels');
mkdirSync(cache, { recursive: true });

const cells: string[][] = [['kernel', ...wanted.map((file) => basename(file).replace(/(\.test)?\.ts$/, ''))]];
let failed = false;
for (const suite of suites.length > 0 ? suites : Object.keys(SUITES)) {
  const kernel = debianKernel(suite, cache);
  const out = join(cache, suite, 'results');
  console.error(`${kernel.package}: results in ${out}`);
  const results = await runGuest(kernel, { files: wanted, out, timeoutMs: TIMEOUT_MS, patience: PATIENCE });
  failed ||= [...results.values()].some((result) => result === null || result.failed > 0);
  cells.push([kernel.package, ...wanted.map((file) => shown(results.get(file) ?? null))]);
}
console.log(table(cells));
process.exit(failed ? 1 : 0);

function shown(result: FileResult | null): string {
  if (result === null) return 'did not end';
  const { passed, failed, skipped } = result;
  return [
    `${passed} ok`,
    ...(failed > 0 ? [`${failed} FAILED`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ].join(', ');
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows;
  return [head, head.map(() => '---'), ...rest].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
