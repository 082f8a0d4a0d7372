"""What only the owner of a site folder may open: its key and the folders of patients' data.

The key stands behind every token, never leaves, never changes a result.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from equisite.core.errors import ConfigError

BYTES = 32


def close_folders(directory: Path) -> None:
    """Make `work` and `private` of a site folder so that nobody but their owner may open them.

    Folders that are there already keep the rights that somebody gave them.
    """
    for name in ("work", "private"):
        (directory / name).mkdir(mode=0o700, parents=True, exist_ok=True)


def site_key(path: Path) -> bytes:
    """Read the key, or make it once.

    Two processes that start together get one key: it is written beside, then linked to its
    name, which fails for the second.
    Raises ConfigError SITE_KEY_BROKEN when the file has another size, SITE_KEY_OPEN when
    others than its owner may read it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as stream:
                stream.write(secrets.token_bytes(BYTES))
                stream.flush()
                os.fsync(stream.fileno())
            _link_once(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    if path.stat().st_mode & 0o077:
        raise ConfigError("SITE_KEY_OPEN", str(path))
    key = path.read_bytes()
    if len(key) != BYTES:
        raise ConfigError("SITE_KEY_BROKEN", str(path), found=len(key), expected=BYTES)
    return key


def _link_once(temporary: Path, path: Path) -> None:
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return
        temporary.replace(path)
