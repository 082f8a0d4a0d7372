"""Why a run ended before its end, and what its user can do: one message per cause."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from equisite.cli.progress import title
from equisite.cli.trouble import KILLED, Trouble
from equisite.core.errors import Finding
from equisite.core.machine import little_room, size_text

_FULL = re.compile(r"No space left on device|Disk quota exceeded|DISK_FULL", re.IGNORECASE)
_MEMORY = re.compile(
    r"ended with code (137|-9)\b|MemoryError|Cannot allocate memory|bad_alloc|\bOOM\b"
    r"|out of memory|\bKilled\b|exit code 137",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(
    r"(Permission denied|Read-only file system|Operation not permitted)(?:: '([^']+)')?"
)
_LOCKED = re.compile(r"Directory cannot be locked|LockException")
_TELLS = re.compile(r"error|fail|cannot|denied|no space|killed|abort|\[E::", re.IGNORECASE)
_CODED = re.compile(r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b.*: .")
_COUNT = re.compile(r": \d+$")
"""Tools count what failed, too; that is no error."""
_MEND = "        Mend: "
_SHOWN, _MOST, _STEPS_SHOWN = 3, 12, 8
_OURS = ("work", "private", "logs", ".snakemake")


def explain(
    trouble: Trouble, directory: Path, left: int, *, killed: bool = False
) -> Iterator[str]:
    """Lines for the terminal. left: steps that were not done. killed: Snakemake itself was."""
    steps = trouble.final
    found = list(causes(trouble, directory, left, killed=killed))
    if killed:
        yield "Snakemake itself was killed from outside; nothing of it runs any more."
    if steps:
        words = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
        reason = "" if trouble.refused else " for a reason of the machine, not of the data"
        yield f"{words} failed{reason}:"
        for failure in steps[:_STEPS_SHOWN]:
            yield f"  {title(failure)}" + (f" ({failure.log})" if failure.log else "")
            yield from (f"      {line}" for line in _telling(failure.lines, mends=not found))
        if len(steps) > _STEPS_SHOWN:
            yield f"  {len(steps) - _STEPS_SHOWN} more"
    if not found and trouble.others:
        yield "Snakemake says:"
        yield from (f"  {line}" for line in trouble.others)
    for finding in found:
        yield finding.render()
    log = _newest(directory / ".snakemake" / "log")
    where = f" The whole story: {log}." if log else ""
    yield f"Start the same command again when it is mended: what is finished is kept.{where}"


def causes(trouble: Trouble, directory: Path, left: int, *, killed: bool) -> Iterator[Finding]:
    """What is known of the machine: RUN_DISK_FULL, RUN_MEMORY, RUN_FORBIDDEN, RUN_LOCKED."""
    text = trouble.text
    if _FULL.search(text) or little_room(directory):
        yield _full(directory, left)
    if killed or _MEMORY.search(text) or any(f.status == KILLED for f in trouble.failures):
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        yield Finding("RUN_MEMORY", "", {"memory": size_text(pages)})
    if found := _FORBIDDEN.search(text):
        path, problem = found[2] or "A file or folder of the run", found[1].lower()
        yield Finding("RUN_FORBIDDEN", "", {"path": path, "problem": problem})
    if _LOCKED.search(text):
        yield Finding("RUN_LOCKED", "", {"folder": str(directory)})


def _full(directory: Path, left: int) -> Finding:
    usage = shutil.disk_usage(directory)
    numbers: dict[str, str | int | float | bool] = {
        "folder": str(directory),
        "free": size_text(usage.free),
        "total": size_text(usage.total),
        "written": size_text(sum(_size(directory / name) for name in _OURS)),
        "left": left,
    }
    return Finding("RUN_DISK_FULL", "", numbers)


def _size(folder: Path) -> int:
    """Bytes of the files below a folder, as far as they can be seen."""
    return sum(
        os.lstat(Path(above) / name).st_size
        for above, _, names in os.walk(folder)
        for name in names
        if os.path.lexists(Path(above) / name)
    )


def _telling(lines: list[str], *, mends: bool) -> list[str]:
    """What our own steps found, else the last lines of a log, those that speak of an error.

    mends: with what to do about it.
    """
    kept = [x for x in lines if x.strip() and (mends or not x.startswith(_MEND))]
    if any(_CODED.match(line) for line in kept):
        return [line for line in kept if _CODED.match(line) or line.startswith(_MEND)][:_MOST]
    telling = [line for line in kept if _TELLS.search(line) and not _COUNT.search(line)]
    return (telling or kept)[-_SHOWN:]


def _newest(folder: Path) -> Path | None:
    """The log of the last run of Snakemake."""
    logs = sorted(folder.glob("*.log"), key=lambda log: log.name)
    return logs[-1] if logs else None
