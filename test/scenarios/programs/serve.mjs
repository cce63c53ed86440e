// How the servers behave, by the path of each request. Query: bytes, ms, seconds.

/** A response that node:http would not send so: what happens to the connection is the program's choice. */
const raw = (text, headers = ['Content-Length: 2']) => ['HTTP/1.1 200 OK', ...headers, '', text].join('\r\n');

const PATHS = {
  '/small': (_, response) => response.end('ok'),
  '/large': (_, response, query) => response.end(Buffer.alloc(Number(query.get('bytes') ?? 1 << 20), 'x')),
  '/slow': (_, response, query) => setTimeout(() => response.end('ok'), Number(query.get('ms') ?? 5)),
  /** The same, and says nothing of how long it keeps the connection. */
  '/slow-silent': (_, response, query) => {
    response.setHeader('Connection', 'keep-alive');
    setTimeout(() => response.end('ok'), Number(query.get('ms') ?? 5));
  },
  /** Headers at once, the body in two parts. */
  '/slow-body': (_, response, query) => {
    response.writeHead(200, { 'Content-Length': 4 }).write('ok');
    setTimeout(() => response.end('ok'), Number(query.get('ms') ?? 50));
  },
  '/close': (_, response) => response.writeHead(200, { Connection: 'close' }).end('ok'),
  /** Promises to keep it and closes. */
  '/fin': (request) => request.socket.end(raw('ok')),
  '/rst': (request) => request.socket.write(raw('ok'), () => request.socket.resetAndDestroy()),
  '/fin-early': (request) => request.socket.end(),
  '/fin-body': (request) => request.socket.end(raw('ok', ['Content-Length: 4'])),
  '/hint': (_, response, query) =>
    response
      .writeHead(200, { Connection: 'keep-alive', 'Keep-Alive': `timeout=${query.get('seconds') ?? 1}` })
      .end('ok'),
  /** Its end is that of the connection. */
  '/eof': (request) => request.socket.end(raw('ok', [])),
  '/never': () => undefined,
};

export function serve(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://x');
  request.resume();
  const behave = PATHS[pathname];
  if (behave === undefined) response.writeHead(404).end();
  else behave(request, response, searchParams);
}
