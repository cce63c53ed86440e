import type { PlanAnswer, PlanOutcome, PlanQuestion, PlanVerdict } from '../agent/model/plan.ts';
import { count } from './text.ts';

const WORDS: Readonly<Record<PlanVerdict, string>> = { fits: 'FITS', slow: 'SLOW', exhausted: 'RUNS OUT' };
/** SGR codes: green, yellow, bold red. They repeat what the words say. */
const COLORS: Readonly<Record<PlanVerdict, string>> = { fits: '32', slow: '33', exhausted: '1;31' };
const TW_REUSE_NUMBER = { off: 0, on: 1, loopback: 2 } as const;
/** Width of the first column. */
const LABEL = 13;

/** What `lastport plan` prints: one sentence, how it comes about, and each change that would do. */
export function planText(answer: PlanAnswer, { color }: { readonly color: boolean }): string {
  const head = `${WORDS[answer.verdict]}: ${sentence(answer)}`;
  const lines = [color ? `\u001b[${COLORS[answer.verdict]}m${head}\u001b[0m` : head, ...facts(answer).map(row)];
  const { changes, notEnough } = answer;
  if (changes.length > 0) {
    const options = changes.map(({ set }) =>
      Object.entries(set)
        .map(([flag, value]) => `--${flag} ${value}`)
        .join(' '),
    );
    const width = Math.max(...options.map(({ length }) => length));
    lines.push(changes.length === 1 ? 'This fits:' : 'Any one of these fits:');
    for (const [index, { means }] of changes.entries()) lines.push(`   ${options[index]!.padEnd(width)}  ${means}`);
  }
  if (notEnough.length > 0) lines.push(`Not enough alone: ${notEnough.map((option) => `--${option}`).join(', ')}`);
  return `${lines.join('\n')}\n`;
}

function sentence(answer: PlanAnswer): string {
  const { verdict, settlesAtPorts, peakUsedPorts, usablePorts, fastPorts, slowConnectInSeconds } = answer;
  const settles = `settles at ${count(settlesAtPorts)} of ${count(usablePorts)} ports`;
  const near = answer.isNear ? '; so near the limit chance decides' : '';
  if (verdict === 'exhausted') {
    const needs = `${rate(answer.opensPerSecond)} connections a second need up to ${count(peakUsedPorts)} ports`;
    return `${needs}, ${count(usablePorts)} are there${near}`;
  }
  if (verdict === 'fits' || slowConnectInSeconds === null) {
    const fast = fastPorts === 0 ? '' : `, connect() stays fast up to ${count(fastPorts)}`;
    return `${answer.requestsQueue ? 'requests pile up; ' : ''}${settles}${fast}${near}`;
  }
  return `${settles}, and connect() is slow from ${count(fastPorts)} on${near}`;
}

type Row = readonly [label: string, text: string];

const row = ([label, text]: Row): string => `   ${label.padEnd(LABEL)}${text}`;

function facts(answer: PlanAnswer): Row[] {
  const { asked, opensPerSecond, servedPerSecond, openConnections, timeWaitPorts, inBursts } = answer;
  const each = asked.destinations === 1 ? '' : ' at each';
  const share = servedPerSecond === 0 ? 0 : Math.min(1, opensPerSecond / servedPerSecond);
  const used = `${percent(answer.settlesAtPorts / answer.usablePorts)} of ${count(answer.usablePorts)}`;
  return [
    ['requests', requests(answer)],
    ...(answer.requestsQueue ? [['answered', `${rate(servedPerSecond)}/s${each}, the rest piles up`] as const] : []),
    ['client', client(asked)],
    ['opened', `${rate(opensPerSecond)}/s${each}, ${percent(share)} of the requests`],
    ['ports held', `${count(openConnections)} open + ${count(timeWaitPorts)} TIME_WAIT${each}, ${used}`],
    ['deadlines', deadlines(answer)],
    ...(inBursts === null
      ? []
      : [['in bursts', `${rate(inBursts.opensPerSecond)}/s opened: ${deadlines(inBursts)}`] as const]),
    ['sustainable', limits(answer)],
    ['kernel', kernel(asked)],
  ];
}

function requests({ asked, concurrency }: PlanAnswer): string {
  const { requestsPerSecond, destinations } = asked;
  const perSecond = `${rate(requestsPerSecond)}/s`;
  const over = destinations === 1 ? '' : ` over ${count(destinations)} destinations`;
  return concurrency === null
    ? `${perSecond}${over}`
    : `${perSecond}${over}, ${rate(concurrency * destinations)} at once`;
}

function client({ client, load, closes }: PlanQuestion): string {
  const life = load.kind === 'lifetime' ? `, each connection open for ${seconds(load.seconds)}` : '';
  const closer = closes === 'remote' ? ', closed by the server' : '';
  if (client.kind === 'reuse') {
    const reuse = client.reuseShare === 0 ? 'a connection for each request' : `${percent(client.reuseShare)} reused`;
    return `${reuse}${life}${closer}`;
  }
  const { maxIdle, maxPerHost, unreadShare } = client;
  const parts = [
    maxIdle === null ? 'keeps every idle connection' : `keeps ${count(maxIdle)} idle`,
    maxPerHost === null ? 'opens without limit' : `opens ${count(maxPerHost)} at most`,
    ...(unreadShare === 0 ? [] : [`${percent(unreadShare)} of the bodies unread`]),
  ];
  return `a pool that ${parts[0]}, ${parts.slice(1).join(', ')}`;
}

function deadlines({ slowConnectInSeconds, exhaustedInSeconds }: PlanOutcome): string {
  const when = (what: string, value: number | null) =>
    value === null ? `never ${what}` : value === 0 ? `${what} at once` : `${what} after ${seconds(value)}`;
  return `connect() ${when('slow', slowConnectInSeconds)}, ports ${when('gone', exhaustedInSeconds)}`;
}

function limits({ sustainablePerSecond, fastPerSecond, asked }: PlanAnswer): string {
  const text = (value: number | null) => (value === null ? 'any rate' : `${rate(value)} requests/s`);
  const all = asked.destinations === 1 ? '' : ' in all';
  return `${text(sustainablePerSecond)}${all}; with a fast connect() ${text(fastPerSecond)}`;
}

function kernel({ range, reserved, twReuse, loopback }: PlanQuestion): string {
  const held =
    reserved.length === 0
      ? ''
      : `, ${reserved.map(({ low, high }) => (low === high ? low : `${low}-${high}`)).join(',')} reserved`;
  return `range ${range.low}-${range.high}${held} · tcp_tw_reuse ${TW_REUSE_NUMBER[twReuse]}${loopback ? ' · loopback' : ''}`;
}

const rate = (value: number): string => (value < 10 ? String(Number(value.toFixed(1))) : count(Math.round(value)));
/** Rounded to tenths, but 100 % is all and 0 % nothing. */
function percent(share: number): string {
  const tenths = share < 1 ? Math.min(999, Math.round(share * 1000)) : Math.round(share * 1000);
  return `${tenths === 0 && share > 0 ? 'below 0.1' : tenths / 10}%`;
}

function seconds(value: number): string {
  if (value < 1) return `${Math.round(value * 1000)}ms`;
  if (value < 120) return `${Number(value.toFixed(1))}s`;
  return value < 7200 ? `${Math.round(value / 60)}m` : `${Math.round(value / 3600)}h`;
}
