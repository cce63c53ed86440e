// app.mjs SECONDS: a program with a probe, as any: some requests a second to a server of its own.
import { createServer } from 'node:http';

const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
server.on('listening', () => {
  const url = `http://127.0.0.1:${server.address().port}/`;
  const timer = setInterval(() => {
    fetch(url).then(
      (answer) => answer.text(),
      () => undefined,
    );
  }, 50);
  setTimeout(() => {
    clearInterval(timer);
    server.close();
    server.closeAllConnections();
    process.exit(0);
  }, Number(process.argv[2]) * 1000);
});
