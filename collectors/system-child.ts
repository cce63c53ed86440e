/**
 * The program of the child process that system.ts starts: asks systeminformation, sends one Answer, ends.
 *
 * Of its calls these spawn the fewest shells: mem() and cpuCurrentSpeed() none, cpuFlags() one, and osInfo() seven, but no
 * other tells the distribution. system(), the usual one for `virtual`, would add four and read the kernel's log.
 */
import si from 'systeminformation';
import type { HostInventory } from '../agent/model/assessment.ts';

export type Answer = { readonly inventory: HostInventory } | { readonly error: string };

async function inventory(): Promise<HostInventory> {
  const [os, memory, speed, flags] = await Promise.all([si.osInfo(), si.mem(), si.cpuCurrentSpeed(), si.cpuFlags()]);
  if (speed.cores.length === 0) throw new Error('systeminformation finds no CPU');
  if (!(memory.total > 0)) throw new Error('systeminformation finds no memory');
  return {
    distribution: os.distro,
    release: os.release,
    architecture: os.arch,
    virtual: isVirtual(os.arch, flags),
    cpus: speed.cores.length,
    memoryBytes: memory.total,
  };
}

/** Hypervisors set a flag of the CPU for their guests (CPUID.1:ECX.31); other architectures have nothing like it. */
function isVirtual(architecture: string, flags: string): boolean | null {
  if (flags === '' || !['x64', 'ia32'].includes(architecture)) return null;
  return flags.split(/\s+/).includes('hypervisor');
}

const answer: Answer = await inventory().then(
  (value) => ({ inventory: value }),
  (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
);
process.send?.(answer);
