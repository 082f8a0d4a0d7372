"""Folders of raw data that the steps must see: few, narrow, and never the whole machine."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath

from equisite.core.errors import ConfigError

SYSTEM = frozenset(
    ("bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "media", "mnt",
     "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var")
)  # fmt: skip
"""First components below which a folder is shown no higher than its second component: the
image has folders of these names itself, or several owners share them."""


def read_only_roots(paths: Iterable[str], inside: Path) -> tuple[Path, ...]:
    """The smallest set of folders that hold all paths, links followed; sorted.

    paths: absolute files or folders. inside: the site folder, which is shown anyway.
    Within one first component (two for system folders) one common ancestor is taken.
    Raises ConfigError PATH_UNUSABLE for a folder whose name is no text.
    """
    groups: dict[tuple[str, ...], set[str]] = defaultdict(set)
    own = {str(inside), os.path.realpath(inside)}
    for path in set(paths):
        folder = os.path.dirname(path)  # noqa: PTH120 - thousands of paths, half the time
        links = [path] if os.path.islink(path) else []  # noqa: PTH114
        for step in {folder, *_chain(folder), *(f for p in links for f in _file_chain(p))}:
            if not any(step == o or step.startswith(o + "/") for o in own):
                parts = PurePosixPath(step).parts[1:]
                if parts:
                    groups[parts[: 2 if parts[0] in SYSTEM else 1]].add(step)
                else:
                    groups[(path,)].add(path)
    found = {os.path.commonpath(sorted(group)) for group in groups.values()}
    roots = tuple(sorted(Path(root) for root in found))
    for root in roots:
        check_name(root)
    return roots


def check_name(folder: Path) -> None:
    """Raises ConfigError PATH_UNUSABLE where no file and no command could name a folder."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        problem = "its name is no UTF-8 text"
        raise ConfigError("PATH_UNUSABLE", path=str(folder), problem=problem) from None


def _file_chain(path: str) -> list[str]:
    """Folders on the way of a link to a file."""
    steps = []
    for _ in range(40):
        if not os.path.islink(path):  # noqa: PTH114
            break
        folder = os.path.dirname(path)  # noqa: PTH120
        path = os.path.normpath(os.path.join(folder, os.readlink(path)))  # noqa: PTH115, PTH118
        folder = os.path.dirname(path)  # noqa: PTH120
        steps += [folder, *_chain(folder)]
    return steps


@lru_cache(maxsize=100_000)
def _real(path: str) -> str:
    """As `os.path.realpath`, but folders above many others are looked at once."""
    above, name = os.path.split(path)
    if name in ("", ".", ".."):
        return os.path.realpath(path)
    here = os.path.join(_real(above), name)  # noqa: PTH118
    return os.path.realpath(here) if os.path.islink(here) else here  # noqa: PTH114


@lru_cache(maxsize=100_000)
def _chain(folder: str) -> tuple[str, ...]:
    """Where a folder really lies, with every link passed on the way."""
    real = _real(folder)
    if real == folder:
        return ()
    steps = [real]
    current = "/"
    for part in PurePosixPath(folder).parts[1:]:
        step = os.path.join(current, part)  # noqa: PTH118
        if os.path.islink(step):  # noqa: PTH114
            target = os.path.normpath(os.path.join(current, os.readlink(step)))  # noqa: PTH115, PTH118
            steps += [target, *_chain(target)]
            step = target
        current = step
    return tuple(steps)
