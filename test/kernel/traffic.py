"""Traffic that goes on by itself, for the kernel tests of what is yet to come. Standard library only.

traffic.py serve ADDRESS:PORT FIRST: accepts, and closes when the other side has closed; FIRST 'server': at once.
traffic.py open ADDRESS:PORT JSON: opens connections at a rate that is made of straight pieces, and tells by lines of JSON
when the first one was opened and when the first one was refused for want of a port. Then, or when the pieces are over, it
holds what it has until it is killed.

    {"pieces": [[SECONDS, RATE, RATE AT THE END], …], "life": SECONDS or null for ever, "seed": for a Poisson process, else null}

Times are in ms since the epoch.
"""

import errno
import heapq
import json
import random
import resource
import select
import signal
import socket
import sys
import time


def endpoint(text):
    address, port = text.rsplit(':', 1)
    return address, int(port)


def tell(event, **more):
    print(json.dumps({'event': event, 'at': time.time() * 1000, **more}), flush=True)


def serve(at, first):
    listener = socket.socket()
    listener.bind(at)
    listener.listen(65535)
    listener.setblocking(False)
    poller = select.epoll()
    poller.register(listener, select.EPOLLIN)
    peers = {}
    tell('ready')
    while True:
        for fd, _ in poller.poll():
            if fd == listener.fileno():
                peer, _ = listener.accept()
                if first == 'server':
                    peer.close()
                else:
                    peers[peer.fileno()] = peer
                    poller.register(peer, select.EPOLLIN)
            else:
                # Nothing is ever sent: this is its end.
                poller.unregister(fd)
                peers.pop(fd).close()


def moments(pieces, seed):
    """When connections are opened, in seconds from the begin: whenever the area under the rate has grown by one, or by what
    chance would have it."""
    dice = random.Random(seed)
    begun = 0.0
    # Of the area to the next one.
    rest = 1.0 if seed is None else dice.expovariate(1)
    for seconds, rate, last in pieces:
        slope = (last - rate) / seconds
        t = 0.0
        while True:
            now = rate + slope * t
            # now·d + slope·d²/2 = rest
            root = now * now + 2 * slope * rest
            d = None if root < 0 or (now == 0 and slope <= 0) else 2 * rest / (now + root ** 0.5)
            if d is None or t + d > seconds:
                rest -= (seconds - t) * (now + last) / 2
                break
            t += d
            yield begun + t
            rest = 1.0 if seed is None else dice.expovariate(1)
        begun += seconds


def connections(to, pieces, life, seed):
    start = time.monotonic()
    ends = []
    kept = []
    opened = 0

    def wait_until(moment):
        """Closes in the meantime what is due."""
        while ends and ends[0][0] <= moment:
            due, _, sock = heapq.heappop(ends)
            time.sleep(max(0, start + due - time.monotonic()))
            sock.close()
        time.sleep(max(0, start + moment - time.monotonic()))

    tell('begin')
    for moment in moments(pieces, seed):
        wait_until(moment)
        sock = socket.socket()
        try:
            sock.connect(to)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            tell('refused', opened=opened)
            break
        opened += 1
        if life == 0:
            sock.close()
        elif life is None:
            kept.append(sock)
        else:
            heapq.heappush(ends, (time.monotonic() - start + life, opened, sock))
    tell('end', opened=opened)
    signal.pause()


def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    what, at, how = sys.argv[1:]
    if what == 'serve':
        serve(endpoint(at), how)
    else:
        connections(endpoint(at), **json.loads(how))


main()
