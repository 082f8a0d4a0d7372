"""A full disk or a folder of somebody else, told by run.py without a traceback."""

from __future__ import annotations

import errno
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from software import verbs
from software.console import Stop

usage = namedtuple("usage", "total used free")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUISITE_HOME", str(tmp_path / "not" / "yet"))
    monkeypatch.delenv("EQUISITE_INSIDE", raising=False)


def fails(error: Exception, monkeypatch: pytest.MonkeyPatch, free: float = 1e12) -> int:
    def raises(*words: object, **more: object) -> None:
        raise error

    monkeypatch.setattr(verbs, "installed", raises)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(1e12, 0, free))
    return verbs.main(["install"])


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), Stop("pip: code 1")])
def test_a_full_disk(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert fails(error, monkeypatch, free=3e6) == 2
    out, err = capfd.readouterr()
    assert "not/yet is full, 3 MB are free; the software needs about 4 GB" in out + err
    assert "Mend: " in out + err


def test_a_folder_of_somebody_else(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    error = PermissionError(errno.EACCES, "Permission denied", "/opt/equisite/.software/lock")
    assert fails(error, monkeypatch) == 2
    told = "".join(capfd.readouterr())
    assert "/opt/equisite/.software/lock: permission denied. Mend: let the owner of" in told
    assert "EQUISITE_HOME=FOLDER" in told


def test_other_reasons_stay_what_they_are(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert fails(Stop("pip: code 1"), monkeypatch) == 2
    assert "equisite: pip: code 1" in "".join(capfd.readouterr())
    with pytest.raises(FileNotFoundError):
        fails(FileNotFoundError(errno.ENOENT, "x", "y"), monkeypatch)
