import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { type Answer, line } from '../http-answer.ts';
import { BasicAuth } from './basic-auth.ts';
import { BcryptThread } from './bcrypt-thread.ts';
import { isWelcome } from './client-certificate.ts';
import { RateLimit } from './rate-limit.ts';
import type { Refusal } from './refusals.ts';
import type { WebSettings } from './settings.ts';

type Refused = Answer & { readonly why: Refusal };

const RETRY = { 'retry-after': '1' };

/** Who may read: by the settings of the moment, for each request. */
export class Access {
  private readonly bcrypt = new BcryptThread();
  private readonly basic: BasicAuth;
  private readonly rate: RateLimit;

  constructor(monotonic: () => number) {
    this.basic = new BasicAuth((password, hash) => this.bcrypt.compare(password, hash), monotonic);
    this.rate = new RateLimit(monotonic);
  }

  /** What somebody is told who may not, and why; null: he may. Rejects where no password can be checked. */
  async refusal({ headers, socket }: IncomingMessage, settings: WebSettings): Promise<Refused | null> {
    if (!this.rate.allows(settings.rateLimit))
      return { why: 'rate', ...line(429, 'Too many requests'), headers: RETRY };
    // The handshake was by the settings of then.
    if (settings.tls !== null && !(socket instanceof TLSSocket && isWelcome(socket, settings.tls))) {
      return { why: 'certificate', ...line(403, 'A certificate is needed here'), headers: { connection: 'close' } };
    }
    if (settings.users.size === 0) return null;
    const welcome = await this.basic.check(headers.authorization, settings.users, socket.remoteAddress ?? '');
    if (welcome === 'known') return null;
    if (welcome === 'busy') {
      return { why: 'busy', ...line(503, 'Too many passwords wait to be checked'), headers: RETRY };
    }
    return {
      why: 'password',
      ...line(401, 'A user and a password are needed here'),
      headers: { 'www-authenticate': 'Basic realm="lastport", charset="UTF-8"' },
    };
  }

  close(): Promise<void> {
    return this.bcrypt.close();
  }
}
