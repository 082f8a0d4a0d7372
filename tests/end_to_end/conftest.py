"""Nano sites, made once per session, and the command that runs them as a user would."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
sys.path[:0] = [str(CHECKOUT / "scripts"), str(Path(__file__).parent)]

Start = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Site:
    """A made site's folder and what its run printed."""

    folder: Path
    output: str = ""

    @property
    def bundle(self) -> bytes:
        """The bundle that waits for approval."""
        return (self.folder / "private" / "review" / "prepared.bundle").read_bytes()

    def table(self, name: str) -> list[dict[str, str]]:
        """Rows of a table below the site's folder."""
        lines = (self.folder / name).read_text(encoding="utf-8").splitlines()
        columns = lines[0].split("\t")
        return [dict(zip(columns, line.split("\t"), strict=True)) for line in lines[1:]]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment with `equisite` on the PATH; tools of the machine where nothing is locked."""
    own = dict(os.environ)
    installed = CHECKOUT / ".software" / "bin"
    if (installed / "equisite").is_file():
        own["PATH"] = f"{installed}:{own['PATH']}"
    if shutil.which("equisite", path=own["PATH"]) is None:
        place = tmp_path_factory.mktemp("bin")
        shim = place / "equisite"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m equisite.cli "$@"\n')
        shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
        own["PATH"] = f"{place}:{Path(sys.executable).parent}:{own['PATH']}"
        own["PYTHONPATH"] = str(CHECKOUT / "src")
        own["EQUISITE_UNLOCKED"] = "1"
    return own


@pytest.fixture(scope="session")
def start(environment: dict[str, str]) -> Start:
    """Start a command in a folder; returns the completed process, output as text."""

    def started(
        *words: str, folder: Path, code: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            list(words),
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout
        return done

    return started


@pytest.fixture(scope="session")
def nano(tmp_path_factory: pytest.TempPathFactory, start: Start) -> Site:
    """A nano site after its first run on two cores. Tests change copies of it only."""
    from synthetic.nano import write_nano

    folder = write_nano(tmp_path_factory.mktemp("nano"))
    return Site(folder, start("equisite", "run", "--cores", "2", folder=folder).stdout)


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Site], Site]:
    """A copy of a site with everything that belongs to it, file times kept."""

    def copied(site: Site) -> Site:
        target = tmp_path / site.folder.parent.name
        shutil.copytree(site.folder.parent, target, symlinks=True)
        return Site(target / site.folder.name)

    return copied
