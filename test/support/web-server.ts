// A real HttpServer on a free port of the loopback, with who may read given by the test.
import { connect, type Socket } from 'node:net';
import { HttpServer, type HttpServerOptions } from '../../exporters/http-server.ts';
import type { TlsSettings, WebSettings } from '../../exporters/web/settings.ts';

export const OPEN: WebSettings = { tls: null, users: new Map(), headers: {}, rateLimit: null };

export interface Served {
  readonly http: HttpServer;
  readonly port: number;
  /** Who was refused, and why. */
  readonly refused: string[];
  /** What went wrong inside. */
  readonly errors: string[];
}

/** For as long as `use` takes. */
export async function serve(
  options: Partial<HttpServerOptions>,
  use: (served: Served) => Promise<void>,
): Promise<void> {
  const errors: string[] = [];
  const refused: string[] = [];
  const http = new HttpServer({
    render: () => Promise.resolve({ contentType: 'text/plain', body: 'lastport_up 1\n' }),
    lastTick: () => ({ ageMs: 1, limitMs: 5000 }),
    allowedHosts: () => [],
    onError: (what, error) => errors.push(`${what}: ${(error as Error).message}`),
    onRefused: (why) => refused.push(why),
    monotonic: () => performance.now(),
    ...options,
  });
  const port = await http.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 });
  try {
    await use({ http, port, errors, refused });
  } finally {
    await http.close(1);
  }
}

export const tlsOf = (
  { cert, key }: { readonly cert: string; readonly key: string },
  more: Partial<TlsSettings> & { readonly ca?: string } = {},
): TlsSettings => {
  const { ca, ...rest } = more;
  return {
    context: { cert, key, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
    clientAuth: 'NoClientCert',
    allowedSans: null,
    expiresAt: 0,
    ...rest,
  };
};

/** A connection whose errors are its end and nothing else. */
export const rawSocket = (port: number, localAddress = '127.0.0.1'): Socket =>
  connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true }).on('error', () => undefined);

/** What comes until the other side ends the connection. */
export async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await new Promise<void>((resolve) => {
    if (socket.destroyed) resolve();
    socket.once('end', resolve).once('close', () => resolve());
  });
  return text;
}
