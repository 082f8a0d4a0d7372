"""Files and folders: states only, links and case told apart."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from equisite.core.errors import Finding
from equisite.intake.places import Place, Places, folder_stamp


def code(found: Place | Finding) -> str:
    return found.code if isinstance(found, Finding) else ""


def test_a_stamp_changes_with_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("1")
    os.utime(path, ns=(1, 1))
    stamps = {Places(tmp_path).file("a", "").stamp}  # type: ignore[union-attr]
    os.utime(path, ns=(1, 2))
    stamps.add(Places(tmp_path).file("a", "").stamp)  # type: ignore[union-attr]
    path.write_text("12")
    os.utime(path, ns=(1, 2))
    stamps.add(Places(tmp_path).file("a", "").stamp)  # type: ignore[union-attr]
    assert len(stamps) == 3


def test_a_folder_stamp_sees_names_below(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("1", "sub/2"):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, ns=(5, 5))
    before, links = folder_stamp(str(tmp_path))
    assert before.startswith("2-2-5-")
    assert links == ()
    (tmp_path / "sub" / "2").rename(tmp_path / "sub" / "3")
    assert folder_stamp(str(tmp_path))[0] != before


def test_a_folder_that_links_to_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "1").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    stamp, links = folder_stamp(str(tmp_path))
    assert stamp.startswith("1-1-")
    assert len(links) == 2


def test_two_names_of_one_file_and_two_hard_links(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").symlink_to("a")
    places = Places(tmp_path)
    assert places.file("a", "").identity == places.file("./b", "").identity  # type: ignore[union-attr]
    (tmp_path / "c").hardlink_to(tmp_path / "a")
    again = Places(tmp_path)
    assert again.file("a", "").identity != again.file("c", "").identity  # type: ignore[union-attr]


def test_case_of_a_folder_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "Images").mkdir()
    found = Places(tmp_path).file("images/p1/1.dcm", "x line 2")
    assert code(found) == "FILE_CASE"
    assert "images is written Images" in found.sentence  # type: ignore[union-attr]


def test_the_same_fault_in_two_places_is_told_with_each_place(tmp_path: Path) -> None:
    places = Places(tmp_path)
    wheres = [places.file("nothing", where).where for where in ("l 2", "l 3")]  # type: ignore[union-attr]
    assert wheres == ["l 2", "l 3"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "a").chmod(0)
    assert code(Places(tmp_path).file("a", "")) == "FILE_UNREADABLE"


def test_a_folder_below_that_may_not_be_entered_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "series" / "sub").mkdir(parents=True)
    listed = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("sub"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = Places(tmp_path).tree("series", "line 2")
    assert isinstance(found, Finding)
    assert found.code == "FILE_UNREADABLE"
    assert found.sentence == "series/sub cannot be read: permission denied."
