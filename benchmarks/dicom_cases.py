"""Folders of series with known verdicts, packed or not, for the benchmarks beside this file."""

from __future__ import annotations

import json
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


@contextmanager
def known_cases(
    folder: Path, truth: Path | None = None
) -> Iterator[dict[str, tuple[Path, dict[str, Any]]]]:
    """Folder and truth of each case.

    folder: holds `truth.json` and for each case a folder, or `.tar.xz` archives of such
    folders, which are unpacked for the time of the context. Exits with 2 when something
    is missing.
    """
    path = truth or folder / "truth.json"
    if not path.is_file():
        print(f"no {path.name} there; give it with --truth", file=sys.stderr)
        raise SystemExit(2)
    known = json.loads(path.read_text(encoding="utf-8"))
    with TemporaryDirectory() as scratch:
        roots = [folder, Path(scratch)]
        for archive in sorted(folder.glob("*.tar.xz")):
            _unpack(archive, Path(scratch))
        found = {}
        for case, about in known.items():
            places = [r / case for r in roots if (r / case).is_dir()]
            places += [p for p in Path(scratch).glob(f"*/{case}") if p.is_dir()]
            if not places:
                print(f"no folder of case {case}", file=sys.stderr)
                raise SystemExit(2)
            found[case] = (places[0], about)
        yield found


def _unpack(archive: Path, target: Path) -> None:
    """Regular files only, and none outside of the target."""
    with tarfile.open(archive, "r:xz") as members:
        for member in members:
            inside = (target / member.name).resolve().is_relative_to(target.resolve())
            content = members.extractfile(member) if member.isfile() and inside else None
            if content is not None:
                path = target / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
