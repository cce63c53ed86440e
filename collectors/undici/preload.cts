// Loaded into somebody else's program: node --require lastport/probe, or --import. It listens to what undici and Node say
// of connections, counts, and tells the daemon. Whatever goes wrong in here stays in here. The build makes one file of this and
// all that it imports, bundle.cjs, for each file costs a program a millisecond at its start.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Books } from './books.cts';
import { isOwn, Sampler } from './call-site.cts';
import { watchHttp } from './http-channels.cts';
import { report } from './report.cts';
import { Sender } from './sender.cts';
import { watchUndici } from './undici-channels.cts';

/** Subscribes `hear`, fenced: an error in a subscriber would end the program. */
export type Subscribe = <Message>(channel: string, hear: (message: Message) => void) => void;

const BEAT_MS = 250;
/** Beats from one report to the next; sooner when as many connections as this have come and gone. */
const REPORT_BEATS = 4;
const STORM_EVENTS = 256;
/** After so many errors of its own the probe is no good to anyone. */
const MOST_FAULTS = 100;

const DEFAULT_PATH = '/run/lastport/probe.sock';
const LOADED = Symbol.for('lastport.probe');

isOwn(__filename);

function start(): void {
  const marks = globalThis as { [LOADED]?: true };
  if (marks[LOADED] === true) return;
  Object.defineProperty(globalThis, LOADED, { value: true });

  const sampler = new Sampler();
  const subscriptions: [string, (message: unknown) => void][] = [];
  let isArmed = false;
  // The first report comes at once: a program may not live long.
  let beats = REPORT_BEATS;
  // Made once, while the program has no context of its own (AsyncLocalStorage) that it could hold on to.
  const timer = setTimeout(() => {
    try {
      beat();
    } catch {
      books.faults++;
    }
  }, BEAT_MS);
  timer.unref();
  // A program may end before the first beat: the daemon is called when the first connection is there.
  const call = setTimeout(() => {
    try {
      sender.call();
    } catch {
      books.faults++;
    }
  }, 1);
  call.unref();
  const books = new Books(() => {
    if (isArmed) return;
    isArmed = true;
    timer.refresh();
    call.refresh();
  });
  const sender = new Sender(socketPaths());
  const make = (all: boolean) => {
    const frames = report(books, beats, all);
    beats = 0;
    return frames;
  };

  function beat(): void {
    isArmed = false;
    sampler.beat();
    if (books.faults > MOST_FAULTS) {
      for (const [channel, hear] of subscriptions) unsubscribe(channel, hear);
      return;
    }
    if (++beats >= REPORT_BEATS || books.eventCount >= STORM_EVENTS) sender.send(make);
    // With nothing open and nothing new there is nothing to tell; the next connection wakes it.
    isArmed = books.paths.size > 0 || books.eventCount > 0;
    if (isArmed) timer.refresh();
  }

  const fenced: Subscribe = (channel, hear) => {
    const safe = (message: unknown): void => {
      try {
        hear(message as never);
      } catch {
        books.faults++;
      }
    };
    subscriptions.push([channel, safe]);
    subscribe(channel, safe);
  };
  watchUndici(fenced, books, sampler);
  watchHttp(fenced, books, sampler);

  atExit(() => {
    try {
      sender.sendLast(make, books.paths.size > 0);
    } catch {
      books.faults++;
    }
  });
}

/** Without a listener of its own, which the program could count, and be warned of. */
function atExit(last: () => void): void {
  const { emit } = process;
  const watched = function (this: NodeJS.Process, name: string | symbol): boolean {
    if (name === 'exit') last();
    // biome-ignore lint/complexity/noArguments: passed on as they came
    return Reflect.apply(emit, this, arguments);
  };
  Object.defineProperty(process, 'emit', { value: watched, configurable: true, writable: true });
}

function socketPaths(): string[] {
  const { LASTPORT_PROBE_SOCKET: given, XDG_RUNTIME_DIR: runtime } = process.env;
  if (given !== undefined && given !== '') return [given];
  return runtime === undefined || runtime === '' ? [DEFAULT_PATH] : [DEFAULT_PATH, `${runtime}/lastport/probe.sock`];
}

/** Whether somebody reads undici's own debug output, which is silent where there is a subscriber. */
const isDebugged = (): boolean => /\b(undici|fetch|websocket)\b/i.test(process.env['NODE_DEBUG'] ?? '');

try {
  if (process.env['LASTPORT_PROBE'] !== 'off' && !isDebugged()) start();
} catch {
  // Not loaded: the program goes on without.
}
