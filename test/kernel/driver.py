"""Traffic driver of the kernel tests: two network namespaces joined by a veth pair, and the sockets in them.

One JSON command per line on stdin, one JSON answer per line on stdout: {"do": NAME, …} → {"ok": true, …} or
{"ok": false, "error": TEXT}. Standard library only. It ends when stdin does, and everything it made ends with it: its
namespaces, its children (PR_SET_PDEATHSIG) and its sockets.

    client (this process)  v0 10.9.0.1, .11, fd09::1, ::11 ───veth─── v1 10.9.0.2, .3, .4, fd09::2, ::3, ::4  server

with fe80::1 and fe80::2 beside them.

The server namespace is held by a child process, so that tools which look for namespaces by pid find it.
"""

import ctypes
import errno
import json
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
IP_BIND_ADDRESS_NO_PORT = 24
IP_LOCAL_PORT_RANGE = 51
TCP_FASTOPEN_CONNECT = 30
TCP_FASTOPEN_NO_COOKIE = 34
TCP_FIN_WAIT2 = 5
# How much longer than usual to wait for what must come: the first argument.
PATIENCE = float(sys.argv[1])
PATIENCE_S = 10 * PATIENCE
# A peer that nobody has: its hardware address is known and nobody's, so packets to it vanish.
NOBODYS_MAC = '02:00:00:00:00:66'


class Unsupported(Exception):
    """This machine does not let us: a reason to skip, not to fail."""


libc = ctypes.CDLL(None, use_errno=True)


def call(name, *args):
    if getattr(libc, name)(*args) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f'{name}: {os.strerror(code)}')


