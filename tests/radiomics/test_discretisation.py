"""Grey levels of known intensities (IBSI manual, section 2.7)."""

from __future__ import annotations

import numpy as np
import pytest

from equisite.radiomics.discretisation import Scale, fixed_number, fixed_size


@pytest.mark.parametrize(
    ("scale", "values", "levels"),
    [
        # a bin holds its lower edge, and a highest value on an edge has a bin of its own
        (fixed_size(0, 75, 25), [0, 24.9, 25, 50, 74.9, 75], [1, 1, 2, 3, 3, 4]),
        (fixed_size(-1000, -951, 25), [-1000, -976, -975, -951], [1, 1, 2, 2]),
        (fixed_size(0.5, 0.5, 0.25), [0.5], [1]),
        # the highest value of a fixed number of bins is in the last one
        (fixed_number(1, 6, 5), [1, 1.99, 2, 5.99, 6], [1, 1, 2, 5, 5]),
        (fixed_number(-1, 1, 2), [-1, -0.01, 0, 1], [1, 1, 2, 2]),
    ],
)
def test_levels_and_counts(scale: Scale, values: list[float], levels: list[int]) -> None:
    found, counts = scale.apply(np.array(values, dtype=np.float64))
    assert found.tolist() == levels
    assert counts.tolist() == np.bincount(levels, minlength=scale.most + 1).tolist()
