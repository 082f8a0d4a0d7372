"""Nano sites, made once per session, and the command that runs them as a user would."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[2] / "scripts"), str(Path(__file__).parent)]

from nano_sites import CHECKOUT, Site, snakemake  # noqa: E402 - found by the line above

Start = Callable[..., "subprocess.CompletedProcess[str]"]


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
    """A nano site after its first run, by `equisite run` on two cores. Never changed."""
    from synthetic.nano import write_nano

    folder = write_nano(tmp_path_factory.mktemp("nano"))
    return Site(folder, start("equisite", "run", "--cores", "2", folder=folder).stdout)


@pytest.fixture(scope="session")
def other_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second checkout of the same source, at another place."""
    target = tmp_path_factory.mktemp("checkout")
    for name in ("src", "workflow", "config", "resources", "envs"):
        shutil.copytree(CHECKOUT / name, target / name, symlinks=True)
    shutil.copy(CHECKOUT / "Snakefile", target / "Snakefile")
    if (CHECKOUT / ".software").exists():
        (target / ".software").symlink_to(CHECKOUT / ".software")
    return target


@pytest.fixture(scope="session")
def elsewhere(
    tmp_path_factory: pytest.TempPathFactory, start: Start, other_checkout: Path
) -> Site:
    """The same site made differently.

    Another folder, sheets with shuffled rows, plain Snakemake on one core, from the second
    checkout.
    """
    from synthetic.nano import write_nano

    folder = write_nano(tmp_path_factory.mktemp("quite another place"))
    rng = random.Random(7)
    for sheet in ("patients.tsv", "sequencing.tsv", "imaging.tsv"):
        head, *lines = (folder / sheet).read_text().splitlines()
        rng.shuffle(lines)
        (folder / sheet).write_text("\n".join([head, *lines]) + "\n")
    command = snakemake(folder, other_checkout, "--cores", "1")
    return Site(folder, start(*command, folder=folder).stdout)


@pytest.fixture
def to_change(elsewhere: Site, tmp_path: Path) -> Iterator[Site]:
    """The second site, to be changed in place; it is put back afterwards, times and all."""
    kept = tmp_path / "kept"
    shutil.copytree(elsewhere.folder, kept, symlinks=True)
    try:
        yield elsewhere
    finally:
        shutil.rmtree(elsewhere.folder)
        shutil.copytree(kept, elsewhere.folder, symlinks=True)
