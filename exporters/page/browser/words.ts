import type { DestinationReport, Owner, Verdict } from '../../../agent/model/assessment.ts';

/** From programs and probes anything may come: this much of it is shown. */
const LONGEST = 120;
/** The same of what has such a thing in a sentence. */
export const SENTENCE = 400;
/** Control characters, and those that turn the direction of what follows. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/** A text of somebody else's, on one line, inert. */
export function safe(text: string, longest = LONGEST): string {
  const plain = text.slice(0, longest * 4).replace(UNSEEN, '\u00b7');
  const letters = [...plain];
  return letters.length > longest ? `${letters.slice(0, longest).join('')}\u2026` : plain;
}

/** "14,020" */
export function count(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

/** "3.2", "3,480"; "?" where it is not known. */
export function rate(perSecond: number | null): string {
  if (perSecond === null) return '?';
  return perSecond < 10 ? perSecond.toFixed(1) : count(perSecond);
}

export function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((part / whole) * 100)} %`;
}

/** A deadline farther away is not worth a word. */
const SHOWN_SECONDS = 3600;

/** Of a deadline that was so many seconds away when it was told: "now", "4.1 s", "12 min"; "–" where it is not in sight. */
export function deadline(seconds: number | null, elapsedSeconds: number): string {
  if (seconds === null || seconds > SHOWN_SECONDS) return '\u2013';
  const left = seconds - elapsedSeconds;
  if (left <= 0) return 'now';
  return left < 100 ? `${left.toFixed(1)} s` : `${Math.round(left / 60)} min`;
}

/** A word and a sign for each, for whoever does not see colours. */
export const VERDICT_MARKS: Readonly<Record<Verdict, string>> = {
  healthy: '\u2713 healthy',
  watch: '~ watch',
  warning: '! warning',
  critical: '!! critical',
  blind: '? blind',
};

/** "10.9.0.2:8080", "[2001:db8::1]:443" */
export function endpoint({ remote, remotePort }: Pick<DestinationReport, 'remote' | 'remotePort'>): string {
  return remote.includes(':') ? `[${remote}]:${remotePort}` : `${remote}:${remotePort}`;
}

export function ownerName({ unit, container, command, pid }: Owner): string {
  return safe(
    `${unit ?? (container === null ? command : `${command} in ${container}`)}${pid === null ? '' : ` (${pid})`}`,
  );
}

/** What becomes of it, in words. */
export function outlook(one: DestinationReport, elapsedSeconds: number): string {
  const { forecast, headroomPorts } = one;
  if (headroomPorts <= 0) return 'out of ports: every new connection fails';
  const { exhaustedInSeconds, slowConnectInSeconds, settlesAtPorts, kind } = forecast;
  const full = deadline(exhaustedInSeconds, elapsedSeconds);
  const slow = deadline(slowConnectInSeconds, elapsedSeconds);
  const parts = [
    ...(full === '\u2013' ? [] : [full === 'now' ? 'out of ports any moment' : `out of ports in ${full}`]),
    ...(slow === '\u2013' ? [] : [slow === 'now' ? 'connect() is slow now' : `connect() slow in ${slow}`]),
  ];
  if (parts.length > 0) return parts.join(', ');
  if (kind === 'unknown') return 'not known yet';
  return settlesAtPorts === null ? 'steady' : `steady: settles at ${count(settlesAtPorts)} ports`;
}
