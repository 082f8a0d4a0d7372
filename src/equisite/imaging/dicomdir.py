"""What a DICOMDIR lists, without its offsets, which copying tools leave wrong."""

from __future__ import annotations

import os
from pathlib import Path

from equisite.imaging.foreign import foreign_parser

DICOMDIR = "DICOMDIR"
"""The name that PS3.10 8.6 demands; its class stands in the meta header only."""


class _Unreadable(Exception):  # noqa: N818 - caught below: such a directory lists nothing
    """The directory cannot be parsed."""


def is_directory(path: str) -> bool:
    """Whether a file is named like a DICOMDIR, or a copy of one."""
    return os.path.basename(path).upper().startswith(DICOMDIR)  # noqa: PTH119 - hot


def missing_files(path: Path) -> set[str]:
    """Files that a DICOMDIR lists as images and that are not there.

    Names are relative to its folder and compared without regard to case, since media give
    them in upper case. A directory that cannot be parsed lists nothing: the files are
    found by walking the tree anyway.
    """
    import pydicom

    missing: set[str] = set()
    try:
        with foreign_parser(_Unreadable):
            dataset = pydicom.dcmread(path, force=True)
            for record in dataset.get("DirectoryRecordSequence") or ():
                if str(record.get("DirectoryRecordType", "")) != "IMAGE":
                    continue
                names = record.get("ReferencedFileID") or ()
                parts = [names] if isinstance(names, str) else [str(n) for n in names]
                if parts and not _is_there(path.parent, parts):
                    missing.add("/".join(parts).upper())
    except _Unreadable:
        return set()
    return missing


def _is_there(folder: Path, parts: list[str]) -> bool:
    """Whether a file lies below a folder under these names, whatever their case."""
    here = folder
    for part in parts:
        if (here / part).exists():
            here = here / part
            continue
        same = (
            sorted(n for n in os.listdir(here) if n.upper() == part.upper())  # noqa: PTH208 - names
            if here.is_dir()
            else []
        )
        if not same:
            return False
        here = here / same[0]
    return here.is_file()
