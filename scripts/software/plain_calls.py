"""Start a program that is told that newer system calls do not exist.

PRoot translates the paths of the calls that were there when it was written. `statx`,
`faccessat2`, `openat2` and `renameat2` came later and would see the machine's files instead of
the image's; told ENOSYS, the C library takes the older calls.
(of a network namespace just made).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys

ARCHITECTURE = 0xC000003E  # AUDIT_ARCH_X86_64
REFUSED = (316, 332, 437, 439)  # renameat2, statx, openat2, faccessat2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # classic BPF
ALLOW = 0x7FFF0000
NO_SUCH_CALL = 0x00050000 | 38  # SECCOMP_RET_ERRNO with ENOSYS
SET_NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def code() -> bytes:
    """The filter: another architecture is allowed, the refused calls do not exist."""
    last = len(REFUSED)
    steps = [(LOAD, 0, 0, 4), (JUMP_IF_EQUAL, 0, last + 1, ARCHITECTURE), (LOAD, 0, 0, 0)]
    steps += [(JUMP_IF_EQUAL, last - at, 0, call) for at, call in enumerate(REFUSED)]
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, NO_SUCH_CALL)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def refuse_newer_calls() -> None:
    """Put the filter on this process and all that it starts. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    text = code()
    buffer = ctypes.create_string_buffer(text, len(text))
    program = Program(len(text) // 8, ctypes.addressof(buffer))
    for words in (
        (SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0),
        (SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0),
    ):
        if library.prctl(*words) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


def raise_loopback() -> None:
    """Set the interface `lo` up (SIOCGIFFLAGS, SIOCSIFFLAGS with IFF_UP)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14s", b"lo", 0, b"")
        flags = struct.unpack("16sh14s", fcntl.ioctl(handle, 0x8913, request))[1]
        fcntl.ioctl(handle, 0x8914, struct.pack("16sh14s", b"lo", flags | 1, b""))


def main(words: list[str]) -> None:
    """Set up, then become the program."""
    if words[0] == "--lo":
        raise_loopback()
        words = words[1:]
    refuse_newer_calls()
    os.execvp(words[0], words)  # noqa: S606 - becoming the program is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
