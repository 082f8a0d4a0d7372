"""Run a command and see what its whole process tree used (Linux, standard library)."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_INTERVAL = 0.2


@dataclass(frozen=True)
class Used:
    """Exit code, wall seconds, CPU seconds of all ended children, peak memory of the tree.

    peak_mb: largest sum, over the tree's processes at one moment, of proportional set
    sizes (shared pages counted once), sampled five times a second.
    """

    code: int
    wall_s: float
    cpu_s: float
    peak_mb: float


def run(
    command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str] | None = None
) -> Used:
    """Run a command to its end; its output goes where ours goes."""
    start, before = time.monotonic(), os.times()
    process = subprocess.Popen([str(c) for c in command], cwd=cwd, env=environment)
    watcher = _Watcher(process.pid)
    watcher.start()
    code = process.wait()
    watcher.done.set()
    watcher.join()
    after = os.times()
    cpu = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return Used(code, time.monotonic() - start, cpu, watcher.peak_kb / 1024)


def tree(root: int) -> list[int]:
    """Process numbers of a process and all its descendants that are alive."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent = _parent(int(entry.name))
            if parent is not None:
                children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        number = waiting.pop()
        found.append(number)
        waiting += children.get(number, [])
    return found


def _parent(number: int) -> int | None:
    try:
        text = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it ended meanwhile
        return None
    return int(text.rpartition(")")[2].split()[1])


def _memory_kb(number: int) -> int:
    try:
        text = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:  # it ended meanwhile, or belongs to another user
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


class _Watcher(threading.Thread):
    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root, self.peak_kb, self.done = root, 0, threading.Event()

    def run(self) -> None:
        """Sample until the command has ended."""
        while not self.done.wait(_INTERVAL):
            self.peak_kb = max(self.peak_kb, sum(_memory_kb(n) for n in tree(self.root)))
