/** One network namespace of the host, and the ways to it. */
export interface Netns {
  /** null: a copied tree that does not tell. */
  readonly inode: number | null;
  /** What people call it; no two have the same. */
  readonly label: string;
  /** Whether it is the one this program runs in. */
  readonly isOwn: boolean;
  /** One of its processes; null: it is only kept by a mount. */
  readonly pid: number | null;
  /** Where to open it, below the procfs root. */
  readonly path: string;
}
