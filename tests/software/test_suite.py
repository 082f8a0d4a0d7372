"""What `run.py test` tells the tests about public data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from software.home import Home
from software.suite import NO_DATA, find_data


def test_the_folder_beside_the_checkout_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUISITE_DATA", "")
    home = Home(tmp_path / "software", tmp_path / "checkout")
    assert not find_data(home)
    assert os.environ["EQUISITE_DATA"] == ""
    (tmp_path / "shared" / "data").mkdir(parents=True)
    assert find_data(home)
    assert os.environ["EQUISITE_DATA"] == str(tmp_path / "shared" / "data")


def test_a_folder_that_was_named_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUISITE_DATA", "/elsewhere")
    (tmp_path / "shared" / "data").mkdir(parents=True)
    assert find_data(Home(tmp_path / "software", tmp_path / "checkout"))
    assert os.environ["EQUISITE_DATA"] == "/elsewhere"


def test_its_absence_cannot_be_overlooked() -> None:
    told = NO_DATA.format(folder="/x/shared/data").splitlines()
    assert "NO PUBLIC DATA: /x/shared/data is not there" in told[2]
    assert "SKIPPED" in told[3] and len(told) == 6
