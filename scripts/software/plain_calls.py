"""Start a program that sees older system calls only, and outlive it to clear up.

PRoot translates the paths of the calls that were there when it was written. `statx`,
`faccessat2`, `openat2` and `renameat2` came later and would see the machine's files instead of
the image's; told ENOSYS, the C library takes the older calls. PRoot's commands survive its
death, so this process stays as their next parent and ends them. With `--lo` the loop-back
interface of a network namespace just made is set up first; with `--all-calls` none is refused.
`--lo` alone sets the interface up and ends.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

ARCHITECTURE = 0xC000003E  # AUDIT_ARCH_X86_64
REFUSED = (316, 332, 437, 439)  # renameat2, statx, openat2, faccessat2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # classic BPF
ALLOW = 0x7FFF0000
NO_SUCH_CALL = 0x00050000 | 38  # SECCOMP_RET_ERRNO with ENOSYS
SET_NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER, SET_SUBREAPER = 38, 22, 2, 36


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


def children() -> list[int]:
    """Processes whose parent is this one, orphans of its descendants included.

    Nothing when /proc is that of another process namespace: its numbers mean other processes.
    """
    found: list[int] = []
    if Path("/proc/self").readlink() != Path(str(os.getpid())):
        return found
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                state = (folder / "stat").read_text("utf-8", "replace")
            except OSError:
                continue
            if int(state.rsplit(")", 1)[1].split()[1]) == os.getpid():
                found.append(int(folder.name))
    return found


def end_all() -> None:
    """Kill what is left, and what becomes an orphan by that, until there is nothing."""
    while left := children():
        for process in left:
            with suppress(ProcessLookupError):  # another parent has collected it
                os.kill(process, signal.SIGKILL)
        for process in left:
            with suppress(ChildProcessError):
                os.waitpid(process, 0)


def watch(child: int, front: int, private: str) -> int:
    """Wait for the child, end what it left; return its exit code as a shell tells it.

    A signal ends all at once. When the front script is gone, its private folder goes too.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        end_all()
        if os.getppid() != front:
            os.execvp("rm", ["rm", "-rf", "--", private])  # noqa: S606
        os._exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    status = 0
    done = 0
    while done != child:
        done, status = os.wait()
    end_all()
    return (
        os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    )


def main(words: list[str]) -> int:
    """`[--lo] [--all-calls] PRIVATE-FOLDER PROGRAM ...` or `--lo`: set up, start, watch."""
    if words == ["--lo"]:
        raise_loopback()
        return 0
    options = [word for word in words[:2] if word in ("--lo", "--all-calls")]
    private, *program = words[len(options) :]
    if "--lo" in options:
        raise_loopback()
    front = os.getppid()
    ctypes.CDLL(None).prctl(SET_SUBREAPER, 1, 0, 0, 0)
    child = os.fork()
    if child == 0:
        if "--all-calls" not in options:
            refuse_newer_calls()
        os.execvp(program[0], program)  # noqa: S606 - becoming the program is the purpose
    return watch(child, front, private)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
