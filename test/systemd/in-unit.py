"""Runs a program as lastport.service does, without systemd: in-unit.py UNIT [DROP-IN …] -- PROGRAM [ARGUMENT …]

Takes from the unit what decides what the kernel lets the program do, and gives it to the kernel in the same way: user,
capabilities, a mount namespace in which all is read-only but what is to be written, and the filters of system calls. Understands the directives that the unit has and stops at one that it does not know, so that
nothing is left out in silence. Needs root, setpriv, libseccomp and `systemd-analyze` (for the groups of system calls).

Not played: PrivateTmp, ProtectHome and PrivateDevices, for the program under test may lie there; limits of memory and
tasks, which are the cgroup's.
"""

import ctypes
import os
import subprocess
import sys

DYNAMIC_UID = 61999
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_REC, MS_SLAVE, MS_BIND, MS_REMOUNT = 1, 0x4000, 0x80000, 0x1000, 0x20
SYS_MOUNT_SETATTR = 442
AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = -100, 0x8000, 1
ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
MASKED_EQ, NE, EQ = 7, 1, 4
NAMESPACES = {'cgroup': 0x02000000, 'ipc': 0x08000000, 'net': 0x40000000, 'mnt': 0x20000, 'pid': 0x20000000,
              'user': 0x10000000, 'uts': 0x04000000}
FAMILIES = {'AF_UNIX': 1, 'AF_INET': 2, 'AF_INET6': 10, 'AF_NETLINK': 16}
SEVERAL = {'CapabilityBoundingSet', 'AmbientCapabilities', 'SystemCallFilter', 'Environment', 'ReadWritePaths'}
# What is played above or below; the rest is taken as it is said in the docstring.
PLAYED = SEVERAL | {'DynamicUser', 'NoNewPrivileges', 'ProtectSystem', 'ProtectKernelTunables',
                    'RestrictNamespaces', 'RestrictAddressFamilies', 'StateDirectory', 'RuntimeDirectory',
                    'StateDirectoryMode', 'RuntimeDirectoryMode', 'UMask', 'SystemCallErrorNumber', 'LimitNOFILE',
                    'LimitCORE', 'PrivateMounts', 'SystemCallArchitectures'}
NOT_PLAYED = {'Type', 'NotifyAccess', 'WatchdogSec', 'TimeoutStartSec', 'TimeoutStopSec', 'ExecStart', 'ExecReload',
              'EnvironmentFile', 'Restart', 'RestartSec', 'ProtectHome', 'PrivateTmp', 'PrivateDevices', 'DevicePolicy',
              'ProtectClock', 'ProtectControlGroups', 'ProtectHostname', 'ProtectKernelLogs', 'ProtectKernelModules',
              'LockPersonality', 'RestrictRealtime', 'RestrictSUIDSGID', 'RemoveIPC', 'KeyringMode', 'MemoryMax',
              'TasksMax'}

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *args):
    if getattr(libc, name)(*args) != 0:
        raise OSError(ctypes.get_errno(), f'{name}: {os.strerror(ctypes.get_errno())}')


def read(paths):
    """The [Service] of a unit and its drop-ins. A list is added to, and emptied by an empty value; the rest is replaced."""
    settings = {}
    for path in paths:
        section = ''
        for line in map(str.strip, open(path)):
            if line.startswith('['):
                section = line
            elif section == '[Service]' and line and line[0] not in '#;':
                key, value = line.split('=', 1)
                if key not in PLAYED | NOT_PLAYED:
                    sys.exit(f'{path}: {key}= is not played here: say in {sys.argv[0]} what it does')
                if key not in SEVERAL:
                    settings[key] = value
                elif value == '':
                    settings[key] = []
                else:
                    settings.setdefault(key, []).append(value)
    return settings


def mount_namespace(settings, uid):
    call('unshare', CLONE_NEWNS)
    call('mount', None, b'/', None, MS_REC | MS_SLAVE, None)
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY, 0, 0, 0)
    if libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, b'/', AT_RECURSIVE, attributes, ctypes.sizeof(attributes)) != 0:
        raise OSError(ctypes.get_errno(), 'mount_setattr')
    for path in settings.get('ReadWritePaths', []):
        call('mount', path.encode(), path.encode(), None, MS_BIND, None)
        writable = (ctypes.c_uint64 * 4)(0, MOUNT_ATTR_RDONLY, 0, 0)
        if libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), 0, writable, ctypes.sizeof(writable)) != 0:
            raise OSError(ctypes.get_errno(), f'mount_setattr {path}')
    # Empty ones, so that nothing is left on this machine.
    environment = {}
    for kind, parent in (('Runtime', '/run'), ('State', '/var/lib')):
        call('mount', b'tmpfs', parent.encode(), b'tmpfs', 0, b'mode=755')
        folder = f'{parent}/{settings[f"{kind}Directory"]}'
        os.mkdir(folder)
        os.chmod(folder, int(settings[f'{kind}DirectoryMode'], 8))
        os.chown(folder, uid, uid)
        environment[f'{kind.upper()}_DIRECTORY'] = folder
    return environment


