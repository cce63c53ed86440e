import { statSync } from 'node:fs';
import type { WebSettings } from '../exporters/web/settings.ts';
import { readWebFiles, type WebFiles } from './config/web-files.ts';
import { readFileStart } from './host.ts';

/** Files are looked at again for a connection or a request, but not more often than this, in ms. */
const LOOK_EVERY_MS = 1000;
/** Certificates and the file itself are shorter. */
const LONGEST_FILE = 1024 * 1024;

export interface WebAccessParts {
  readonly monotonic: () => number;
  /** What became of a change: null: it holds now; else why the old state stays. Once for each change. */
  readonly onChange: (problem: string | null) => void;
}

/**
 * The web configuration and the files it names, read again when one of them changes. What cannot be used changes nothing:
 * what was good before goes on. Synchronous, so that a connection gets what its moment has: four stat(2) a second at most.
 */
export class WebAccess {
  private files: WebFiles;
  /** Of all that was read last, whatever came of it. */
  private stamps: ReadonlyMap<string, string>;
  private lookedAt: number;
  private problem: string | null = null;
  readonly file: string;
  private readonly parts: WebAccessParts;

  /** Throws a UsageError for what cannot be used. */
  constructor(file: string, parts: WebAccessParts) {
    this.file = file;
    this.parts = parts;
    const { files, stamps } = load(file);
    if (files instanceof Error) throw files;
    this.files = files;
    this.stamps = stamps;
    this.lookedAt = parts.monotonic();
  }

  get warnings(): readonly string[] {
    return this.files.warnings;
  }

  /** Whether what holds is what the files say. */
  get isCurrent(): boolean {
    return this.problem === null;
  }

  /** When our certificate ends, in ms since the epoch; null: there is none. */
  get expiresAt(): number | null {
    return this.files.settings.tls?.expiresAt ?? null;
  }

  current(): WebSettings {
    if (this.parts.monotonic() - this.lookedAt >= LOOK_EVERY_MS) this.look();
    return this.files.settings;
  }

  /** Now. */
  look(): void {
    this.lookedAt = this.parts.monotonic();
    if ([...this.stamps].every(([file, stamp]) => stampOf(file) === stamp)) return;
    const { files, stamps } = load(this.file);
    this.stamps = stamps;
    const before = this.problem;
    if (files instanceof Error) this.problem = files.message;
    else if ((files.settings.tls === null) !== (this.files.settings.tls === null)) {
      this.problem = `${this.file}: TLS is switched on and off by a restart only`;
    } else {
      this.problem = null;
      this.files = files;
    }
    if (this.problem === null || this.problem !== before) this.parts.onChange(this.problem);
  }
}

function load(path: string): { readonly files: WebFiles | Error; readonly stamps: ReadonlyMap<string, string> } {
  const stamps = new Map<string, string>();
  const read = (file: string) => {
    // Before it is read: what changes meanwhile is read once more.
    stamps.set(file, stampOf(file));
    return readText(file);
  };
  try {
    return { files: readWebFiles(path, read), stamps };
  } catch (error) {
    // Never thrown from here: it would end the daemon in the middle of a connection.
    return { files: error as Error, stamps };
  }
}

function readText(path: string): string {
  const bytes = readFileStart(path, LONGEST_FILE + 1);
  if (bytes.length > LONGEST_FILE) throw new RangeError('larger than 1 MiB');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new TypeError('not UTF-8 text', { cause: error });
  }
}

/** By which a change shows, also one of a symbolic link. A file that cannot be looked at has a stamp too. */
function stampOf(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
