"""A situation, and then what the kernel says of it: 300 ports to 127.0.0.1:8081 used, 50 blocked by bind(), and at a line on
stdin the connect() calls that succeed until one is refused."""
import socket
import sys

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", 8081))
server.listen(4096)
other = socket.socket()
other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
other.bind(("127.0.0.1", 8082))
other.listen(4096)
held = [socket.create_connection(("127.0.0.1", 8081)) for _ in range(300)]
for _ in range(50):
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    one.connect(("127.0.0.1", 8082))
    held.append(one)
print("held", flush=True)
sys.stdin.readline()
count = 0
try:
    while True:
        held.append(socket.create_connection(("127.0.0.1", 8081)))
        count += 1
except OSError:
    print(count, flush=True)
