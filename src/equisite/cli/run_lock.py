"""One run per site folder: a lock that knows its owner and can be found stale."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from equisite.core.errors import ConfigError

NAME = ".equisite.lock"
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Owner:
    """Who holds the lock. group: process group of Snakemake, 0 before it started."""

    host: str
    boot: str
    pid: int
    started: str
    guard: int = 0
    group: int = 0


class RunLock:
    """Holds `.equisite.lock` of a folder as a context; `stale` tells whether one was left.

    Set `leave` when Snakemake was killed alone: the file then stays, and the next start
    finds it stale and opens Snakemake's lock.
    Raises ConfigError RUN_ALREADY when a run is alive on this machine, RUN_ELSEWHERE when
    the lock was taken on another one.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME
        self._descriptor = -1
        self.stale = False
        self.leave = False

    def __enter__(self) -> Self:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = _read(self._path)
                os.close(descriptor)
                raise ConfigError("RUN_ALREADY", pid=owner.pid if owner else 0) from None
            if _same_file(descriptor, self._path):
                break
            os.close(descriptor)  # its owner removed it just now
        self._descriptor = descriptor
        try:
            self._heal()
            self.record(0, 0)
        except BaseException:
            os.close(descriptor)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.leave:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def record(self, guard: int, group: int) -> None:
        """Write who runs, so that a later start can judge and clean up."""
        owner = Owner(
            os.uname().nodename, boot_id(), os.getpid(), start_time(os.getpid()), guard, group
        )
        content = json.dumps(asdict(owner)).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, content, 0)
        os.fsync(self._descriptor)

    def _heal(self) -> None:
        owner = _read(self._path)
        if owner is None:
            self.stale = self._path.stat().st_size > 0
            return
        if owner.host != os.uname().nodename:
            raise ConfigError("RUN_ELSEWHERE", host=owner.host)
        self.stale = True
        if owner.boot != boot_id():
            return
        if owner.pid != os.getpid() and start_time(owner.pid) == owner.started:
            raise ConfigError("RUN_ALREADY", pid=owner.pid)
        kill_group(owner.group)


def kill_group(group: int) -> None:
    """Kill all members of a process group and wait until none is left.

    Raises ConfigError RUN_LEFTOVERS when some cannot be killed.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while group and (left := members(group)):
        for process in left:
            _kill(process)
        if time.monotonic() > deadline:
            raise ConfigError("RUN_LEFTOVERS", count=len(left))
        time.sleep(0.05)


def boot_id() -> str:
    """Identity of this start of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def start_time(pid: int) -> str:
    """When a process began, in ticks since boot; empty if there is none such."""
    fields = _stat(Path(f"/proc/{pid}"))
    return fields[19] if fields else ""


def members(group: int) -> list[int]:
    """Living processes of a process group or of the session that it leads."""
    found = []
    for entry in Path("/proc").iterdir():
        fields = _stat(entry) if entry.name.isdigit() else []
        if fields and fields[0] != "Z" and group in (int(fields[2]), int(fields[3])):
            found.append(int(entry.name))
    return found


def _stat(entry: Path) -> list[str]:
    """Fields of /proc/PID/stat after the name: state, ppid, pgrp, session, ..."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def _read(path: Path) -> Owner | None:
    try:
        return Owner(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
