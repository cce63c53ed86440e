/** From the text of the options about alerts to their values; see option-values.ts. */

import type { AlertOverride } from '../correlate/alert-book.ts';
import { type AlertThresholds, DEFAULT_THRESHOLDS } from '../correlate/alert-conditions.ts';
import { duration, oneOf, quote } from './option-values.ts';

/** "http://am.example:9093/prefix": where alerts are sent, http or https; with credentials, if it must be. */
export function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol) || !isDecodable(url)) {
    throw new RangeError(`${shownUrl(text)} is no URL; use http://host:port/path or https://…`);
  }
  return text;
}

/** `%` of a user's name or password that is no escape cannot be sent. */
function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(`${username}:${password}`);
    return true;
  } catch {
    return false;
  }
}

/** Quoted without what may be a secret: credentials, and the path, which is a webhook's password. */
export function shownUrl(text: string): string {
  const [, start = '', host = ''] = /^([a-z]+:\/*)?(?:.*@)?([^/?#]*)/is.exec(text) ?? [];
  return quote(`${start}${host}${text.endsWith(`${start}${host}`) ? '' : '/…'}`);
}

/** "https://am.example:9093=/etc/lastport/token": which file holds the Authorization header for whom. */
export function parseAuth(text: string): { readonly origin: string; readonly file: string } {
  const [, origin = '', file = ''] = /^(https?:\/\/[^=]+)=(.+)$/.exec(text) ?? [];
  if (!URL.canParse(origin) || new URL(origin).pathname !== '/') {
    throw new RangeError(`${quote(text)} will not do; use https://host:port=FILE`);
  }
  return { origin: new URL(origin).origin, file };
}

/** What we set ourselves, or Alertmanager gives a meaning to. */
const OWN_LABELS = ['alertname', 'severity', 'netns', 'local', 'destination', 'unit', 'instance', 'pool', 'what'];

/** "team=payments": on every alert. */
export function parseLabel(text: string): { readonly name: string; readonly value: string } {
  const [, name = '', value = ''] = /^([a-zA-Z_][a-zA-Z0-9_]*)=(.+)$/.exec(text) ?? [];
  if (name === '' || name.startsWith('__')) throw new RangeError(`${quote(text)} will not do; use NAME=VALUE`);
  if (OWN_LABELS.includes(name)) throw new RangeError(`${quote(name)} is set by lastport; use another name`);
  return { name, value };
}

/** "20%" as 0.2. */
export function parsePercent(text: string): number {
  const number = Number(/^(\d{1,3}(?:\.\d+)?)%$/.exec(text)?.[1] ?? Number.NaN);
  if (!(number >= 0 && number <= 100)) throw new RangeError(`${quote(text)} will not do; use a share like 20%`);
  return number / 100;
}

/** The same, and "off". */
export const parsePercentOrOff = (text: string): number | null => (text === 'off' ? null : parsePercent(text));

const OVERRIDE_KEYS =
  'destination, unit, netns, headroom-warning, headroom-critical, critical-used, horizon, max-severity, until';

/** "destination=10.0.0.1:80;max-severity=warning;until=2026-12-01T00:00:00Z": other rules for what it matches. */
export function parseOverride(text: string): AlertOverride {
  const match: { destination: string | null; unit: string | null; netns: string | null } = {
    destination: null,
    unit: null,
    netns: null,
  };
  const thresholds: { -readonly [name in keyof AlertThresholds]?: AlertThresholds[name] } = {};
  let maxSeverity: AlertOverride['maxSeverity'];
  let until: number | null = null;
  for (const part of text.split(';')) {
    const [, key = '', value = ''] = /^\s*([a-z-]+)=(.+?)\s*$/.exec(part) ?? [];
    if (key === 'destination' || key === 'unit' || key === 'netns') match[key] = value;
    else if (key === 'headroom-warning') thresholds.headroomWarningRatio = parsePercent(value);
    else if (key === 'headroom-critical') thresholds.headroomCriticalRatio = parsePercent(value);
    else if (key === 'critical-used') thresholds.criticalUsedRatio = parsePercent(value);
    else if (key === 'horizon') thresholds.horizonSeconds = duration(1000, 86_400_000)(value) / 1000;
    else if (key === 'max-severity') {
      const severity = oneOf(['none', 'warning', 'critical'])(value);
      maxSeverity = severity === 'none' ? null : severity;
    } else if (key === 'until') {
      until = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(value) ? Date.parse(value) : Number.NaN;
      if (Number.isNaN(until))
        throw new RangeError(`${quote(value)} is no date; use 2026-12-31 or 2026-12-31T08:00:00Z`);
    } else throw new RangeError(`${quote(part)} will not do; use KEY=VALUE with ${OVERRIDE_KEYS}`);
  }
  if (match.destination === null && match.unit === null && match.netns === null) {
    throw new RangeError(`${quote(text)} matches nothing; name a destination, a unit or a netns`);
  }
  return { ...match, thresholds, maxSeverity, until };
}

const percent = (ratio: number): string => `${ratio * 100}%`;

/** As they would be written. */
export const WRITTEN_DEFAULTS = {
  headroomWarning: percent(DEFAULT_THRESHOLDS.headroomWarningRatio),
  headroomCritical: percent(DEFAULT_THRESHOLDS.headroomCriticalRatio),
  criticalUsed: percent(DEFAULT_THRESHOLDS.criticalUsedRatio),
  horizon: `${DEFAULT_THRESHOLDS.horizonSeconds}s`,
};
