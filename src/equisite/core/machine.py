"""Faults of disks and rights, told as what they are: no fault of the data or the program."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from equisite.core.errors import ConfigError, EquisiteError, MachineError

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT))
_FORBIDDEN = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))
_UNUSABLE = frozenset((errno.EIO, errno.ESTALE, errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP))
_ABSENT = {errno.ENOENT: "does not exist", errno.EISDIR: "is a folder, not a file"}
LITTLE = 64 * 1024 * 1024
"""Bytes: with less room than this a run soon stands still."""


def machine_error(
    error: OSError, *, named: bool, words: Sequence[str] = ()
) -> EquisiteError | None:
    """The error in our words, or None where it may be a fault of the program.

    words: of the command line; a file that is not there is the user's where one names it.

    named: whether the path may be told; not in logs, where paths of patients' files are not
    wanted.
    """
    path = str(error.filename) if named and error.filename else "a file or folder of this step"
    problem = (error.strerror or "unknown reason").lower()
    if error.errno in _FULL:
        return MachineError("DISK_FULL", path=path)
    if error.errno in _FORBIDDEN:
        return ConfigError("NOT_ALLOWED", path=path, problem=problem)
    if error.errno in _ABSENT and str(error.filename) in words:
        return ConfigError("ARGUMENT_UNUSABLE", path=path, problem=_ABSENT[error.errno])
    if error.errno in _UNUSABLE:
        return ConfigError("PATH_UNUSABLE", path=path, problem=problem)
    return None


def size_text(size: float) -> str:
    """Bytes as people read them.

    >>> size_text(1_234), size_text(12_300_000), size_text(4_560_000_000)
    ('1 kB', '12 MB', '4.6 GB')
    """
    if size >= 1e9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def little_room(folder: Path) -> bool:
    """Whether the disk of a folder is nearly full, in bytes or in files."""
    state = os.statvfs(folder)
    no_names = state.f_files > 0 and state.f_favail == 0
    return shutil.disk_usage(folder).free < LITTLE or no_names
