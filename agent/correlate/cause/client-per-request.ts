import { closesFor, failures, grouped, LEAST, lately, many, percent, reuse, siteOf, waitingFor } from './evidence.ts';
import type { Rule } from './facts.ts';
import { isBurst } from './no-connection-limit.ts';

/** A pool opens a second connection at times although one has just become free. */
const BESIDE_RATIO = 0.5;
const BY_SERVER = [
  'server_closed_idle',
  'server_closed_early',
  'server_closed_body',
  'server_reset',
  'server_asked',
] as const;
/** When a server ends one connection, or one cannot be opened, undici's Agent may close the client, with its others. */
const SERVER_RATIO = 0.2;
const OF_THEIR_OWN = ['client_closed', 'idle_timeout'] as const;
/** More requests than that on a connection, and the client lives on. */
const MOST_REUSE = 2;

/**
 * A new Agent, Client or Pool for each request, with connections that no other can use. Only a probe tells: opens beside
 * idle connections to the same place, clients closed after a request, or as many clients as connections.
 */
export const clientPerRequest: Rule = (facts) => {
  const { probe } = facts;
  // Where a client's requests are counted, it is closed and made anew for that.
  if (probe === null || reuse(probe) > MOST_REUSE || closesFor(probe, ['request_limit']) > 0) return null;
  const { opens, opensBesideIdle } = probe.counts;
  const closed = closesFor(probe, ['client_closed']);
  const { clients, open, idle } = probe.gauges;
  const isGivenUp = failures(probe) > opens * SERVER_RATIO && isBurst(probe);
  const isTheirs = isGivenUp || closesFor(probe, BY_SERVER) > opens * SERVER_RATIO;
  const evidence: string[] = [];
  // Idle ones that the server is about to close are none of that kind.
  const ownEnds = closesFor(probe, OF_THEIR_OWN) + idle;
  if (!isTheirs && opensBesideIdle >= LEAST && Math.min(opensBesideIdle, ownEnds) >= opens * BESIDE_RATIO) {
    evidence.push(
      `${grouped(opensBesideIdle)} of ${many(opens, 'connection')} were opened ${lately(probe)} while another one to the same place was idle`,
    );
  }
  if (closed >= LEAST && closed >= opens * BESIDE_RATIO && !isTheirs) {
    evidence.push(
      `${grouped(closed)} of ${many(opens, 'connection')} (${percent(closed, opens)}) ended ${lately(probe)} because their client was closed`,
    );
  }
  if (clients >= LEAST && clients >= open * BESIDE_RATIO) {
    evidence.push(`${many(open, 'connection')} are open, of ${clients} agents`);
  }
  if (evidence.length === 0) return null;
  return {
    cause: 'client_per_request',
    confidence: 'certain',
    evidence,
    portsBack: waitingFor(facts, OF_THEIR_OWN) + Math.max(0, idle - 1),
    callSite: siteOf(probe, OF_THEIR_OWN),
  };
};
