import { type Logger, pino } from 'pino';
import { formatEndpoint } from '../agent/model/address.ts';
import type { Assessment, Verdict } from '../agent/model/assessment.ts';

export type { Logger };

/** Where log lines go: one write a line. */
export interface LogStream {
  write(line: string): unknown;
}

/** `json`: an object a line. `journal`: that, after the priority that the journal files it under. `terminal`: to be read. */
export type LogFormat = 'json' | 'journal' | 'terminal';

const STREAMS: Readonly<Record<LogFormat, (stream: LogStream) => LogStream>> = {
  json: (stream) => stream,
  journal: prioritised,
  terminal: readable,
};

/**
 * A pino logger: one JSON object a line, written at once, because lines that wait in a buffer are lost when the process
 * ends.
 */
export function createLogger(level: string, stream: LogStream, format: LogFormat): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, STREAMS[format](stream));
}

/** Of syslog(3), by the first letter of the level: fatal, error, warn, info, debug, trace. */
const PRIORITIES: Readonly<Record<string, number>> = { f: 2, e: 3, w: 4, i: 6, d: 7, t: 7 };
const LEVEL_AT = '{"level":"'.length;

/** {"level":"warn",… → <4>{"level":"warn",… (SyslogLevelPrefix= of systemd.exec(5)) */
function prioritised(stream: LogStream): LogStream {
  return { write: (line) => stream.write(`<${PRIORITIES[line[LEVEL_AT] ?? ''] ?? 6}>${line}`) };
}

/** {"level":"info","time":"…T02:40:00.000Z","msg":"ready","address":"…"} → 02:40:00 info  ready  address=… */
function readable(stream: LogStream): LogStream {
  return {
    write(line) {
      const { level, time, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
      const fields = Object.entries(rest).map(
        ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      stream.write(`${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(msg)} ${fields.join('')}\n`);
    },
  };
}

/** Lines about changes in one minute; a host on which everything flaps must not fill its own disk. */
const LINES_PER_MINUTE = 60;
const LEVELS: Readonly<Record<Verdict, 'info' | 'warn' | 'error'>> = {
  healthy: 'info',
  watch: 'info',
  warning: 'warn',
  blind: 'error',
  critical: 'error',
};

/** Logs what changes from tick to tick: verdicts of destinations and namespaces, and gaps. */
export class AssessmentLog {
  readonly name = 'log';
  private verdicts = new Map<string, Verdict>();
  private gaps = new Set<string>();
  private minute = 0;
  private lines = 0;
  private heldBack = 0;
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  publish(assessment: Assessment): void {
    const minute = Math.floor(Date.parse(assessment.takenAt) / 60_000);
    if (minute !== this.minute) {
      if (this.heldBack > 0) this.logger.warn({ lines: this.heldBack }, 'more changes than are logged in a minute');
      this.minute = minute;
      this.lines = 0;
      this.heldBack = 0;
    }
    this.publishVerdicts(assessment);
    this.publishGaps(assessment);
  }

  private publishVerdicts(assessment: Assessment): void {
    const now = new Map<string, Verdict>();
    for (const { label, verdict, destinations } of assessment.namespaces) {
      if (verdict === 'blind') now.set(label, verdict);
      for (const one of destinations) {
        if (one.verdict === 'healthy') continue;
        const destination = formatEndpoint(one.remote, one.remotePort);
        const key = `${label} ${one.local} ${destination}`;
        now.set(key, one.verdict);
        if (this.verdicts.get(key) === one.verdict) continue;
        const { local, usedPorts, usablePorts, headroomPorts, fastHeadroomPorts } = one;
        const numbers = { usedPorts, usablePorts, headroomPorts, fastHeadroomPorts };
        this.line(
          LEVELS[one.verdict],
          { netns: label, local, destination, ...numbers },
          `${destination} is ${one.verdict}`,
        );
      }
      if (verdict === 'blind' && this.verdicts.get(label) !== 'blind')
        this.line('error', { netns: label }, 'cannot look');
    }
    for (const [key, verdict] of this.verdicts) {
      if (!now.has(key)) this.line('info', { was: verdict }, `${key} is healthy`);
    }
    this.verdicts = now;
  }

  private publishGaps(assessment: Assessment): void {
    // By what is missing, not why: the reason may hold a number that changes with every tick.
    const now = new Set(assessment.gaps.map(({ source, what }) => `${source}: ${what}`));
    for (const { source, what, why, costs } of assessment.gaps) {
      if (!this.gaps.has(`${source}: ${what}`)) this.line('warn', { source, why, costs }, `not visible: ${what}`);
    }
    for (const gap of this.gaps) if (!now.has(gap)) this.line('info', {}, `visible again: ${gap}`);
    this.gaps = now;
  }

  private line(level: 'info' | 'warn' | 'error', fields: object, text: string): void {
    if (this.lines >= LINES_PER_MINUTE) {
      this.heldBack++;
      return;
    }
    this.lines++;
    this.logger[level](fields, text);
  }
}
