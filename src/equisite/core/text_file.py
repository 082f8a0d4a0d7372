"""A file of people, read whole; refused before it is read where it can be none."""

from __future__ import annotations

import errno
import stat
from pathlib import Path


def read_people_file(path: Path, most: int) -> bytes:
    """All bytes of a sheet or a configuration.

    most: bytes of the largest that is read, so that a wrong name (a BAM, a device, a pipe)
    fills no memory and waits for nobody.
    Raises OSError, also for what is no file or too large; its strerror is the reason.
    """
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
    if found.st_size > most:
        megabytes = found.st_size // 1_000_000
        raise OSError(errno.EFBIG, f"it has {megabytes:,} MB, too many for such a file")
    return path.read_bytes()
