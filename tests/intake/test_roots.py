"""Folders of raw data: enough of them, as narrow as can be."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.core.errors import ConfigError
from equisite.intake.check import check_site
from equisite.intake.roots import SYSTEM, _real, read_only_roots

part = st.sampled_from(["data", "usr", "tmp", "home", "raw", "a", "b"])
paths = st.lists(
    st.lists(part, min_size=1, max_size=5).map(lambda p: "/nowhere-" + "/".join(p)), max_size=8
)


@given(paths)
def test_all_paths_are_covered_and_the_machine_is_not(found: list[str]) -> None:
    roots = read_only_roots(found, Path("/site"))
    assert Path("/") not in roots
    for path in found:
        assert any(path == str(r) or path.startswith(f"{r}/") for r in roots)


def test_one_ancestor_within_a_first_component() -> None:
    paths = ["/nodisk/x/reads/1.fq", "/nodisk/x/images/s1/", "/other/mask.nii"]
    assert read_only_roots(paths, Path("/site")) == (Path("/nodisk/x"), Path("/other"))


def test_system_folders_are_never_shown_whole() -> None:
    paths = ["/usr/share/none/ref.fa", "/usr/local/none/x/", "/tmp/none-a/1", "/tmp/none-b/1"]
    roots = read_only_roots(paths, Path("/site"))
    assert not {str(r).strip("/") for r in roots} & SYSTEM
    assert Path("/tmp/none-a") in roots


def test_what_lies_in_the_site_is_shown_anyway(tmp_path: Path) -> None:
    assert read_only_roots([str(tmp_path / "reads" / "1.fq")], tmp_path) == ()


def test_links_are_followed_step_by_step(tmp_path: Path) -> None:
    site, one, two = (tmp_path / name for name in ("site", "one", "two"))
    for folder in (site, one, two):
        folder.mkdir()
    (two / "file").write_text("x")
    (one / "second").symlink_to(two / "file")
    (site / "first").symlink_to(one / "second")
    (site / "folder").symlink_to(two)
    roots = read_only_roots([str(site / "first"), str(site / "folder") + "/"], site)
    assert all(any(f == r or r in f.parents for r in roots) for f in (one, two))


def test_folders_are_found_as_the_system_finds_them(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "up").symlink_to("../a/b")
    (tmp_path / "d").symlink_to(tmp_path / "c")
    (tmp_path / "gone").symlink_to("nowhere/x")
    words = ("a", "b", "c", "up", "d", "gone", "..", ".", "")
    for steps in product(words, repeat=3):
        path = "/".join((str(tmp_path), *steps))
        assert _real(path) == os.path.realpath(path), path


def test_a_file_of_the_top_folder_is_shown_alone() -> None:
    assert read_only_roots(["/reference.fa"], Path("/site")) == (Path("/reference.fa"),)


def test_a_folder_whose_name_is_no_text_is_told(tmp_path: Path) -> None:
    """Of the site, or where links lead: no table and no command could name it."""
    target = tmp_path / "t\udce4rget"
    target.mkdir()
    with pytest.raises(
        ConfigError, match=r"t<U\+DCE4>rget cannot be used: its name is no UTF-8"
    ):
        read_only_roots([str(target / "x.dcm")], tmp_path / "site")
    with pytest.raises(ConfigError, match="PATH_UNUSABLE"):
        check_site(target)
