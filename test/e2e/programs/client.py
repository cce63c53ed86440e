"""client.py WAIT_MS HOST:PORT=COUNT…: so many requests, each on a connection of its own; then waits to be ended."""
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def request(target):
    host, port = target.rsplit(':', 1)
    with socket.create_connection((host, int(port))) as sock:
        sock.sendall(f'GET /?wait={sys.argv[1]} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        reply = b''
        while not reply.endswith(b'ok'):
            reply += sock.recv(4096)


targets = [target for given in sys.argv[2:] for target, count in [given.split('=')] for _ in range(int(count))]
with ThreadPoolExecutor(20) as pool:
    list(pool.map(request, targets))
print('done', flush=True)
time.sleep(3600)
