"""The code digest follows imports, and only those."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import equisite

PACKAGE = Path(equisite.__file__).parent


def digest(package: Path, room: str) -> str:
    program = f"from equisite.core.provenance import code_digest; print(code_digest({room!r}))"
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(PACKAGE, tmp_path / "equisite", ignore=shutil.ignore_patterns("*.pyc"))
    )


def test_editing_a_room_changes_its_digest_and_no_sibling(copied: Path):
    before = {room: digest(copied, room) for room in ("genomics", "imaging", "compare")}
    with (copied / "genomics" / "__init__.py").open("a") as source:
        source.write("# edited\n")
    after = {room: digest(copied, room) for room in before}
    assert before["genomics"] != after["genomics"]
    assert before["imaging"] == after["imaging"]
    assert before["compare"] == after["compare"]


def test_a_code_of_another_room_changes_nothing_here(copied: Path):
    before = digest(copied, "imaging")
    with (copied / "core" / "codes" / "genomics.tsv").open("a") as table:
        table.write("NEW_CODE\tinfo\tNew.\tNothing.\n")
    assert digest(copied, "imaging") == before


def test_the_floor_counts_for_every_room(copied: Path):
    before = digest(copied, "imaging")
    with (copied / "core" / "errors.py").open("a") as source:
        source.write("# edited\n")
    assert digest(copied, "imaging") != before
