import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  copyFileSync,
  createWriteStream,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../support/golden.ts';
import type { DebianKernel } from './debian-kernel.ts';
import { buildInitrd } from './initrd.ts';

/** How one test file went in a guest; null: it never ended. */
export interface FileResult {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface GuestOptions {
  readonly files: readonly string[];
  /** For the results: logs, exit codes, the console. */
  readonly out: string;
  readonly timeoutMs: number;
  readonly patience: number;
}

/** What Node needs, and no more: with AVX, which is emulated word by word, everything takes twice as long. */
const PLAIN_CPU = 'qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16';
/** Of memory: Node, Python, and a root file system that takes what is written. */
const MEBIBYTES = 3072;

/** Boots a kernel with this machine's files below it, runs the test files in there, and returns how each went. */
export async function runGuest(
  kernel: DebianKernel,
  { files, out, timeoutMs, patience }: GuestOptions,
): Promise<ReadonlyMap<string, FileResult | null>> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const initrd = join(out, 'initrd');
  buildInitrd(kernel, `${root}test/kernels/init.sh`, initrd);
  copyFileSync(`${root}test/kernels/job.sh`, join(out, 'job.sh'));
  const settings = {
    RELEASE: kernel.release,
    MODULES: join(kernel.folder, 'lib/modules'),
    TREE: root,
    NODE: process.execPath,
    FILES: files.join(' '),
  };
  const forTests = Object.entries(process.env).filter(([name]) => name.startsWith('LASTPORT_TEST_'));
  const exported = { ...Object.fromEntries(forTests), LASTPORT_TEST_PATIENCE: String(patience) };
  const lines = [
    ...Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`),
    ...Object.entries(exported).map(([name, value]) => `export ${name}='${value}'\n`),
  ];
  writeFileSync(join(out, 'settings'), lines.join(''));

  const isFast = hasKvm();
  const args = [
    ...['-accel', isFast ? 'kvm' : 'tcg', '-cpu', isFast ? 'host' : PLAIN_CPU, '-smp', '1', '-m', String(MEBIBYTES)],
    ...['-nographic', '-no-reboot', '-nic', 'none', '-kernel', kernel.image, '-initrd', initrd],
    // no_timer_check: on a busy machine the guest's timer looks broken to it.
    ...['-append', 'console=ttyS0 panic=-1 quiet no_timer_check'],
    // multidevs: inodes of several of this machine's disks must not be taken for one another.
    ...['-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap'],
    ...['-virtfs', `local,path=${out},mount_tag=results,security_model=none`],
  ];
  const console = createWriteStream(join(out, 'console'));
  const machine = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  machine.stdout.pipe(console);
  machine.stderr.pipe(console);
  const impatience = setTimeout(() => machine.kill('SIGKILL'), timeoutMs);
  const end = () => machine.kill('SIGKILL');
  process.once('exit', end);
  await once(machine, 'close');
  process.off('exit', end);
  clearTimeout(impatience);
  return new Map(files.map((file) => [file, resultOf(out, basename(file, '.test.ts'))]));
}

/** /dev/kvm may exist in a virtual machine where it does not work. */
function hasKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return /^flags\s*:.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

/** run-tests may run a file in two parts, each with its sums. */
function resultOf(out: string, name: string): FileResult | null {
  try {
    readFileSync(join(out, `${name}.status`));
    const log = readFileSync(join(out, `${name}.log`), 'utf8');
    const sum = (what: string) =>
      [...log.matchAll(new RegExp(`^ℹ ${what} (\\d+)$`, 'gm'))].reduce((total, [, count]) => total + Number(count), 0);
    const passed = sum('pass');
    const failed = sum('fail') + sum('cancelled');
    // Nothing at all is no success.
    return { passed, failed: passed + failed + sum('skipped') === 0 ? 1 : failed, skipped: sum('skipped') };
  } catch {
    return null;
  }
}
