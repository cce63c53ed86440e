// Where in the program's own code a request is made. A stack costs some 10 µs: so few are taken, and only while there is
// leave.

/** Stacks taken from one beat to the next: at four beats a second some 0.03 % of a core. */
const PER_BEAT = 5;
/** As many as may have been saved up, so that a short program is known too. */
const MOST_SAVED = 20;

/** fetch() alone takes 28. */
const FRAMES = 48;
const LONGEST = 200;
/** undici and what Node is made of; and packages, unless nothing else is on the stack. */
const INTERNAL = /^node:|^internal\/|[\\/]node_modules[\\/]undici[\\/]/;
const PACKAGE = /[\\/]node_modules[\\/]/;

const own = new Set([__filename]);

/** Files of the probe's own, which are on every stack that it takes. */
export function isOwn(file: string): void {
  own.add(file);
}

type Prepare = typeof Error.prepareStackTrace;

/** "/srv/app/api.js:41"; '': not known. The program's own way to print stacks is not asked. */
function callSite(): string {
  const { stackTraceLimit } = Error;
  const prepare: Prepare = Error.prepareStackTrace;
  try {
    Error.stackTraceLimit = FRAMES;
    Error.prepareStackTrace = (_, frames) => frames;
    const holder: { stack?: NodeJS.CallSite[] } = {};
    Error.captureStackTrace(holder, callSite);
    return firstOf(holder.stack ?? []);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = prepare as NonNullable<Prepare>;
  }
}

function firstOf(frames: readonly NodeJS.CallSite[]): string {
  let second = '';
  for (const frame of frames) {
    const file = pathOf(frame.getFileName());
    if (file === '' || INTERNAL.test(file) || own.has(file)) continue;
    const site = `${file.slice(-LONGEST)}:${frame.getLineNumber() ?? 0}`;
    if (!PACKAGE.test(file)) return site;
    if (second === '') second = site;
  }
  return second;
}

/** Files only: code from data: and the like has no place to point at, and its name may hold anything. */
function pathOf(name: string | null | undefined): string {
  if (typeof name !== 'string') return '';
  if (name.startsWith('file:///')) return name.slice('file://'.length).split(/[?#]/, 1)[0] as string;
  return name.startsWith('/') || name.startsWith('node:') || name.startsWith('internal/') ? name : '';
}

/** Takes call sites as long as it has leave. */
export class Sampler {
  private left = MOST_SAVED;

  /** '': none taken. */
  take(): string {
    if (this.left === 0) return '';
    this.left--;
    return callSite();
  }

  beat(): void {
    this.left = Math.min(MOST_SAVED, this.left + PER_BEAT);
  }
}
