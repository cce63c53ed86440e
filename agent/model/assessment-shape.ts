import { type Assessment, BINDS_TO, FORECAST_KINDS, HOW_OWNED, SCHEMA, VERDICTS } from './assessment.ts';
import { CAUSES, CONFIDENCES } from './cause.ts';
import { POOL_KINDS } from './pool.ts';
import { TW_REUSE } from './port-settings.ts';
import { PROBE_CLIENTS } from './probe.ts';
import { ENGINES } from './readings.ts';
import {
  type Check,
  has,
  isBoolean,
  isInstant,
  isListOf,
  isNumber,
  isOneOf,
  isRecordOf,
  isText,
  orMissing,
  orNull,
} from './shape.ts';

/** All of these are that. */
const each = (names: string, check: Check) => Object.fromEntries(names.split(' ').map((name) => [name, check]));

const isVerdict = isOneOf(VERDICTS);
const isConnectError = has({ code: isText, total: isNumber, pid: orNull(isNumber), command: orNull(isText) });

const isForecast = has({
  kind: isOneOf(FORECAST_KINDS),
  ...each('slowConnectInSeconds exhaustedInSeconds peakUsedPorts settlesAtPorts', orNull(isNumber)),
  ...each('opensPerSecondLow opensPerSecondHigh', orNull(isNumber)),
});

const isOwner = has({
  pid: orNull(isNumber),
  ...each('comm command', isText),
  ...each('user commandLine', orMissing(orNull(isText))),
  ...each('unit container', orNull(isText)),
  usedPorts: isNumber,
  how: isOneOf(HOW_OWNED),
});

const isProbe = has({
  programs: isListOf(has({ pid: orNull(isNumber), node: isText, requests: isNumber })),
  remoteName: orNull(isText),
  clients: isListOf(isOneOf(PROBE_CLIENTS)),
  isTls: isBoolean,
  ...each('seconds requestsPerSecond', isNumber),
  counts: has({
    ...each('opens requests opensBesideIdle', isNumber),
    ...each('closes connectErrors', isRecordOf(isNumber)),
  }),
  gauges: has(each('open idle unread unused clients', isNumber)),
  marks: has(each('open concurrent queued', isNumber)),
  keepAliveHintSeconds: orNull(isNumber),
  callSites: isListOf(has({ site: isText, reason: isText, count: isNumber })),
  totals: has({ requests: isNumber, closes: isRecordOf(isNumber) }),
  timeWait: isRecordOf(isNumber),
  isAll: isBoolean,
});

const isCause = has({
  cause: isOneOf(CAUSES),
  confidence: isOneOf(CONFIDENCES),
  evidence: isListOf(isText),
  portsBack: isNumber,
  callSite: orNull(isText),
  remedies: isListOf(isText),
});

const isDestination = has({
  ...each('local device remoteName', orNull(isText)),
  remote: isText,
  ...each('remotePort usablePorts usedPorts blockedPorts maybeBlockedPorts reusablePorts', isNumber),
  ...each('headroomPorts headroomPortsLow fastHeadroomPorts', isNumber),
  asked: isBoolean,
  states: isRecordOf(isNumber),
  owners: orNull(isListOf(isOwner)),
  ...each('unownedPorts opensPerSecond', orNull(isNumber)),
  connectErrors: orMissing(orNull(isListOf(isConnectError))),
  closesPerSecond: has(each('local remote', orNull(isNumber))),
  forecast: isForecast,
  verdict: isVerdict,
  // What incidents of earlier versions do not have.
  requests: orMissing(orNull(has({ perSecond: isNumber, perConnection: orNull(isNumber) }))),
  tide: orMissing(orNull(has(each('closesAgo usedAhead', isListOf(isNumber))))),
  probe: orMissing(orNull(isProbe)),
  causes: orMissing(isListOf(isCause)),
});

const isBindPool = has({
  local: isText,
  ...each('usablePorts usedPorts headroomPorts anyHeadroomPorts headroomPortsLow', isNumber),
  bindsTo: isOneOf(BINDS_TO),
  opensPerSecond: orNull(isNumber),
  forecast: isForecast,
  verdict: isVerdict,
});

const isNamespace = has({
  netns: orNull(isNumber),
  label: isText,
  engine: orNull(isOneOf(ENGINES)),
  verdict: isVerdict,
  range: orNull(has(each('low high', isNumber))),
  ...each('reservedPorts usablePorts blockedPorts', orNull(isNumber)),
  twReuse: orNull(isOneOf(TW_REUSE)),
  ...each('listeners inboundSockets outboundSockets destinationsInUse destinationsOmitted omittedUsedPorts', isNumber),
  destinations: isListOf(isDestination),
  bindPools: isListOf(isBindPool),
  counters: isRecordOf(isNumber),
});

const isPool = has({
  name: isText,
  kind: isOneOf(POOL_KINDS),
  netns: orNull(isText),
  ...each('limit usedLow', isNumber),
  ...each('heldSeconds used usedHigh headroom', orNull(isNumber)),
  forecast: has({ kind: isOneOf(FORECAST_KINDS), ...each('exhaustedInSeconds settlesAt', orNull(isNumber)) }),
  verdict: isVerdict,
  destination: orNull(has({ remote: isText, remotePort: isNumber })),
});

const hasShape = has({
  schema: isOneOf([SCHEMA]),
  takenAt: isInstant,
  host: has(each('name kernel', isText)),
  verdict: isVerdict,
  namespaces: isListOf(isNamespace),
  pools: isListOf(isPool),
  gaps: isListOf(has(each('source what why costs', isText))),
});

/** Whether all is there, and what it should be, that is shown of an Assessment: one may come from anybody. */
export const isAssessment = (value: unknown): value is Assessment => hasShape(value);
