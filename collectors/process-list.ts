import type { Host } from '../agent/model/host.ts';

/** Readings from one listing of all processes to the next, if none seems to have come or gone. */
const LISTED_AGAIN = 10;

/** The processes there are; listed only when one seems to have come or gone, for on a big host that costs much. */
export class ProcessList {
  /** Of /proc with hidepid=2 (proc(5)), where other users' processes are not even listed: the first one is always there. */
  hidesSome = false;
  private listed: { readonly pids: readonly number[]; readonly mark: string | null; readings: number } | null = null;
  private readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  /** The same array as before where it was not listed anew. */
  read(): readonly number[] {
    const { listed } = this;
    const mark = this.mark();
    if (listed !== null && mark !== null && mark === listed.mark && listed.readings < LISTED_AGAIN) {
      listed.readings++;
      return listed.pids;
    }
    let pids: number[] = [];
    try {
      pids = this.host.list('.').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
    } catch {
      // A copied tree has no processes.
    }
    this.hidesSome = pids.length > 0 && !pids.includes(1);
    this.listed = { pids, mark, readings: 0 };
    return pids;
  }

  /** Threads there are, and the newest pid: "0.20 0.18 0.12 1/80 11206" (proc_loadavg(5)). null: unknown. */
  private mark(): string | null {
    try {
      return /\/\d+ \d+$/.exec(this.host.readText('loadavg').trimEnd())?.[0] ?? null;
    } catch {
      return null;
    }
  }
}
