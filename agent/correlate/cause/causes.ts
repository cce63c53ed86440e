import { type Cause, CONFIDENCES, type Finding } from '../../model/cause.ts';
import { abortedRequests } from './aborted-requests.ts';
import { bindBeforeConnect } from './bind-before-connect.ts';
import { clientPerRequest } from './client-per-request.ts';
import { closeWaitLeak } from './close-wait-leak.ts';
import { connectionLeak } from './connection-leak.ts';
import { connectionPerRequest } from './connection-per-request.ts';
import { isShort } from './evidence.ts';
import type { CauseFacts, Rule } from './facts.ts';
import { idlePoolTooSmall } from './idle-pool-too-small.ts';
import { idleTimeoutChurn } from './idle-timeout-churn.ts';
import { keepaliveDisabled } from './keepalive-disabled.ts';
import { keepaliveHintTooShort } from './keepalive-hint-too-short.ts';
import { leakedBody } from './leaked-body.ts';
import { listenerInRange } from './listener-in-range.ts';
import { noConnectionLimit } from './no-connection-limit.ts';
import { phantomReconnects } from './phantom-reconnects.ts';
import { rangeTooSmall } from './range-too-small.ts';
import { reservedTooMuch } from './reserved-too-much.ts';
import { serverCloses } from './server-closes.ts';
import { slowOrDeadDestination } from './slow-or-dead-destination.ts';
import { tooHotForOneAddress } from './too-hot-for-one-address.ts';
import { twReuseWouldHelp } from './tw-reuse-would-help.ts';
import { unknown } from './unknown.ts';
import { unreadBody } from './unread-body.ts';

/**
 * All causes, and where each is to be mended: in the program that connects, at the destination, or on the host. The host
 * comes last, for more ports put an end off and change nothing. Of equals the one further up comes first.
 */
const RULES: { readonly [cause in Exclude<Cause, 'unknown'>]: { readonly at: number; readonly rule: Rule } } = {
  unread_body: { at: 0, rule: unreadBody },
  leaked_body: { at: 0, rule: leakedBody },
  client_per_request: { at: 0, rule: clientPerRequest },
  keepalive_disabled: { at: 0, rule: keepaliveDisabled },
  keepalive_hint_too_short: { at: 0, rule: keepaliveHintTooShort },
  aborted_requests: { at: 0, rule: abortedRequests },
  no_connection_limit: { at: 0, rule: noConnectionLimit },
  idle_pool_too_small: { at: 0, rule: idlePoolTooSmall },
  idle_timeout_churn: { at: 0, rule: idleTimeoutChurn },
  phantom_reconnects: { at: 0, rule: phantomReconnects },
  close_wait_leak: { at: 0, rule: closeWaitLeak },
  connection_leak: { at: 0, rule: connectionLeak },
  slow_or_dead_destination: { at: 0, rule: slowOrDeadDestination },
  bind_before_connect: { at: 0, rule: bindBeforeConnect },
  connection_per_request: { at: 0, rule: connectionPerRequest },
  server_closes: { at: 0, rule: serverCloses },
  too_hot_for_one_address: { at: 1, rule: tooHotForOneAddress },
  listener_in_range: { at: 2, rule: listenerInRange },
  reserved_too_much: { at: 2, rule: reservedTooMuch },
  range_too_small: { at: 2, rule: rangeTooSmall },
  tw_reuse_would_help: { at: 2, rule: twReuseWouldHelp },
};

type Known = keyof typeof RULES;
const ORDER = Object.keys(RULES) as Known[];

/** What a cause explains as well, so that the other is not said beside it. */
const EXPLAINS: { readonly [cause in Cause]?: readonly Cause[] } = {
  unread_body: ['connection_per_request', 'idle_pool_too_small'],
  leaked_body: ['connection_leak', 'no_connection_limit', 'client_per_request', 'too_hot_for_one_address'],
  client_per_request: ['connection_per_request', 'idle_timeout_churn', 'no_connection_limit', 'connection_leak'],
  keepalive_disabled: ['connection_per_request', 'server_closes'],
  keepalive_hint_too_short: ['connection_per_request'],
  aborted_requests: ['connection_per_request'],
  idle_timeout_churn: ['connection_per_request'],
  idle_pool_too_small: ['connection_per_request'],
  close_wait_leak: ['connection_leak', 'too_hot_for_one_address'],
  slow_or_dead_destination: ['connection_leak', 'connection_per_request', 'too_hot_for_one_address'],
  connection_leak: ['too_hot_for_one_address'],
};

/** Why a destination's ports go: what is to be mended in the program first, then by the ports that would come back. */
export function causesOf(facts: CauseFacts): readonly Finding[] {
  const found = ORDER.flatMap((cause) => {
    const finding = RULES[cause].rule(facts);
    return finding === null ? [] : [{ ...finding, portsBack: bounded(finding.portsBack, facts.report.usedPorts) }];
  });
  const explained = new Set(found.flatMap(({ cause }) => EXPLAINS[cause] ?? []));
  const left = found.filter(({ cause }) => !explained.has(cause)).sort(byWeight);
  const isExplained = left.some(({ cause }) => RULES[cause as Known].at < HOST);
  const rest = isExplained || !isShort(facts.report) ? null : unknown(facts);
  return rest === null ? left : [rest, ...left];
}

const HOST = 2;

function byWeight(a: Finding, b: Finding): number {
  const [first, second] = [a.cause as Known, b.cause as Known];
  return (
    RULES[first].at - RULES[second].at ||
    b.portsBack - a.portsBack ||
    CONFIDENCES.indexOf(b.confidence) - CONFIDENCES.indexOf(a.confidence) ||
    ORDER.indexOf(first) - ORDER.indexOf(second)
  );
}

function bounded(ports: number, used: number): number {
  return Math.max(0, Math.min(Math.round(ports), used));
}
