"""Stands between `equisite run` and Snakemake, so that nobody outlives the run.

Run as a file of its own (standard library only): `guard.py CONTROL REPORT COMMAND...`.
CONTROL is a pipe whose other end `equisite run` holds: when it closes, for whatever reason,
everything that the command started is killed. REPORT gets the command's process id.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

INTERRUPT, TERMINATE, KILL = b"I", b"T", b"K"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_PAUSE_S = 0.1
_PATIENCE_S = 20.0


def main(arguments: list[str]) -> int:
    """Start the command, obey the pipe, return the command's exit code."""
    control, report, command = int(arguments[0]), int(arguments[1]), arguments[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans become ours, whatever their group
    child = subprocess.Popen(
        command,
        start_new_session=True,
        preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0),  # noqa: PLW1509 - no threads
    )
    os.write(report, f"{child.pid}\n".encode())
    os.close(report)
    poll = select.poll()
    poll.register(control, select.POLLIN | select.POLLHUP)
    code: int | None = None
    while code is None:
        if poll.poll(_PAUSE_S * 1000):
            order = os.read(control, 1)
            if order in (b"", KILL):
                kill_below()
                return 128 + signal.SIGKILL
            if order == INTERRUPT:
                os.killpg(child.pid, signal.SIGINT)  # as a terminal does
            if order == TERMINATE:
                os.kill(child.pid, signal.SIGTERM)
        code = _reap(child.pid)
    child.returncode = code
    kill_below()
    return code if code >= 0 else 128 - code


def kill_below() -> None:
    """Kill all descendants of this process and wait until none is left."""
    deadline = time.monotonic() + _PATIENCE_S
    while (alive := descendants(os.getpid())) and time.monotonic() < deadline:
        for process in alive:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)
        _reap(0)


def descendants(root: int) -> list[int]:
    """Processes below `root`, zombies left out."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _reap(wanted: int) -> int | None:
    """Collect ended children; the exit code of `wanted` if it is among them."""
    code = None
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if process == 0:
            return code
        if process == wanted:
            code = os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
