"""churn.py RATE: so many connections a second over eight destinations on the loopback, each closed by who opened it, until
its end; and an Alertmanager at 127.0.0.1:9093 that takes all it is told. Says the rate it reached every five seconds."""
import http.server
import os
import select
import socket
import sys
import threading
import time

RATE = int(sys.argv[1])
PORTS = range(8081, 8089)


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def serve():
    """Closes what the other side has closed."""
    poll = select.epoll()
    listeners, accepted = {}, {}
    for port in PORTS:
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", port))
        one.listen(4096)
        listeners[one.fileno()] = one
        poll.register(one, select.EPOLLIN)
    os.write(ready, b"1")
    while os.getppid() == parent:
        for fd, _ in poll.poll(0.2):
            if fd in listeners:
                one = listeners[fd].accept()[0]
                accepted[one.fileno()] = one
                poll.register(one, select.EPOLLIN)
            elif not accepted[fd].recv(4096):
                poll.unregister(fd)
                accepted.pop(fd).close()


# A process of its own: two threads of one would wait for each other.
parent = os.getpid()
done, ready = os.pipe()
if os.fork() == 0:
    serve()
    os._exit(0)
os.read(done, 1)
receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 9093), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()

begun, made, failed = time.monotonic(), 0, 0
told = begun
while True:
    due = int((time.monotonic() - begun) * RATE)
    # What a busy machine had no time for is not made up for: that would be a storm.
    if due - made > RATE:
        begun, due = time.monotonic() - made / RATE, made
    while made < due:
        try:
            socket.create_connection(("127.0.0.1", PORTS[made % len(PORTS)])).close()
        except OSError:
            failed += 1
        made += 1
    if time.monotonic() - told > 5:
        told = time.monotonic()
        print(made, failed, flush=True)
    time.sleep(0.01)
