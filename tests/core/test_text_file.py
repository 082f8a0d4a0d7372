"""Files of people: what can be none is refused before it is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from equisite.core.text_file import read_people_file


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_bytes(b"abc")
    assert read_people_file(path, 3) == b"abc"
    with path.open("r+b") as stream:
        stream.truncate(3_000_000_000)  # a hole: takes no room
    with pytest.raises(OSError, match="3,000 MB, too many"):
        read_people_file(path, 1_000_000_000)


def test_what_is_no_file_is_waited_for_by_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, reason in (
        (tmp_path / "pipe", "a device or a pipe"),
        (Path("/dev/zero"), "a device or a pipe"),
        (tmp_path, "a folder"),
    ):
        with pytest.raises(OSError, match=reason):
            read_people_file(path, 9)
    with pytest.raises(FileNotFoundError):
        read_people_file(tmp_path / "gone", 9)
