"""Runs a program as a unit of systemd would, without systemd: sandbox.py UNIT PROGRAM [ARGUMENT...]

Of the unit's [Service] it takes what the kernel enforces on a process and can be had without mounts: system calls,
address families, no writable code, no new privileges, no capabilities, and the limit on descriptors.  What a filter
refuses fails with the unit's error, or kills where SANDBOX_KILL is set."""
import ctypes
import errno
import os
import re
import resource
import socket
import subprocess
import sys

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
PROT_WRITE, PROT_EXEC = 2, 4
ALLOW, KILL = 0x7FFF0000, 0x80000000
MASKED_EQUAL, FAMILIES = 7, 64
libc = ctypes.CDLL(None, use_errno=True)
seccomp = ctypes.CDLL('libseccomp.so.2')
seccomp.seccomp_init.restype = ctypes.c_void_p


class Comparison(ctypes.Structure):
    _fields_ = [('argument', ctypes.c_uint), ('operation', ctypes.c_int), ('a', ctypes.c_uint64), ('b', ctypes.c_uint64)]


def fails_with(number):
    return 0x00050000 | number


def settings(path):
    with open(path, encoding='utf-8') as file:
        for line in file:
            match = re.match(r'(\w+)=(.*)', line)
            if match:
                yield match.groups()


def groups():
    """All sets of system calls, as systemd has them."""
    found, name = {}, None
    for line in subprocess.run(['systemd-analyze', 'syscall-filter', '--no-pager'], check=True, capture_output=True,
                               encoding='utf-8').stdout.splitlines():
        if line.startswith('@'):
            name = line.strip()
            found[name] = []
        elif name and line.startswith('    ') and not line.strip().startswith('#'):
            found[name].append(line.strip())
    return found


def expand(word, known):
    return {call for member in known[word] for call in expand(member, known)} if word.startswith('@') else {word}


def allowed_calls(filters):
    known = groups()
    allowed = expand('@default', known)
    for words in filters:
        calls = {call for word in words.lstrip('~').split() for call in expand(word, known)}
        allowed = allowed - calls if words.startswith('~') else allowed | calls
    return allowed


def check(result, what):
    if result < 0:
        sys.exit(f'{what}: {os.strerror(ctypes.get_errno() or -result)}')


def load(context):
    check(seccomp.seccomp_load(ctypes.c_void_p(context)), 'seccomp_load')


def filter_calls(calls, refusal):
    context = seccomp.seccomp_init(ctypes.c_uint32(refusal))
    for call in calls:
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:
            check(seccomp.seccomp_rule_add_array(ctypes.c_void_p(context), ctypes.c_uint32(ALLOW), number, 0, None), call)
    load(context)


def refuse(context, call, argument, mask, value, refusal):
    """Where the argument's bits in mask are those of value."""
    comparison = Comparison(argument, MASKED_EQUAL, mask, value)
    check(seccomp.seccomp_rule_add_array(ctypes.c_void_p(context), ctypes.c_uint32(refusal),
                                         seccomp.seccomp_syscall_resolve_name(call), 1, ctypes.byref(comparison)), call)


def filter_families(names, refusal):
    allowed = {int(getattr(socket, name)) for name in names}
    context = seccomp.seccomp_init(ctypes.c_uint32(ALLOW))
    for family in set(range(FAMILIES)) - allowed:
        refuse(context, b'socket', 0, 0xFFFFFFFF, family, refusal)
    load(context)


def filter_code(refusal):
    """As systemd has it: nothing that may be written becomes code."""
    context = seccomp.seccomp_init(ctypes.c_uint32(ALLOW))
    refuse(context, b'mmap', 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC, refusal)
    refuse(context, b'mprotect', 2, PROT_EXEC, PROT_EXEC, refusal)
    refuse(context, b'pkey_mprotect', 2, PROT_EXEC, PROT_EXEC, refusal)
    load(context)


def drop_capabilities():
    last = int(open('/proc/sys/kernel/cap_last_cap', encoding='ascii').read())
    for capability in range(last + 1 if os.geteuid() == 0 else 0):
        check(libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), 'PR_CAPBSET_DROP')


def main():
    unit, command = sys.argv[1], sys.argv[2:]
    rows = list(settings(unit))
    value = dict(rows)
    calls = allowed_calls([words for name, words in rows if name == 'SystemCallFilter'])
    kill = 'SANDBOX_KILL' in os.environ
    refusal = KILL if kill else fails_with(getattr(errno, value['SystemCallErrorNumber']))
    files = int(value['LimitNOFILE'])
    files = min(files, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    if value['CapabilityBoundingSet'] == '':
        drop_capabilities()
    if value['NoNewPrivileges'] == 'yes':
        check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'PR_SET_NO_NEW_PRIVS')
    if value['MemoryDenyWriteExecute'] == 'yes':
        filter_code(KILL if kill else fails_with(errno.EPERM))
    filter_families(value['RestrictAddressFamilies'].split(), KILL if kill else fails_with(errno.EAFNOSUPPORT))
    filter_calls(calls, refusal)
    os.execv(command[0], command)


main()
