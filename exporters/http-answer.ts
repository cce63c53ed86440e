import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const line = (status: number, body: string): Answer => ({ status, body: `${body}\n` });

/** Headers of every answer; the web configuration may replace them. */
export const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};

const GZIP_FROM_BYTES = 1024;
/** What readers have yet to take, in bytes: a report of a thousand destinations has 10 MB, and a slow reader takes half a minute. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Those below this always get out: with all the places for connections taken they are 32 MB. */
const SMALL_BYTES = 256 * 1024;

const compress = promisify(gzip);

/** Sends answers, and knows how much of them is still to be taken. */
export class Answers {
  private bytes = 0;
  private readonly onBusy: () => void;
  private readonly bytesOf = new WeakMap<ServerResponse, number>();

  constructor(onBusy: () => void) {
    this.onBusy = onBusy;
  }

  async send(
    request: IncomingMessage,
    response: ServerResponse,
    answer: Answer,
    extra: Answer['headers'],
  ): Promise<void> {
    const zipped = answer.body.length >= GZIP_FROM_BYTES && accepts(request.headers['accept-encoding'], 'gzip');
    const body = zipped ? await compress(answer.body) : answer.body;
    const bytes = Buffer.byteLength(body);
    // Nobody would forget it.
    if (request.socket.destroyed) return;
    if (bytes >= SMALL_BYTES && this.bytes + bytes > MOST_BYTES) {
      this.onBusy();
      await this.send(
        request,
        response,
        { ...line(503, 'Too many read slowly'), headers: { 'retry-after': '1' } },
        extra,
      );
      return;
    }
    this.bytes += bytes;
    this.bytesOf.set(response, bytes);
    response.writeHead(answer.status, {
      ...HEADERS,
      ...answer.headers,
      ...extra,
      ...(zipped ? { 'content-encoding': 'gzip', vary: 'accept-encoding' } : {}),
      'content-type': answer.type ?? 'text/plain; charset=utf-8',
      'content-length': bytes,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  /** It was taken, or never will be. */
  forget(response: ServerResponse): void {
    this.bytes -= this.bytesOf.get(response) ?? 0;
    this.bytesOf.delete(response);
  }
}

/** Calls back once, when the answer is out or its connection gone: then one that had yet to begin says nothing itself. */
export function whenOver({ socket }: IncomingMessage, response: ServerResponse, callback: () => void): void {
  const over = () => {
    response.off('close', over);
    socket.off('close', over);
    callback();
  };
  response.once('close', over);
  socket.once('close', over);
}

/** Whether a header of RFC 9110, 12.5 names this and does not refuse it with q=0. */
export function accepts(header: string | string[] | undefined, wanted: string): boolean {
  return String(header ?? '')
    .split(',')
    .map((item) => item.split(';').map((part) => part.trim().toLowerCase()))
    .some(([name, ...parameters]) => name === wanted && !parameters.some((one) => /^q=0(\.0*)?$/.test(one)));
}
