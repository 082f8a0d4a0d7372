"""Every regular file below a folder, once, in an order that does not depend on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file: its name, size and time of last change."""

    name: str
    size: int
    mtime_ns: int


def folders(root: Path) -> Iterator[tuple[str, list[FoundFile], int]]:
    """Each folder below the root with its files by name, and its links that lead out.

    Links are followed only to files inside the root, never to folders, so that no circle
    can be walked. Raises OSError for a folder that cannot be read: it must not look like
    one without slices.
    """
    if not root.is_dir():
        return
    real_root = Path(os.path.realpath(root))
    waiting = [str(root)]
    while waiting:
        folder = waiting.pop()
        files, below, out = [], [], 0
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_symlink():
                    target = Path(os.path.realpath(entry.path))
                    if not target.is_relative_to(real_root):
                        out += 1
                        continue
                    if not target.is_file():  # a folder, a circle, or nothing
                        continue
                elif entry.is_dir():
                    below.append(entry.path)
                    continue
                elif not entry.is_file():
                    continue
                about = entry.stat()
                files.append(FoundFile(entry.name, about.st_size, about.st_mtime_ns))
        files.sort(key=lambda f: f.name)
        waiting += sorted(below, reverse=True)
        yield folder, files, out
