// server.mjs PORT…: an HTTP server that behaves as the path of each request says.
import { createServer } from 'node:http';
import { upgrade } from './handshake.mjs';
import { exitWithStdin, tell } from './held.mjs';
import { serve } from './serve.mjs';

const ports = process.argv.slice(2).map(Number);
for (const port of ports) {
  const server = createServer(serve).on('upgrade', upgrade);
  // Longer than any scenario, so that nothing but the path decides who closes.
  server.keepAliveTimeout = 600_000;
  await new Promise((resolve) => server.listen({ port, host: '::', backlog: 4096 }, resolve));
}
exitWithStdin();
tell('ready', { ports });
