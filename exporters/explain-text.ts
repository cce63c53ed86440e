import { formatEndpoint } from '../agent/model/address.ts';
import type { DestinationReport, Owner } from '../agent/model/assessment.ts';
import type { Cause } from '../agent/model/cause.ts';
import { CAUSE_WORDS } from '../agent/model/cause-words.ts';
import type { Explained } from '../agent/model/explained.ts';
import type { Remedy } from '../agent/model/remedy.ts';
import { count, printable } from './text.ts';

const WIDTH = 100;
const MARGIN = 13;
/** Fixes shown with their code; the others have a line. */
const WITH_CODE = 2;
const MOST_CAUSES = 4;

/** Causes that a probe, or the kernel, would have shown, in the order in which they are told. */
const PROBE_SHOWS: readonly Cause[] = [
  'unread_body',
  'leaked_body',
  'client_per_request',
  'keepalive_disabled',
  'keepalive_hint_too_short',
  'aborted_requests',
  'no_connection_limit',
  'idle_timeout_churn',
  'phantom_reconnects',
  'server_closes',
];
const KERNEL_SHOWS: readonly Cause[] = [
  'close_wait_leak',
  'slow_or_dead_destination',
  'bind_before_connect',
  'listener_in_range',
];

/** What `lastport explain` prints. `color`: ANSI; it repeats what the words say. */
export function explainText(
  all: readonly Explained[],
  { color, hint, width = WIDTH }: { color: boolean; hint: string; width?: number },
): string {
  if (all.length === 0) return `${hint}\n`;
  const bold = (text: string) => (color ? `\u001b[1m${text}\u001b[0m` : text);
  return `${all
    .map((one) => sections(one, bold, width).join('\n'))
    .join('\n\n')
    .split('\n')
    .map(printable)
    .join('\n')}\n`;
}

type Bold = (text: string) => string;

function sections(one: Explained, bold: Bold, width: number): string[] {
  const { destination, causes, namespace, takenAt, from } = one;
  const name = nameOf(destination);
  const where = namespace.label === 'host' ? '' : ` in ${namespace.label}`;
  const lines = [
    bold(`${name} from ${destination.local ?? 'any address'}${where}: ${destination.verdict}`),
    `${takenAt.slice(0, 19).replace('T', ' ')}Z, ${SOURCES[from]}`,
    '',
  ];
  const section = (title: string, paragraphs: readonly string[]) => {
    if (paragraphs.length > 0) lines.push(...titled(title, paragraphs, bold, width));
  };
  section('WHAT', what(one));
  section('WHO', who(destination));
  section('WHY', why(one));
  section('RULED OUT', ruledOut(one));
  section('NOW', now(destination));
  const fixes = causes.slice(0, MOST_CAUSES).flatMap((cause) => cause.fixes);
  section('FIX', shown(fixes.filter((fix) => fix.for !== 'kernel')));
  section('LAST RESORT', shown(fixes.filter((fix) => fix.for === 'kernel')));
  section('CHECK', check(one));
  return lines;
}

const SOURCES = {
  daemon: 'as the daemon has it',
  look: 'from one look at the kernel alone: no daemon answers, so no probe was heard',
  incident: 'as it was recorded',
} as const;

function what({ destination: one, others, othersUnwell }: Explained): string[] {
  const { usedPorts, usablePorts, headroomPorts, fastHeadroomPorts, states, forecast, closesPerSecond } = one;
  const share = usablePorts === 0 ? 100 : Math.floor((usedPorts / usablePorts) * 100);
  const parts = Object.entries(states)
    .sort(([, a], [, b]) => b - a)
    .map(([state, ports]) => `${count(ports)} ${state}`);
  const lines = [
    `${count(usedPorts)} of ${count(usablePorts)} ports used (${share} %)${parts.length === 0 ? '' : `: ${parts.join(', ')}`}; ${count(headroomPorts)} left, ${count(Math.max(0, fastHeadroomPorts))} before connect() gets slow`,
  ];
  if (one.opensPerSecond !== null) {
    const { local, remote } = closesPerSecond;
    lines.push(
      `${rate(one.opensPerSecond)} connections opened a second${local === null ? '' : `, ${rate(local)} closed here`}${remote === null ? '' : `, ${rate(remote)} by the other side`}`,
    );
  }
  if (one.requests !== null && one.requests !== undefined) {
    const { perSecond, perConnection } = one.requests;
    lines.push(
      `${rate(perSecond)} requests a second${perConnection === null ? '' : `, ${perConnection.toFixed(1)} on each connection`}`,
    );
  }
  const deadlines = [
    deadline('connect() gets slow', 'connect() is slow now', forecast.slowConnectInSeconds),
    deadline('out of ports', 'out of ports now', forecast.exhaustedInSeconds),
  ].flatMap((text) => text ?? []);
  lines.push(deadlines.length === 0 ? 'no end in sight at this demand' : deadlines.join('; '));
  for (const { code, total } of one.connectErrors ?? []) lines.push(`${count(total)} connect() calls failed (${code})`);
  if (others > 0) {
    lines.push(
      othersUnwell === 0
        ? `${count(others)} other destination${others === 1 ? ' is' : 's are'} fine`
        : `${count(othersUnwell)} of ${count(others)} other destinations are not well either`,
    );
  }
  return lines;
}

