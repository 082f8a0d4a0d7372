"""All values of IBSI-1 and its diagnostics, by the command that makes the page of the docs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.data
@pytest.mark.skipif("EQUISITE_DATA" not in os.environ, reason="EQUISITE_DATA names no folder")
def test_all_values_and_diagnostics_are_within_tolerance(tmp_path: Path) -> None:
    command = [sys.executable, CHECKOUT / "benchmarks/ibsi.py", "--page", tmp_path / "p.md"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(ended.stdout.splitlines()[-1])
    assert found["outside"] == []
    assert (found["values"], found["within"]) == (1804, 1804)
    assert found["diagnostics"] == {"values": 300, "within": 300, "outside": []}
    fresh = (tmp_path / "p.md").read_text("utf-8").splitlines()
    shown = (CHECKOUT / "docs/ibsi.md").read_text("utf-8").splitlines()
    assert fresh == shown, "make the page again: benchmarks/ibsi.py --page docs/ibsi.md"


def test_without_data_nothing_is_measured(tmp_path: Path) -> None:
    command = [sys.executable, CHECKOUT / "benchmarks/ibsi.py", tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "ibsi1_reference_values.tsv is not there" in ended.stderr
