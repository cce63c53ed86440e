import { createHmac, randomBytes } from 'node:crypto';

/** `busy`: too many passwords wait to be checked. */
export type Welcome = 'known' | 'unknown' | 'busy';

/** Room for a long name and a password of bcrypt's 72 bytes, in base64. */
const LONGEST_HEADER = 1024;
/** Passwords that wait, of all and of one address: with a cost of 10 the last of them waits a second or two. */
const MOST_WAITING = 16;
const MOST_WAITING_OF_ONE = 4;
/** Outcomes that are remembered, of each kind, so that those who guess do not push out those who know. */
const MOST_REMEMBERED = 256;
/** What is right is checked again after so long, in ms. */
const REMEMBER_MS = 3600 * 1000;

/** Who is let in by user and password. A pair that was checked before costs nothing: a scraper sends it every time. */
export class BasicAuth {
  private readonly right = new Map<string, number>();
  private readonly wrong = new Map<string, number>();
  private readonly waiting = new Map<string, Promise<boolean>>();
  private readonly waitingOf = new Map<string, number>();
  /** What is remembered is of no use to whoever reads this memory later. */
  private readonly secret = randomBytes(32);
  private readonly compare: (password: string, hash: string) => Promise<boolean>;
  private readonly monotonic: () => number;

  /** `monotonic` in ms. */
  constructor(compare: (password: string, hash: string) => Promise<boolean>, monotonic: () => number) {
    this.compare = compare;
    this.monotonic = monotonic;
  }

  /** `header`: Authorization; `who`: the address that sent it. Rejects where no password can be checked. */
  async check(header: string | undefined, users: ReadonlyMap<string, string>, who: string): Promise<Welcome> {
    const given = credentials(header);
    if (given === null) return 'unknown';
    const hash = users.get(given.user);
    // Who has no hash is compared with one that nothing fits: by the time it takes nobody learns which users there are.
    const against = hash ?? decoy(users);
    const key = this.keyOf(given.user, given.password, against);
    const isRight = this.remembered(key) ?? (await this.ask(key, given.password, against, who));
    if (isRight === null) return 'busy';
    return isRight && hash !== undefined ? 'known' : 'unknown';
  }

  private remembered(key: string): boolean | null {
    const since = this.right.get(key);
    if (since !== undefined && this.monotonic() - since < REMEMBER_MS) return true;
    return this.wrong.has(key) ? false : null;
  }

  /** null: too many wait already. The same question by several is asked once. */
  private async ask(key: string, password: string, hash: string, who: string): Promise<boolean | null> {
    const asked = this.waiting.get(key);
    if (asked !== undefined) return asked;
    const others = this.waitingOf.get(who) ?? 0;
    if (this.waiting.size >= MOST_WAITING || others >= MOST_WAITING_OF_ONE) return null;
    this.waitingOf.set(who, others + 1);
    const asking = this.compare(password, hash);
    this.waiting.set(key, asking);
    try {
      const isRight = await asking;
      remember(isRight ? this.right : this.wrong, key, this.monotonic());
      return isRight;
    } finally {
      this.waiting.delete(key);
      const left = (this.waitingOf.get(who) ?? 1) - 1;
      if (left > 0) this.waitingOf.set(who, left);
      else this.waitingOf.delete(who);
    }
  }

  /** With the hash in it: with a new hash, or without the user, nothing is remembered. */
  private keyOf(...parts: readonly string[]): string {
    return createHmac('sha256', this.secret).update(JSON.stringify(parts)).digest('base64');
  }
}

function remember(into: Map<string, number>, key: string, at: number): void {
  into.delete(key);
  into.set(key, at);
  const [oldest] = into.keys();
  if (into.size > MOST_REMEMBERED && oldest !== undefined) into.delete(oldest);
}

/** RFC 7617, in UTF-8. */
function credentials(header = ''): { readonly user: string; readonly password: string } | null {
  if (header.length > LONGEST_HEADER) return null;
  const [, base64] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? [];
  if (base64 === undefined) return null;
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** As slow as the slowest of the real ones: of that cost, with a salt and a digest that no password has. */
function decoy(users: ReadonlyMap<string, string>): string {
  const [slowest = '$2y$10$'] = [...users.values()]
    .map((hash) => hash.slice(0, 7))
    .sort((a, b) => (a.slice(4) < b.slice(4) ? 1 : -1));
  return `${slowest}${'.'.repeat(53)}`;
}
