"""Answers every GET after `wait` ms of its query, and leaves it to the client to close first."""
import asyncio
import re
import sys


async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b'\r\n\r\n')
            wait = re.search(rb'[?&]wait=(\d+)', head)
            await asyncio.sleep(int(wait[1]) / 1000 if wait else 0)
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main(port):
    server = await asyncio.start_server(serve, '0.0.0.0', int(port), backlog=4096)
    print('ready', flush=True)
    await server.serve_forever()

asyncio.run(main(sys.argv[1]))
