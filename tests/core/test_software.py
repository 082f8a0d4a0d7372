"""The installed software is found, and its absence is told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from equisite.core.errors import ConfigError
from equisite.core.software import installed

DIGEST = "ab" * 32


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("EQUISITE_INSIDE", "EQUISITE_UNLOCKED", "EQUISITE_IMAGE_DIGEST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EQUISITE_HOME", str(tmp_path / "software"))
    (tmp_path / "software").mkdir()
    return tmp_path / "software"


def record(home: Path) -> None:
    about = {"file": "images/equisite.sqfs", "sha256": DIGEST}
    (home / "image.json").write_text(json.dumps(about))


def test_without_an_installation_nothing_starts(home: Path):
    with pytest.raises(ConfigError, match=r"SOFTWARE_MISSING.*\n.*run\.py install"):
        installed(home.parent)


def test_on_the_host_commands_go_through_the_front(home: Path):
    record(home)
    software = installed(home.parent)
    assert software.digest == DIGEST
    assert software.image == str(home / "images/equisite.sqfs")
    assert software.front == str(home / "front" / "bash")


def test_inside_the_image_commands_run_as_they_are(home: Path, monkeypatch: pytest.MonkeyPatch):
    record(home)
    monkeypatch.setenv("EQUISITE_INSIDE", "1")
    assert installed(home.parent).front is None


def test_other_software_must_be_asked_for_by_name(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EQUISITE_UNLOCKED", "1")
    software = installed(home.parent)
    assert software.digest == "0" * 64
    assert software.front is None


def test_apptainer_is_told_what_the_front_would_have_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    record(home)
    checkout = home.parent
    (checkout / "envs").mkdir()
    (checkout / "envs" / "pins.env").write_text(
        "# why\nOMP_NUM_THREADS=1\nNUMBA_CPU_FEATURES=\n"
    )
    for name in ("EQUISITE_BINDS", "APPTAINER_BINDPATH", "APPTAINERENV_OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "")  # so that what the call sets is taken back
    for name in list(os.environ):
        if name.startswith("APPTAINERENV_"):
            monkeypatch.setenv(name, os.environ[name])
    monkeypatch.chdir(tmp_path)
    software = installed(checkout, by_snakemake=True)
    assert software.front is None
    before = dict(os.environ)
    software.bind([Path("/data/reads")])
    told = {k: v for k, v in os.environ.items() if k.startswith("APPTAINER")}
    for name in set(told) - set(before):
        monkeypatch.delenv(name)
    assert told["APPTAINER_BINDPATH"] == (
        f"{checkout}:{checkout}:ro,/data/reads:/data/reads:ro,{tmp_path}"
    )
    assert told["APPTAINERENV_OMP_NUM_THREADS"] == "1"
    assert told["APPTAINERENV_NUMBA_CPU_FEATURES"] == ""
    assert told["APPTAINERENV_EQUISITE_IMAGE_DIGEST"] == DIGEST
