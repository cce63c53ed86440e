// websocket-server.mjs PORT: a server of WebSockets and nothing else.
import { createServer } from 'node:http';
import { upgrade } from './handshake.mjs';
import { exitWithStdin, tell } from './held.mjs';

const server = createServer((_, response) => response.writeHead(426, { Upgrade: 'websocket' }).end());
server.on('upgrade', upgrade);
await new Promise((resolve) => server.listen({ port: Number(process.argv[2]), host: '::', backlog: 4096 }, resolve));
exitWithStdin();
tell('ready');
