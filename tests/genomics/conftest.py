"""Fixtures of the room; what they make stands in made_reads.py beside."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parent))

from equisite.intake.index import SequencingItem


@pytest.fixture
def lane(tmp_path: Path) -> Callable[..., SequencingItem]:
    """Write one lane's files and return its row."""

    def make(
        number: int, one: bytes, two: bytes | None, *, packed: bool = True
    ) -> SequencingItem:
        paths = ["", ""]
        for mate, content in enumerate((one, two)):
            if content is not None:
                path = tmp_path / f"lane{number}_{mate + 1}.fastq{'.gz' if packed else ''}"
                path.write_bytes(gzip.compress(content, 1) if packed else content)
                paths[mate] = str(path)
        return SequencingItem(
            "p1", "s1", "tok", number, "normal", "lib", f"L{number}", *paths, "", "", "genome",
            "female", "",
        )  # fmt: skip

    return make
