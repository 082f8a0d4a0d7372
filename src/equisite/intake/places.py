"""Files and folders that sheets name: there, readable, of the right kind; and their stamps."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from equisite.core.errors import Finding
from equisite.intake.sheet_text import NO_VALUE


@dataclass(frozen=True)
class Place:
    """A file or folder that is sound.

    path: absolute, as named. stamp: changes when the content was touched. identity: equal
    for two names of one file, links followed; a file with several hard links is known by
    its path. links: symbolic links found inside a folder.
    """

    path: str
    stamp: str
    identity: str
    links: tuple[str, ...] = ()


@dataclass
class Places:
    """Looks each name up once. folder: what relative names start from."""

    folder: Path
    _seen: dict[tuple[str, str], Place | Finding] = field(default_factory=dict)

    def file(self, name: str, where: str) -> Place | Finding:
        """The file of a name, or what is wrong with it."""
        return self._look("file", name, where)

    def tree(self, name: str, where: str) -> Place | Finding:
        """The folder of a name, or what is wrong with it."""
        return self._look("folder", name, where)

    def _look(self, kind: str, name: str, where: str) -> Place | Finding:
        known = self._seen.get((kind, name))
        if known is None:
            known = _judge(kind, name, self.folder, where)
            self._seen[kind, name] = known
        if isinstance(known, Finding) and known.where != where:
            return Finding(known.code, where, known.numbers)
        return known


def _judge(kind: str, name: str, folder: Path, where: str) -> Place | Finding:
    if "://" in name:
        return Finding("PATH_IS_URL", where, {"path": name})
    path = os.path.normpath(os.path.join(folder, name))  # noqa: PTH118 - half the time of Path
    try:
        found = os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return _absent(path, name, where)
    except OSError as error:
        return _unreadable(name, where, error)
    is_folder = stat.S_ISDIR(found.st_mode)
    if kind == "file":
        if is_folder:
            return Finding("FILE_IS_FOLDER", where, {"path": name})
        if not stat.S_ISREG(found.st_mode):
            problem = "it is a device or a pipe, not a file"
            return Finding("FILE_UNREADABLE", where, {"path": name, "problem": problem})
        if not os.access(path, os.R_OK):
            return Finding(
                "FILE_UNREADABLE", where, {"path": name, "problem": "permission denied"}
            )
        if found.st_size == 0:
            return Finding("FILE_EMPTY", where, {"path": name})
        identity = f"{found.st_dev}:{found.st_ino}" if found.st_nlink == 1 else path
        return Place(path, f"{found.st_size}-{found.st_mtime_ns}", identity)
    if not is_folder:
        return Finding("FOLDER_IS_FILE", where, {"path": name})
    if not os.access(path, os.R_OK | os.X_OK):
        return Finding("FILE_UNREADABLE", where, {"path": name, "problem": "permission denied"})
    try:
        stamp, links = folder_stamp(path)
    except OSError as error:  # a folder below may not be entered
        return _unreadable(os.path.relpath(error.filename or path, folder), where, error)
    if not stamp:
        return Finding("FOLDER_EMPTY", where, {"path": name})
    return Place(path, stamp, f"{found.st_dev}:{found.st_ino}", links)


def _unreadable(name: str, where: str, error: OSError) -> Finding:
    problem = (error.strerror or "unknown reason").lower()
    return Finding("FILE_UNREADABLE", where, {"path": name, "problem": problem})


def folder_stamp(path: str) -> tuple[str, tuple[str, ...]]:
    """Number of files below a folder, their sizes, newest time and names; empty if none.

    Only names and states are read, never a file. Also returns the symbolic links met.
    """
    count = size = newest = 0
    names: list[str] = []
    links: list[str] = []
    waiting, entered = [path], {os.path.realpath(path)}
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    links.append(entry.path)
                if entry.is_dir():
                    real = os.path.realpath(entry.path) if links else entry.path
                    if real not in entered:  # a link that leads back is not followed again
                        entered.add(real)
                        waiting.append(entry.path)
                    continue
                try:
                    found = entry.stat()
                except OSError:
                    continue  # a dangling link is no file
                count += 1
                size += found.st_size
                newest = max(newest, found.st_mtime_ns)
                names.append(entry.path[len(path) :])
    if not count:
        return "", ()
    digest = hashlib.sha256("\0".join(sorted(names)).encode(errors="surrogateescape"))
    return f"{count}-{size}-{newest}-{digest.hexdigest()[:12]}", tuple(sorted(links))


def _absent(path: str, name: str, where: str) -> Finding:
    """FILE_MISSING, or FILE_CASE when only upper and lower case of a name differ."""
    parent = os.path.dirname(path)  # noqa: PTH120
    wanted = os.path.basename(path)  # noqa: PTH119
    above = parent
    while not os.path.isdir(above):  # noqa: PTH112
        above = os.path.dirname(above)  # noqa: PTH120
    next_name = path[len(above) :].strip("/").split("/")[0]
    step = os.path.join(above, next_name)  # noqa: PTH118
    if os.path.islink(step):  # noqa: PTH114
        goal = os.readlink(step)  # noqa: PTH115
        hint = f"{next_name} in {above} is a link to {goal}, which is not there"
        return Finding("FILE_MISSING", where, {"path": name, "hint": hint})
    try:
        there = sorted(os.listdir(above))  # noqa: PTH208
    except OSError:
        there = []
    for other in there:
        if other != next_name and other.casefold() == next_name.casefold():
            return Finding(
                "FILE_CASE", where, {"path": name, "wanted": next_name, "there": other}
            )
    hint = f"no {wanted} in {above}" if above == parent else f"no folder {above}/{next_name}"
    if any(_form(other) == _form(next_name) for other in there):
        hint = f"{next_name} is written on disk with other signs that look the same (accents)"
    elif name.casefold() in NO_VALUE:
        hint += "; where there is no file the cell stays empty"
    elif "\\" in name:
        hint += "; folders are separated by /, not by \\"
    elif name[0] == "~" or "$" in name:
        hint += "; ~ and variables are not replaced: write the whole path"
    return Finding("FILE_MISSING", where, {"path": name, "hint": hint})


def _form(name: str) -> str:
    """A name without the ways in which Unicode can write one letter with its accent."""
    return unicodedata.normalize("NFKC", name).casefold()
