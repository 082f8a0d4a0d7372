"""Every kind of undefined input, by the command that counts them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def test_no_kind_gives_a_number_or_another_reason() -> None:
    command = [sys.executable, CHECKOUT / "benchmarks/radiomics_refusals.py"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(ended.stdout.splitlines()[-1])
    assert found["wrong"] == []
    assert found["right"] == found["kinds"] >= 60
    assert found["situations"] >= 37