function deadline(coming: string, here: string, seconds: number | null): string | null {
  if (seconds === null) return null;
  return seconds <= 0 ? here : `${coming} in ${seconds < 10 ? seconds.toFixed(1) : count(Math.round(seconds))} s`;
}

const HOW: Readonly<Record<Owner['how'], string>> = {
  seen: 'its sockets live',
  remembered: 'its sockets lived at an earlier look',
  traced: "by the kernel's trace",
  probe: 'its own probe says so',
  shared: 'all that is known of this destination is its',
};

function who({ owners, unownedPorts, probe }: DestinationReport): string[] {
  const lines = (owners ?? []).map((owner) => {
    const { unit, container, command, pid, usedPorts, how } = owner;
    const inside = [unit, container].filter((one) => one !== null).join(', ');
    return `${command}${pid === null ? '' : ` (pid ${pid})`}${inside === '' ? '' : ` of ${inside}`}: ${count(usedPorts)} ports, ${HOW[how]}`;
  });
  if (lines.length === 0 && (probe?.programs.length ?? 0) > 0) {
    lines.push(...(probe?.programs ?? []).map(({ pid, node }) => `pid ${pid ?? '?'}, Node ${node}: by its probe`));
  }
  if (owners === null) lines.push('not looked for');
  else if ((unownedPorts ?? 0) > 0) lines.push(`of ${count(unownedPorts ?? 0)} ports the owner is not known`);
  return lines;
}

function why({ causes, destination }: Explained): string[] {
  if (causes.length === 0) {
    return [
      destination.verdict === 'healthy' ? 'nothing is wrong with it' : 'nothing says why: too little is known yet',
    ];
  }
  return causes
    .slice(0, MOST_CAUSES)
    .flatMap(({ cause, confidence, evidence, portsBack, callSite }, index) => [
      `${index + 1}. ${CAUSE_WORDS[cause].headline} (${cause}, ${confidence})${portsBack > 0 ? `: mending it gives ${count(portsBack)} ports back` : ''}`,
      ...evidence.map((line) => `   ${line}`),
      ...(callSite === null ? [] : [`   most often at ${callSite}`]),
    ]);
}

function ruledOut({ causes, destination: { probe } }: Explained): string[] {
  const held = new Set(causes.map(({ cause }) => cause));
  // Whoever does not see all of it rules nothing out.
  const seen = [...(probe?.isAll === true ? PROBE_SHOWS : []), ...KERNEL_SHOWS];
  const out = seen.filter((cause) => !held.has(cause)).map((cause) => CAUSE_WORDS[cause].headline);
  return out.length === 0 ? [] : [out.join('; ')];
}

function now({ states, headroomPorts }: DestinationReport): string[] {
  const waiting = states.time_wait ?? 0;
  if (waiting === 0) return [];
  return [
    `if nothing connected any more, ${count(waiting)} ports in TIME_WAIT would come back within the next minute, each 60 s after its close`,
    'a restart of the program frees none of them',
    ...(headroomPorts <= 0 ? ['until then connect() fails, to this destination only'] : []),
  ];
}

function shown(fixes: readonly Remedy[]): string[] {
  const different = fixes.filter((fix, index) => fixes.findIndex(({ line }) => line === fix.line) === index);
  return different.flatMap((fix, index) => [
    `${KINDS[fix.for]}${fix.line}`,
    ...(index < WITH_CODE ? fix.code.map((line) => `    ${line}`) : []),
    ...(index < WITH_CODE ? [`  expect: ${fix.expect}`] : []),
    ...(index < WITH_CODE && fix.costs !== null ? [`  costs: ${fix.costs}`] : []),
  ]);
}

/** What a line does not say itself. */
const KINDS: Readonly<Record<Remedy['for'], string>> = {
  undici: 'undici: ',
  fetch: 'fetch: ',
  'node:http': 'node:http: ',
  go: '',
  python: '',
  nginx: '',
  java: '',
  curl: '',
  server: '',
  any: '',
  kernel: '',
};

function check({ destination, causes }: Explained): string[] {
  if (causes.length === 0) return [];
  return [
    `lastport check --to ${formatEndpoint(destination.remote, destination.remotePort)}: USED falls within a minute of the change`,
  ];
}

function nameOf({ remote, remotePort, remoteName }: DestinationReport): string {
  const endpoint = formatEndpoint(remote, remotePort);
  return remoteName === null ? endpoint : `${remoteName} (${endpoint})`;
}

function titled(title: string, paragraphs: readonly string[], bold: Bold, width: number): string[] {
  const lines = paragraphs.flatMap((text) => (text.startsWith('    ') ? [text] : wrapped(text, width - MARGIN)));
  return lines.map((line, index) =>
    `${index === 0 ? bold(title.padEnd(MARGIN)) : ' '.repeat(MARGIN)}${line}`.trimEnd(),
  );
}

/** Between words; what follows is indented as the first line is. */
function wrapped(text: string, columns: number): string[] {
  const indent = `${/^\s*(\d+\. )?/.exec(text)?.[0].replace(/\S/g, ' ') ?? ''}`;
  const lines: string[] = [];
  let line = '';
  for (const word of text.trimEnd().split(/(?<=\S) /)) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

const rate = (perSecond: number): string => (perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond)));
