#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command that must not use ptrace, like a container of which seccomp denies it."""

import ctypes
import errno
import os
import platform
import struct
import sys

NUMBERS = {"x86_64": 101, "i686": 26, "aarch64": 117}  # of the system call, by machine
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF
DENY, ALLOW = 0x50000 | errno.EPERM, 0x7fff0000


def deny(number):
    """0, or -1: the kernel refuses the filter."""
    rows = ((LOAD, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, number), (RETURN, 0, 0, DENY), (RETURN, 0, 0, ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(rows), ctypes.addressof(code)))
    call = ctypes.CDLL(None).prctl
    return call(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or call(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0)


if __name__ == "__main__":
    if platform.machine() not in NUMBERS or deny(NUMBERS[platform.machine()]):
        sys.exit("no_ptrace: this machine has no such filter")
    os.execvp(sys.argv[1], sys.argv[1:])