def die_with_parent():
    call('prctl', PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def write(path, text):
    """The kernel takes a long list of reserved ports a page at a time, and goes on where it stopped."""
    rest = text.encode()
    fd = os.open(path, os.O_WRONLY)
    try:
        while True:
            rest = rest[os.write(fd, rest):]
            if not rest:
                break
    finally:
        os.close(fd)


def endpoint(text):
    """'10.9.0.2:8080' or '[fd09::2]:8080' → (address, port)"""
    address, port = text.rsplit(':', 1)
    return address.strip('[]'), int(port)


def sockaddr(address, port):
    """A zone, as in fe80::2%v0, is an interface of the namespace that this process is in now."""
    address, _, zone = address.partition('%')
    return (address, port, 0, socket.if_nametoindex(zone)) if zone else (address, port)


def folded(address):
    """As the tables have it: mapped ones as IPv4, without zone."""
    address = address.partition('%')[0]
    return address[7:] if address.startswith('::ffff:') else address


def shown(address, port):
    address = folded(address)
    return f'[{address}]:{port}' if ':' in address else f'{address}:{port}'


class Driver:
    def __init__(self):
        self.namespaces = {}
        self.here = 'client'
        self.listeners = {}
        self.groups = {}
        self.peers = {}
        self.children = {}

    # ---- namespaces -------------------------------------------------------------------------------------------------

    def do_setup(self, sysctls=None, serverSysctls=None):
        try:
            self.leave_host()
        except OSError as error:
            raise Unsupported(f'needs root or user namespaces ({error})') from error
        self.namespaces['client'] = os.open('/proc/self/ns/net', os.O_RDONLY)
        holder = self.hold_namespace()
        self.namespaces['server'] = os.open(f'/proc/{holder}/ns/net', os.O_RDONLY)
        self.ip('client', ['link set lo up', f'link add v0 type veth peer name v1 netns {holder}',
                           'link set v0 addrgenmode none', 'link set v0 up'])
        self.ip('server', [
            'link set lo up',
            'link set v1 addrgenmode none',
            'link set v1 up',
            *(f'address add 10.9.0.{n}/24 dev v1' for n in (2, 3, 4)),
            *(f'address add fd09::{n}/64 dev v1 nodad' for n in (2, 3, 4)),
            'address add fe80::2/64 dev v1 nodad',
        ])
        self.ip('client', [
            # The end that was opened first waits up to a second for its carrier; opened again, it finds it.
            'link set v0 down',
            'link set v0 up',
            'address add 10.9.0.1/24 dev v0',
            'address add 10.9.0.11/24 dev v0',
            'address add fd09::1/64 dev v0 nodad',
            'address add fe80::1/64 dev v0 nodad',
            # Not preferred, so that it never is what the kernel would route from.
            'address add fd09::11/64 dev v0 nodad preferred_lft 0',
            *(f'neigh add {address} lladdr {NOBODYS_MAC} dev v0 nud permanent' for address in ('10.9.0.66', 'fd09::66')),
        ])
        for where in ('client', 'server'):
            self.do_sysctl({'net.core.somaxconn': '65535', 'net.ipv4.tcp_max_syn_backlog': '65535',
                            'net.ipv4.tcp_syncookies': '0'}, where)
        self.do_sysctl(sysctls or {})
        self.do_sysctl(serverSysctls or {}, 'server')
        return {'pid': os.getpid(), 'server': holder}

    def leave_host(self):
        uid, gid = os.geteuid(), os.getegid()
        try:
            call('unshare', CLONE_NEWNET)
        except PermissionError:
            call('unshare', CLONE_NEWUSER | CLONE_NEWNET)
            write('/proc/self/setgroups', 'deny')
            write('/proc/self/uid_map', f'0 {uid} 1')
            write('/proc/self/gid_map', f'0 {gid} 1')

    def hold_namespace(self):
        """A child in a network namespace of its own, that does nothing until this process ends."""
        ready, told = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                die_with_parent()
                call('unshare', CLONE_NEWNET)
                os.write(told, b'y')
                for fd in (0, 1, told, ready):
                    os.close(fd)
                while True:
                    signal.pause()
            finally:
                os._exit(1)
        os.close(told)
        if os.read(ready, 1) != b'y':
            raise RuntimeError('the child could not make a network namespace')
        os.close(ready)
        return child

    def enter(self, where):
        if where != self.here:
            call('setns', self.namespaces[where], CLONE_NEWNET)
            self.here = where

    def ip(self, where, lines):
        self.enter(where)
        done = subprocess.run(['ip', '-batch', '-'], input='\n'.join(lines) + '\n', capture_output=True, text=True)
        if done.returncode != 0:
            complaint = done.stderr.strip()
            for symptom, need in (('Operation not permitted', 'root or user namespaces'), ('Unknown device type', 'veth'),
                                  ('IPv6 is disabled', 'IPv6')):
                if symptom in complaint:
                    raise Unsupported(f'needs {need} (ip: {complaint})')
            raise RuntimeError(f'ip: {complaint}')

    def do_ip(self, lines, where='client'):
        self.ip(where, lines)

    def do_sysctl(self, values, where='client'):
        self.enter(where)
        for name, value in values.items():
            path = '/proc/sys/' + name.replace('.', '/')
            try:
                write(path, value)
            except OSError as error:
                # A user namespace may not see every sysctl; those are only conveniences of ours.
                if name not in ('net.core.somaxconn', 'net.ipv4.tcp_max_syn_backlog'):
                    raise OSError(error.errno, f'{path} = {value}: {error.strerror}') from error

    def do_read(self, path, where='client', size=1 << 20, reads=1):
        """A file as `reads` calls of read() give it."""
        self.enter(where)
        fd = os.open(path, os.O_RDONLY)
        try:
            return {'parts': [os.read(fd, size).decode() for _ in range(reads)]}
        finally:
            os.close(fd)

    # ---- sockets ----------------------------------------------------------------------------------------------------

    def socket(self, family, options=None):
        sock = socket.socket(family, socket.SOCK_STREAM)
        options = options or {}
        if options.get('reuseAddress'):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if options.get('reusePort'):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if options.get('device'):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, options['device'].encode())
        if options.get('portRange'):
            low, high = options['portRange']
            sock.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, struct.pack('=I', high << 16 | low))
        if options.get('silent'):
            sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
            sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1)
        return sock

    def do_listen(self, at, where='server', only6=False, reuseAddress=False, name=None):
        address, port = endpoint(at)
        self.enter(where)
        sock = self.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, {'reuseAddress': reuseAddress})
        if ':' in address:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(only6))
        sock.bind((address, port))
        sock.listen(65535)
        sock.setblocking(False)
        self.listeners[name or at] = sock
        return {'port': sock.getsockname()[1]}

    def do_unlisten(self, name):
        self.listeners.pop(name).close()

    def open(self, to, options, port=None):
        """One non-blocking connect(); EADDRNOTAVAIL and its like are raised, a connection under way is not."""
        address, remote_port = endpoint(to)
        mapped = options.get('mapped', False)
        family = socket.AF_INET6 if ':' in address or mapped else socket.AF_INET
        remote = '::ffff:' + address if mapped else address
        sock = self.socket(family, options)
        try:
            local = options.get('from')
            if local and mapped:
                local = '::ffff:' + local
            anywhere = '::' if family == socket.AF_INET6 else '0.0.0.0'
            bind = options.get('bind')
            if bind == 'port':
                sock.bind((local or anywhere, port or 0))
            elif bind == 'noport' or local:
                sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
                sock.bind((local or anywhere, 0))
            sock.setblocking(False)
            code = sock.connect_ex(sockaddr(remote, remote_port))
            if code not in (0, errno.EINPROGRESS):
                raise OSError(code, os.strerror(code))
        except OSError:
            sock.close()
            raise
        return sock

    def do_connect(self, to, count=1, name='a', where='client', pending=False, ports=None, **options):
        """`count` connections, or one from each of `ports`, kept as group `name`."""
        self.enter(where)
        ports = ports or [None] * count
        made = [self.open(to, options, port) for port in ports]
        if not pending and not options.get('silent'):
            self.await_connected(made)
        self.groups.setdefault(name, []).extend(made)
        return {'ports': [sock.getsockname()[1] for sock in made]}

    def await_connected(self, socks):
        poller = select.poll()
        waiting = {sock.fileno(): sock for sock in socks}
        for fd in waiting:
            poller.register(fd, select.POLLOUT)
        deadline = time.monotonic() + PATIENCE_S
        while waiting:
            for fd, _ in poller.poll(1000):
                code = waiting[fd].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    raise OSError(code, f'{len(waiting)} of {len(socks)} did not connect: {os.strerror(code)}')
                poller.unregister(fd)
                del waiting[fd]
            if waiting and time.monotonic() > deadline:
                raise TimeoutError(f'{len(waiting)} of {len(socks)} connections were never established')

    def accept_all(self):
        for sock in self.listeners.values():
            while True:
                try:
                    peer, _ = sock.accept()
                except BlockingIOError:
                    break
                self.peers[(shown(*peer.getpeername()[:2]), shown(*peer.getsockname()[:2]))] = peer

    def peer_of(self, sock):
        key = (shown(*sock.getsockname()[:2]), shown(*sock.getpeername()[:2]))
        self.await_true(lambda: key in self.peers or self.accept_all() or key in self.peers, f'{key} was never accepted')
        return self.peers.pop(key)

    def do_close(self, name='a', first='client', count=None):
        """Closes connections of a group. `first`: client | server | reset (by the client), or one side only: client-only |
        fin_wait2 (client-only, and the remains of that state are certain) | server-only | server-reset | half (the client's shutdown of its sending side)."""
        group = self.groups[name]
        socks = group[:count]
        del group[:len(socks)]
        pairs = [(sock, self.peer_of(sock)) for sock in socks]
        kept = self.groups.setdefault(f'{name}.peers', [])
        for sock, peer in pairs:
            if first == 'reset':
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                sock.close()
                peer.close()
            elif first == 'server-reset':
                # The client's socket stays open, in no state at all.
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                peer.close()
                self.await_reset(sock)
                group.append(sock)
            elif first == 'client':
                sock.close()
                self.await_end(peer)
                peer.close()
            elif first == 'server':
                peer.close()
                self.await_end(sock)
                sock.close()
            elif first == 'client-only':
                sock.close()
                kept.append(peer)
            elif first == 'fin_wait2':
                # Closed at once, it stays a whole socket with a keep-alive timer for its minute if the peer's ACK comes
                # while close() holds it (tcp_rcv_state_process). So: first the state, then close().
                sock.shutdown(socket.SHUT_WR)
                self.await_true(lambda: sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_FIN_WAIT2,
                                'the server does not acknowledge the FIN')
                sock.close()
                kept.append(peer)
            elif first == 'half':
                sock.shutdown(socket.SHUT_WR)
                kept.append(peer)
                group.append(sock)
            elif first == 'server-only':
                peer.close()
                self.await_end(sock)
                group.append(sock)
            else:
                raise ValueError(f'close first: {first}')

    def do_drop(self, name):
        """Closes the sockets of a group as they are."""
        for sock in self.groups.pop(name):
            sock.close()

    def await_end(self, sock):
        sock.settimeout(PATIENCE_S)
        if sock.recv(1) != b'':
            raise RuntimeError('data where the end of the stream was expected')

    def await_reset(self, sock):
        sock.settimeout(PATIENCE_S)
        try:
            sock.recv(1)
        except ConnectionResetError:
            return
        raise RuntimeError('an end of the stream where a reset was expected')

    def do_accepted(self, listener, count, name):
        """Takes `count` accepted connections of a listener into a group of their own."""
        sock = self.listeners[listener]
        local = endpoint(shown(*sock.getsockname()[:2]))[1]

        def found():
            self.accept_all()
            return [key for key in self.peers if endpoint(key[1])[1] == local]
        self.await_true(lambda: len(found()) >= count, f'{listener} accepted fewer than {count}')
        self.groups.setdefault(name, []).extend(self.peers.pop(key) for key in found()[:count])

    def do_bind(self, at, count=1, name='bound', where='client', **options):
        """Sockets that are bound and nothing else."""
        address, port = endpoint(at)
        self.enter(where)
        made = []
        for _ in range(count):
            sock = self.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, options)
            sock.bind((address, port))
            made.append(sock)
        self.groups.setdefault(name, []).extend(made)
        return {'ports': [sock.getsockname()[1] for sock in made]}

    def do_unbound(self, count=1, name='unbound', where='client'):
        """Sockets that are nothing yet."""
        self.enter(where)
        self.groups.setdefault(name, []).extend(self.socket(socket.AF_INET) for _ in range(count))

    def do_count(self, to, pending=False, limit=70000, **options):
        """The truth: connects without bind until the kernel refuses. Fast: successes before the first port of the other
        parity than the range's first."""
        self.enter('client')
        low = int(self.do_read('/proc/sys/net/ipv4/ip_local_port_range')['parts'][0].split()[0])
        made = []
        refused = None
        try:
            while len(made) < limit:
                made.append(self.open(to, options))
        except OSError as error:
            refused = errno.errorcode.get(error.errno, str(error.errno))
        if not pending and not options.get('silent'):
            self.await_connected(made)
        self.groups.setdefault('counted', []).extend(made)
        names = [sock.getsockname()[:2] for sock in made]
        fast = next((index for index, (_, port) in enumerate(names) if (port - low) & 1), len(names))
        return {'headroom': len(made), 'fast': fast, 'refused': refused, 'ports': [port for _, port in names],
                'locals': sorted({folded(address) for address, _ in names})}

    def do_countBinds(self, at, limit=70000, **options):
        """The truth of a bind pool: binds to port 0 of an address until the kernel refuses. Second: successes before the
        first port of the range's own parity."""
        self.enter('client')
        low = int(self.do_read('/proc/sys/net/ipv4/ip_local_port_range')['parts'][0].split()[0])
        made = []
        refused = None
        while len(made) < limit:
            sock = self.socket(socket.AF_INET6 if ':' in at else socket.AF_INET, options)
            if options.get('only6'):
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                sock.bind((at, 0))
            except OSError as error:
                sock.close()
                refused = errno.errorcode.get(error.errno, str(error.errno))
                break
            made.append(sock)
        ports = [sock.getsockname()[1] for sock in made]
        for sock in made:
            sock.close()
        second = next((index for index, port in enumerate(ports) if not (port - low) & 1), len(ports))
        return {'headroom': len(made), 'second': second, 'refused': refused}

    # ---- looking ----------------------------------------------------------------------------------------------------

    def rows(self, where):
        """Rows of /proc/net/tcp and tcp6 as (local, remote, state, timer, left)."""
        self.enter(where)
        found = []
        for name in ('tcp', 'tcp6'):
            with open(f'/proc/self/net/{name}', encoding='ascii') as file:
                next(file)
                for line in file:
                    words = line.split()
                    timer, left = words[5].split(':')
                    found.append((hex_endpoint(words[1]), hex_endpoint(words[2]), int(words[3], 16), int(timer, 16),
                                  int(left, 16)))
        return found

    def do_rows(self, where='client'):
        return {'rows': [f'{a} {b} {state:02X} {timer:02X}:{left:08X}' for a, b, state, timer, left in self.rows(where)]}

    def do_await(self, state, count, where='client', to=None, timer=None, maxLeft=None):
        """Waits until exactly `count` rows are in a state (to a remote, with a timer, with at most so much left)."""
        def matching():
            return sum(1 for _, remote, st, kind, left in self.rows(where)
                       if st == state and (to is None or remote == to) and (timer is None or kind == timer)
                       and (maxLeft is None or left <= maxLeft))
        try:
            self.await_true(lambda: matching() == count, '')
        except TimeoutError:
            raise TimeoutError(f'{matching()} rows of {where} instead of {count} in state {state:02X} to {to}: '
                               f'{self.do_rows(where)["rows"][:20]}') from None

    def await_true(self, condition, complaint):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(complaint)
            time.sleep(0.004 * PATIENCE)

    # ---- programs ---------------------------------------------------------------------------------------------------

    def do_run(self, argv, where='client', timeout=60 * PATIENCE):
        """Runs a program inside a namespace."""
        self.enter(where)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
                              preexec_fn=die_with_parent)
        return {'status': done.returncode, 'stdout': done.stdout, 'stderr': done.stderr}

    def do_start(self, argv, where='client', log='/dev/null', held=False):
        """Starts a program that goes on running; `stop` ends it. `held`: its stdin stays open until `release`."""
        self.enter(where)
        with open(log, 'wb') as output:
            stdin = subprocess.PIPE if held else subprocess.DEVNULL
            child = subprocess.Popen(argv, stdin=stdin, stdout=output, stderr=output, preexec_fn=die_with_parent)
        self.children[child.pid] = child
        return {'pid': child.pid}

    def do_stop(self, pid, patience=PATIENCE_S):
        child = self.children.pop(pid)
        child.terminate()
        return self.ended(child, patience)

    def do_release(self, pid, patience=PATIENCE_S):
        """Closes the stdin of a held program, which ends by itself then."""
        child = self.children.pop(pid)
        child.stdin.close()
        return self.ended(child, patience)

    def ended(self, child, patience):
        try:
            return {'status': child.wait(patience)}
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise

    def do_end(self):
        """Leaves nothing behind: a socket that goes on closing keeps its namespace for minutes."""
        for where in self.namespaces:
            # What nobody answers is given up at the next attempt.
            self.do_sysctl({'net.ipv4.tcp_orphan_retries': '1'}, where)
        for sock in [sock for group in self.groups.values() for sock in group] + list(self.peers.values()):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            sock.close()


def hex_endpoint(text):
    address, port = text.split(':')
    raw = b''.join(struct.pack('=I', int(address[at:at + 8], 16)) for at in range(0, len(address), 8))
    return shown(socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw), int(port, 16))


def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for name in [name for name in os.environ if name.startswith('LASTPORT_')]:
        del os.environ[name]
    # No program that is started here leaves anything in the machine's state directory.
    os.environ['LASTPORT_STATE_DIR'] = 'off'
    driver = Driver()
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {'ok': True, **(getattr(driver, 'do_' + command.pop('do'))(**command) or {})}
        except Exception as error:  # whatever it is, the test must hear of it
            answer = {'ok': False, 'error': f'{type(error).__name__}: {error}'}
        sys.stdout.write(json.dumps(answer) + '\n')
        sys.stdout.flush()


main()
