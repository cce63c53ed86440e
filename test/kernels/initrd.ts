import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { DebianKernel } from './debian-kernel.ts';

/** What the guest needs to see this machine's files: virtio's PCI, 9p over it, and overlayfs to write beside them. */
const NEEDED = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

/** Writes an initramfs: busybox, `init`, and those modules in the order in which they are loaded. */
export function buildInitrd({ folder, release }: DebianKernel, init: string, into: string): void {
  const root = mkdtempSync(join(tmpdir(), 'lastport-initrd-'));
  try {
    for (const part of ['bin', 'modules']) mkdirSync(join(root, part));
    copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
    copyFileSync(init, join(root, 'init'));
    for (const path of ['bin/busybox', 'init']) chmodSync(join(root, path), 0o755);
    for (const [index, file] of modules(folder, release).entries()) {
      const name = `${String(index).padStart(2, '0')}-${basename(file).replace(/\.xz$/, '')}`;
      const to = join(root, 'modules', name);
      if (file.endsWith('.xz')) writeFileSync(to, execFileSync('xz', ['-dc', file], { maxBuffer: 64 * 1024 * 1024 }));
      else copyFileSync(file, to);
    }
    const options = { cwd: root, maxBuffer: 256 * 1024 * 1024 };
    const names = execFileSync('find', ['.'], options);
    writeFileSync(
      into,
      execFileSync('/bin/busybox', ['cpio', '-o', '-H', 'newc'], { ...options, input: names, stdio: 'pipe' }),
    );
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** With all that they depend on, each once. What is built into the kernel has no file. */
function modules(folder: string, release: string): readonly string[] {
  const lines = NEEDED.flatMap((name) =>
    execFileSync('modprobe', ['-d', folder, '-S', release, '--show-depends', name], { encoding: 'utf8' }).split('\n'),
  );
  const files = lines.map((line) => /^insmod (\S+)/.exec(line)?.[1]).filter((file) => file !== undefined);
  return [...new Set(files)];
}
