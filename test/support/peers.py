# Speaks to a probe socket as no probe does: peers.py SOCKET WAY [PID NETNS], peers.py SOCKET reuse [DAEMON]. Tells what it does, one line of JSON each.
import json
import os
import signal
import socket
import struct
import sys
import time

path, way = sys.argv[1:3]
claimed_pid = int(sys.argv[3]) if len(sys.argv) > 3 else 7
claimed_netns = int(sys.argv[4]) if len(sys.argv) > 4 else None


def frame(kind, value):
    body = json.dumps(value).encode()
    return struct.pack('<IB', len(body), kind) + body


HELLO = frame(1, {'version': 1, 'pid': claimed_pid, 'thread': 0, 'node': '22.0.0', 'netns': claimed_netns, 'uptime': 1})
SUMS = frame(2, {'dropped': 0, 'faults': 0, 'paths': []})


def tell(**what):
    os.write(1, (json.dumps(what) + '\n').encode())


def connect():
    one = socket.socket(socket.AF_UNIX)
    for _ in range(200):
        try:
            one.connect(path)
            return one
        except OSError:
            time.sleep(0.05)
    raise SystemExit('nobody listens')


def write_on(one):
    """Until the other side has had enough."""
    try:
        for _ in range(200):
            one.sendall(SUMS)
            time.sleep(0.05)
        tell(heir='was heard for 10 s')
    except OSError:
        tell(heir='was hung up on')


def claim():
    one = connect()
    tell(peer=os.getpid())
    one.sendall(HELLO)
    sys.stdin.read()


def shared():
    """A child writes on the socket of its parent, which lives."""
    one = connect()
    tell(peer=os.getpid())
    one.sendall(HELLO)
    if os.fork() == 0:
        one.sendall(SUMS)
        os._exit(0)
    sys.stdin.read()


def heir():
    """A child goes on writing on the socket of its parent, which has ended."""
    one = connect()
    tell(peer=os.getpid())
    one.sendall(HELLO)
    if os.fork() == 0:
        write_on(one)
        os._exit(0)


def reuse():
    """Another process gets the id of the one that connected, and only then something is said. DAEMON sleeps until then."""
    daemon = int(sys.argv[3]) if len(sys.argv) > 3 else None
    connect().close()
    if daemon:
        os.kill(daemon, signal.SIGSTOP)
    heir_reads, heir_writes = os.pipe()
    first = os.fork()
    if first == 0:
        one = connect()
        # By now it is accepted, or never will be.
        time.sleep(0.5)
        if os.fork() == 0:
            os.read(heir_reads, 1)
            try:
                one.sendall(HELLO)
            except OSError:
                pass
            write_on(one)
            os._exit(0)
        os._exit(0)
    os.waitpid(first, 0)
    for _ in range(100):
        with open('/proc/sys/kernel/ns_last_pid', 'w') as last:
            last.write(str(first - 1))
        second = os.fork()
        if second == 0:
            time.sleep(30)
            os._exit(0)
        if second == first:
            break
    tell(first=first, second=second)
    if daemon:
        os.kill(daemon, signal.SIGCONT)
    os.write(heir_writes, b'.')
    sys.stdin.read()


{'claim': claim, 'shared': shared, 'heir': heir, 'reuse': reuse}[way]()
