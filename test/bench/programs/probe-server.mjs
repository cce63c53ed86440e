// Answers every request at once with a small JSON. Says its port.
import { createServer } from 'node:http';

const body = JSON.stringify({ answer: 42, text: 'x'.repeat(200) });
const server = createServer((_, response) => {
  response.setHeader('content-type', 'application/json');
  response.setHeader('x-request-id', 'b1946ac92492d2347c6235b4d2611184');
  response.end(body);
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
