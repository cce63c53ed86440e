"""storm.py RATE SECONDS: a client that reuses nothing: its ports run out within the horizon if it goes on."""
import socket
import sys
import time

rate, seconds = int(sys.argv[1]), int(sys.argv[2])
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", 8100))
server.listen(4096)
begun, made = time.monotonic(), 0
while time.monotonic() - begun < seconds:
    # A busy machine makes fewer, and not for longer.
    for _ in range(int((time.monotonic() - begun) * rate) - made):
        client = socket.create_connection(("127.0.0.1", 8100))
        other = server.accept()[0]
        client.close()
        other.close()
        made += 1
    time.sleep(0.005)
