import { formatListen, type Listen } from '../config/option-values.ts';
import { askDaemon } from '../daemon-client.ts';
import { DaemonSomewhere } from '../daemon-places.ts';
import { parsed } from '../explain-source.ts';
import { plainText } from '../model/shape.ts';
import type { Sight } from './sight.ts';

/** Whether a daemon answers where it would listen. `stranger`: something else does. */
export interface DaemonHealth {
  readonly listen: string;
  readonly state: 'healthy' | 'unhealthy' | 'not running' | 'silent' | 'stranger' | 'unreachable';
  /** What it said, or why not. */
  readonly detail: string;
}

/** Time for one short answer over the loopback; what needs longer is not well. */
const TIMEOUT_MS = 1000;
const MOST_BYTES = 64 * 1024;
const LONGEST_ANSWER = 200;
/** A thousand destinations, with all that is said of each. */
const MOST_ASSESSMENT_BYTES = 64 * 1024 * 1024;
const MOST_GAPS = 20;

/** GET /healthz, once. Never rejects: not running is an answer. */
export async function askHealth(listen: Listen, timeoutMs = TIMEOUT_MS): Promise<DaemonHealth> {
  const shown = formatListen(listen);
  const answer = await askDaemon(listen, '/healthz', { timeoutMs, mostBytes: MOST_BYTES });
  if (answer.state !== 'answered') return { listen: shown, ...answer };
  const { statusCode, contentType, text } = answer;
  if (statusCode === 401 || statusCode === 403) {
    const detail = `it asks who you are (${statusCode}); name the socket for this host with --api-socket`;
    return { listen: shown, state: 'unreachable', detail };
  }
  if ((statusCode !== 200 && statusCode !== 503) || contentType.includes('html')) {
    return { listen: shown, state: 'stranger', detail: `it answers GET /healthz with ${statusCode}` };
  }
  const said = plainText(text.replace(/[\s\p{Cc}]+/gu, ' ').trim());
  const detail = `${statusCode} ${said.slice(0, LONGEST_ANSWER)}`.trim();
  return { listen: shown, state: statusCode === 200 ? 'healthy' : 'unhealthy', detail };
}

/** What the daemon in one of these places cannot see or do; nothing where none answers. Never rejects. */
export async function askGaps(
  places: readonly [Listen, ...Listen[]],
  timeoutMs = TIMEOUT_MS,
): Promise<readonly Sight[]> {
  const daemon = await DaemonSomewhere.open(places, { timeoutMs, mostBytes: MOST_ASSESSMENT_BYTES });
  const answer = await daemon.ask('/api/assessment').finally(() => daemon.close());
  if (answer.state !== 'answered' || answer.statusCode !== 200) return [];
  const assessment = parsed(answer.text);
  if (assessment === null) return []; // a stranger: askHealth() says so
  return assessment.gaps
    .slice(0, MOST_GAPS)
    .map(({ what, why, costs }) => ({ what: 'daemon', seen: 'no', found: `${what}: ${why}`, costs }));
}

/** askHealth() where a daemon may be in several places: of the first that is one, else of the first place. Never rejects. */
export async function askHealthSomewhere(places: readonly [Listen, ...Listen[]]): Promise<DaemonHealth> {
  let first: DaemonHealth | null = null;
  for (const place of places) {
    const health = await askHealth(place);
    if (health.state === 'healthy' || health.state === 'unhealthy') return health;
    first ??= health;
  }
  return first as DaemonHealth;
}
