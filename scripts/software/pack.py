"""The squashfs file: one digest for one lock, wherever it is packed."""

from __future__ import annotations

from pathlib import Path

from .console import run
from .home import SOURCE_DATE_EPOCH
from .locks import sha256_of
from .tree import by_loader
from .unpack import clamp_times

LEVEL = "3"  # zstd: at 15 the file is a tenth smaller and takes five times as long


def pack(root: Path, folder: Path) -> Path:
    """Pack a tree with its own mksquashfs and name the file after its digest."""
    clamp_times(root)
    fresh = folder / "equisite.sqfs.tmp"
    fresh.unlink(missing_ok=True)
    env = {"SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH), "LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    flags = [
        "-noappend",
        "-all-root",
        "-no-xattrs",
        "-comp",
        "zstd",
        "-Xcompression-level",
        LEVEL,
    ]
    flags += ["-reproducible", "-no-progress", "-quiet"]
    run(
        [*by_loader(root, "usr/bin/mksquashfs"), root, fresh, *flags],
        env=env,
        what="mksquashfs",
    )
    final = folder / f"equisite-{sha256_of(fresh)[:16]}.sqfs"
    fresh.replace(final)
    return final
