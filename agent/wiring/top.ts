import { checkTable } from '../../exporters/text.ts';
import { Painter } from '../../exporters/top/painter.ts';
import { resolveAsked } from '../asked.ts';
import { explainedOf } from '../commands/explain.ts';
import { top } from '../commands/top.ts';
import type { Config } from '../config/config.ts';
import { formatListen } from '../config/option-values.ts';
import { DaemonSomewhere, daemonPlaces } from '../daemon-places.ts';
import { MOST_BYTES } from '../explain-source.ts';
import { monotonic, now } from '../host.ts';
import { LookWorker } from '../look-worker.ts';
import { LiveScreen } from '../top/live-screen.ts';
import { TopSource } from '../top/source.ts';
import { startGuard } from '../top/start-guard.ts';
import { Terminal } from '../top/terminal.ts';
import { hasColors, stderr, stdout, terminationSignal } from './process.ts';

/** `lastport top` with all its parts. Returns the exit code. */
export async function wireTop(config: Config): Promise<number> {
  const isScreen = process.stdin.isTTY && process.stdout.isTTY && process.env['TERM'] !== 'dumb';
  const screen = isScreen ? screenOf() : null;
  const signal = terminationSignal(['SIGTERM', 'SIGINT', 'SIGHUP']);
  return top(config, {
    source: async (onFeed) => {
      const { listen, tickMs, procfs, engine, netns, ask, podLogs, nat, to, stateDir } = config;
      const { asked, gaps } = to.length === 0 ? { asked: [], gaps: [] } : await resolveAsked(to);
      const limits = { timeoutMs: 2000, mostBytes: MOST_BYTES };
      const daemon = await DaemonSomewhere.open(daemonPlaces(config), limits);
      const feeds = new TopSource({
        ask: () => daemon.ask('/api/assessment'),
        startLooking: (onAssessment, onError) => {
          const orders = {
            config: {
              procfs,
              engine,
              netns,
              ask,
              trace: false,
              ownersCommandLine: false,
              podLogs,
              tickMs,
              nat,
              stateDir,
            },
            request: { inventory: null, asked, gaps },
            probeSocket: null,
          };
          return new LookWorker({ orders, onAssessment, onError });
        },
        place: formatListen(listen),
        tickMs,
        monotonic,
        onFeed,
      });
      return {
        close: async () => {
          await Promise.all([feeds.close(), daemon.close()]);
        },
      };
    },
    screen,
    render: (assessment) => checkTable(assessment, { all: false, color: hasColors() }),
    stdout,
    stderr,
    onUnread: (listener) => process.stdout.on('error', listener),
    signal,
  });
}

/** What opens the screen of `lastport top`. */
function screenOf() {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  const utf8 = /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
  return (onQuit: () => void) =>
    new LiveScreen({
      terminal: new Terminal(process, startGuard),
      painter: new Painter({ color: hasColors(), utf8 }),
      explain:
        ({ from }) =>
        (assessment, { namespace, one }) =>
          explainedOf(assessment, from, namespace, one),
      now,
      monotonic,
      onQuit,
    });
}
