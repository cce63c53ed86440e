/** A process, as people know it. */
export interface Program {
  /** null: several processes of that name and unit. */
  readonly pid: number | null;
  /** The kernel's name of it, at most 15 characters; for labels. */
  readonly comm: string;
  /** The same, and the base name of the script it runs: "node server.js". Never arguments. */
  readonly command: string;
  /** Whose it is: the name of its user, else the uid; null: not known. */
  readonly user: string | null;
  /** All its arguments, with secrets masked; null: not asked for. */
  readonly commandLine: string | null;
  /** systemd unit, "api.service"; null: none. */
  readonly unit: string | null;
  /** Container, by its name or the first 12 digits of its id; null: none. */
  readonly container: string | null;
}

/** Which process holds which socket, as far as it was found out. A program is a number above 0, for as long as it matters. */
export interface SocketOwners {
  /** 0: not known. */
  holderOf(inode: number): number;
  /** null: that was too long ago. */
  program(index: number): Program | null;
  /** Whether all processes may be looked into, so that a holder who is not known is not hidden. */
  readonly seesAll: boolean;
}
