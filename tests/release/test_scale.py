"""R3: a feature with too many values outside its limits stays, on whichever side they lie."""

from __future__ import annotations

import numpy as np
import pytest
from made_cohort import protocol

from equisite.bundle.ruleset import rules_of
from equisite.codebook.book import codebook
from equisite.release.features import scale

COLUMN = "mean_depth"


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [(0, 0, "ok"), (5, 0, "ok"), (0, 5, "ok"), (2, 3, "ok"), (6, 0, "clipped"),
     (0, 6, "clipped"), (3, 3, "clipped")],
)  # fmt: skip
def test_both_sides_count(low: int, high: int, status: str) -> None:
    constant = codebook().constant(COLUMN)
    assert constant.transform == "identity"
    width = constant.clip_high - constant.clip_low
    values = np.linspace(constant.clip_low + width / 4, constant.clip_high - width / 4, 100)
    values[:low] = constant.clip_low - width
    values[100 - high :] = constant.clip_high + width
    found = scale(COLUMN, constant, values, rules_of(protocol()))
    assert (found.low, found.high, found.status) == (low, high, status)
