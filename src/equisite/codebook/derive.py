"""Coded variables from a number or from a code of a classification."""

from __future__ import annotations

import math

from equisite.codebook.model import Variable


def band_code(variable: Variable, value: float | None) -> str:
    """The code of the band that a number falls into, the absent code where there is none.

    variable: an entry with `bands` (lower bounds, inclusive, rising; the last is open).
    """
    if value is None or math.isnan(value):
        return variable.absent_code
    reached = [code for code, lower in variable.bands.items() if value >= lower]
    return reached[-1] if reached else variable.absent_code


def range_code(variable: Variable, text: str) -> str:
    """The code whose ranges hold a code of a classification, the absent code where none does.

    A range LOW-HIGH compares as many characters as its ends have: `C50.9` lies in
    `C00-D48`, the morphology `8500/3` in `8000-9999`.
    """
    key = text.strip().upper()
    for code, ranges in variable.ranges.items():
        for low, high in (r.split("-") for r in ranges):
            if key[: len(low)] >= low and key[: len(high)] <= high and len(key) >= len(low):
                return code
    return variable.absent_code
