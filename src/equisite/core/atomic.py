"""Files that are either whole or absent: written beside, synced, renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


@contextmanager
def replacing(path: Path, mode: int = 0o644) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path`; on leaving cleanly it takes that name.

    The bytes are on disk (fsync of file and folder) before the name appears. On an
    exception, or a kill, nothing stands under the final name. Parents are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        # Until it is whole nobody else may read it, whatever it will become.
        with os.fdopen(os.open(temporary, _NEW, 0o600), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_bytes(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write all of `content` to `path`, whole or not at all."""
    with replacing(path, mode) as stream:
        stream.write(content)


def write_text(path: Path, content: str, mode: int = 0o644) -> None:
    """Write UTF-8 text to `path`, whole or not at all; line ends are kept as given."""
    write_bytes(path, content.encode(), mode)


def write_if_changed(path: Path, content: bytes) -> bool:
    """Like `write_bytes`, but leaves an equal file (and its time) alone; True if written."""
    if path.is_file() and path.read_bytes() == content:
        return False
    write_bytes(path, content)
    return True
