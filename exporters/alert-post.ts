import type { Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import { KEEP_ALIVE_MS, openSocket, type PortRange } from './alert-connect.ts';
import { isAddress, type NameLookup, rememberingLookup } from './name-lookup.ts';
import { SpareConnection } from './spare-connection.ts';

export interface AlertPostOptions {
  readonly url: URL;
  /** The range that connect() chooses from, as it is now. */
  readonly range: () => PortRange;
  /** Certificates to trust instead of the system's, in PEM; null: the system's. */
  readonly ca: string | null;
  readonly lookup: NameLookup;
  /** The connection in use has ended, whoever ended it. */
  readonly onLost: () => void;
}

/** For an answer, in all. */
const ANSWER_MS = 5000;
/** When there is none after so long, it is asked for over another connection too. */
const SUSPICIOUS_MS = 500;
/** What is in an answer does not matter: its rest may take so long (less than makes suspicious) and so many bytes, or the connection is given up. */
const REST_MS = 250;
const LONGEST_REST = 64 * 1024;
const HANDSHAKE_MS = 2000;
/** Connections are idle for hours; the keepalive of TCP sees to it that nobody takes them for dead. */
const IDLE_MS = 24 * 3600_000;
/** How often is it asked whether the name leads elsewhere by now. */
const TEND_MS = 30_000;

/** There was no connection: nothing has been said to anybody. */
export class Unreachable extends Error {}

/** One connection at a time, and where it leads. */
interface Line {
  readonly client: Client;
  address: string | undefined;
}

/**
 * Posts to one URL, over connections that are open in advance: one in use, and a spare. Where one has silently died, what
 * was said on it is said again on a new one before anybody gives up; so a slow receiver may hear a thing twice.
 */
export class AlertPost {
  private readonly options: AlertPostOptions;
  private readonly lookup: NameLookup;
  private readonly spare: SpareConnection;
  private readonly tending: NodeJS.Timeout;
  private line: Line;
  private isPosting = false;
  private isClosed = false;

  constructor(options: AlertPostOptions) {
    this.options = options;
    this.lookup = rememberingLookup(options.lookup);
    this.spare = new SpareConnection(() => this.open());
    this.line = this.makeLine(true);
    this.tending = setInterval(() => void this.tend(), TEND_MS).unref();
    this.spare.warm();
  }

  /** Resolves to the status of the answer; rejects if there is none. One at a time. */
  async post(body: string, headers: Readonly<Record<string, string>>): Promise<number> {
    const under = new AbortController();
    const deadline = setTimeout(() => under.abort(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS);
    this.isPosting = true;
    try {
      const { line } = this;
      const answer = this.send(line, body, headers, under.signal);
      if (await isSettledWithin(answer, SUSPICIOUS_MS)) return await answer;
      const second = this.makeLine(false);
      const other = this.send(second, body, headers, under.signal);
      const isSecond = await Promise.any([answer.then(() => false), other.then(() => true)]).catch(() => true);
      if (isSecond) this.replaceLine(second);
      else second.client.destroy().catch(ignore);
      return await (isSecond ? other : answer);
    } catch (error) {
      // What led nowhere is not tried again.
      this.spare.discard();
      throw error;
    } finally {
      this.isPosting = false;
      clearTimeout(deadline);
      under.abort();
      this.spare.warm();
    }
  }

  /** Leaves an address that the name does not lead to any more, even if somebody still answers there. */
  async tend(): Promise<void> {
    const used = [this.line.address, this.spare.address].filter((one) => one !== undefined);
    const { hostname } = this.options.url;
    if (used.length === 0 || isAddress(hostname)) return;
    // Who cannot tell has not moved.
    const now = await this.lookup(hostname).catch(() => used);
    if (this.isPosting || this.isClosed || used.every((one) => now.includes(one))) return;
    this.spare.discard();
    this.replaceLine(this.makeLine(false));
    this.spare.warm();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.tending);
    this.spare.close();
    await this.line.client.destroy();
  }

  private replaceLine(line: Line): void {
    const { client } = this.line;
    this.line = line;
    client.destroy().catch(ignore);
    this.options.onLost();
  }

  private async send(
    { client }: Line,
    body: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<number> {
    const { pathname, search } = this.options.url;
    const answer = await client.request({ method: 'POST', path: `${pathname}${search}`, headers, body, signal });
    // The status says all. Read to its end, or not, the rest only decides whether the connection can be used again.
    await answer.body.dump({ limit: LONGEST_REST, signal: AbortSignal.timeout(REST_MS) }).catch(ignore);
    return answer.statusCode;
  }

  /** It connects when there is something to say. */
  private makeLine(mayTakeSpare: boolean): Line {
    let mayTake = mayTakeSpare;
    const { ca, url } = this.options;
    const tls = { timeout: HANDSHAKE_MS, keepAliveInitialDelay: KEEP_ALIVE_MS, ...(ca === null ? {} : { ca }) };
    const secure = buildConnector(tls);
    const take = async (): Promise<Socket> => {
      const spare = mayTake ? await this.spare.take() : null;
      mayTake = true;
      return spare ?? (await this.open());
    };
    const client = new Client(url.origin, {
      connect: (options, callback) => {
        take().then(
          (socket) => {
            const { remoteAddress } = socket;
            const done: buildConnector.Callback = (error, connected) => {
              if (error === null) {
                line.address = remoteAddress;
                callback(null, connected as Socket);
                return;
              }
              socket.destroy();
              // Without its code: for a name that is not in the certificate, undici would connect again and again.
              callback(new Error(error.message, { cause: error }), null);
            };
            if (url.protocol === 'https:') secure({ ...options, httpSocket: socket }, done);
            else done(null, socket);
          },
          (error: Error) => callback(new Unreachable(error.message, { cause: error }), null),
        );
      },
      pipelining: 1,
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
    });
    const line: Line = { client, address: undefined };
    client.on('disconnect', () => {
      line.address = undefined;
      if (line !== this.line || this.isClosed) return;
      this.spare.warm();
      this.options.onLost();
    });
    return line;
  }

  private async open(): Promise<Socket> {
    const { url, range } = this.options;
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
    return await openSocket(await this.lookup(url.hostname), port, range);
  }
}

/** For the end of what nobody waits for any more. */
const ignore = (): void => undefined;

function isSettledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    const settled = () => {
      clearTimeout(timer);
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