def filters(settings):
    """seccomp(2) as systemd makes it: one filter for each directive."""
    seccomp = ctypes.CDLL('libseccomp.so.2')
    seccomp.seccomp_init.restype = ctypes.c_void_p
    for name in ('seccomp_load', 'seccomp_rule_add_array', 'seccomp_release'):
        getattr(seccomp, name).argtypes = None

    class Argument(ctypes.Structure):
        _fields_ = [('arg', ctypes.c_uint), ('op', ctypes.c_int), ('a', ctypes.c_uint64), ('b', ctypes.c_uint64)]

    def number(name):
        return seccomp.seccomp_syscall_resolve_name(name.encode())

    def errno_(code):
        return 0x00050000 | code

    def rule(context, action, name, *arguments):
        array = (Argument * len(arguments))(*arguments)
        result = seccomp.seccomp_rule_add_array(ctypes.c_void_p(context), ctypes.c_uint32(action), number(name),
                                                ctypes.c_uint(len(arguments)), array)
        if result != 0:
            raise OSError(-result, f'seccomp rule for {name}')

    def load(context):
        if seccomp.seccomp_load(ctypes.c_void_p(context)) != 0:
            raise OSError('seccomp_load')

    allowed = set()
    for value in settings['SystemCallFilter']:
        names = set().union(*(group(name) for name in value.lstrip('~').split()))
        allowed = allowed - names if value.startswith('~') else allowed | names
    context = seccomp.seccomp_init(errno_(EPERM))
    # Always let through by systemd, and here also what this program needs to get to its end.
    for name in allowed | group('@default') | {'execve', 'seccomp', 'prctl'}:
        if number(name) >= 0:
            rule(context, ALLOW, name)
    calls = context

    context = seccomp.seccomp_init(ALLOW)
    kept = 0 if settings['RestrictNamespaces'] == 'yes' else sum(NAMESPACES[name] for name in settings['RestrictNamespaces'].split())
    rule(context, errno_(ENOSYS), 'clone3')
    for flag in NAMESPACES.values():
        if not kept & flag:
            for name, argument in (('unshare', 0), ('clone', 0), ('setns', 1)):
                rule(context, errno_(EPERM), name, Argument(argument, MASKED_EQ, flag, flag))
    rule(context, errno_(EPERM), 'setns', Argument(1, EQ, 0, 0))
    namespaces = context

    context = seccomp.seccomp_init(ALLOW)
    families = sorted(FAMILIES[name] for name in settings['RestrictAddressFamilies'].split())
    for family in range(46):
        if family not in families:
            rule(context, errno_(EAFNOSUPPORT), 'socket', Argument(0, EQ, family, 0))
    load(context)
    load(namespaces)
    load(calls)


def group(name):
    """The system calls of a group, and of the groups in it."""
    if not name.startswith('@'):
        return {name}
    lines = subprocess.run(['systemd-analyze', 'syscall-filter', name], capture_output=True, text=True, check=True).stdout
    found = [line.strip() for line in lines.splitlines()[1:] if line.strip() and not line.strip().startswith('#')]
    return set().union(*(group(one) for one in found)) if found else set()


def main():
    split = sys.argv.index('--')
    settings = read(sys.argv[1:split])
    uid = DYNAMIC_UID if settings['DynamicUser'] == 'yes' else 0
    environment = dict(os.environ)
    environment.update(value.split('=', 1) for value in settings.get('Environment', []))
    environment.update(mount_namespace(settings, uid))
    import resource
    for name, limit in (('LimitNOFILE', resource.RLIMIT_NOFILE), ('LimitCORE', resource.RLIMIT_CORE)):
        resource.setrlimit(limit, (int(settings[name]),) * 2)
    os.umask(int(settings['UMask'], 8))
    capabilities = settings['CapabilityBoundingSet']
    ambient = settings['AmbientCapabilities']

    def listed(names):
        return ','.join(['-all', *('+' + name[4:].lower() for one in names for name in one.split())])
    # Without a user of its own there is nothing to be inherited: root has what the bounding set lets it have.
    become = ['setpriv', f'--bounding-set={listed(capabilities)}', '--no-new-privs']
    become += [f'--reuid={uid}', f'--regid={uid}', '--clear-groups', f'--inh-caps={listed(ambient)}',
               f'--ambient-caps={listed(ambient)}']
    os.execvpe(become[0], [*become, sys.executable, __file__, '--filtered', *sys.argv[1:]], environment)


if sys.argv[1] == '--filtered':
    del sys.argv[1]
    split = sys.argv.index('--')
    filters(read(sys.argv[1:split]))
    os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
main()
