"""ICC(1,1): published example, simulated truth, pooling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equisite.stats.icc import MeanSquares, intraclass_correlation, mean_squares, pooled

JUDGES = np.array(
    [
        [9, 2, 5, 8],
        [6, 1, 3, 2],
        [8, 4, 6, 8],
        [7, 1, 2, 6],
        [10, 5, 6, 9],
        [6, 2, 4, 7],
    ],
    dtype=np.float64,
)
"""Four ratings on six targets. Source: Shrout and Fleiss (1979), table 1."""


def simulated(seed: int, n: int, k: int, icc: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cases = rng.normal(0, math.sqrt(icc), (n, 1))
    return 100 + 7 * (cases + rng.normal(0, math.sqrt(1 - icc), (n, k)))


def test_the_published_example() -> None:
    squares = mean_squares(JUDGES)
    assert squares.between == pytest.approx(11.24, abs=0.005)
    assert squares.within == pytest.approx(6.26, abs=0.005)
    found = intraclass_correlation(squares)
    assert found.value == pytest.approx(0.17, abs=0.005)
    # R package psych, function ICC, on the same table: -0.13 to 0.72 at 95 %
    assert found.lower == pytest.approx(-0.13, abs=0.005)
    assert found.upper == pytest.approx(0.72, abs=0.005)


@pytest.mark.parametrize("truth", [0.3, 0.75, 0.95])
def test_the_interval_covers_as_often_as_it_says(truth: float) -> None:
    trials = 400
    covered = 0
    for seed in range(trials):
        found = intraclass_correlation(mean_squares(simulated(seed, 12, 5, truth)))
        covered += found.lower <= truth <= found.upper
    # 95 % of 400 is 380, standard deviation 4.4
    assert 363 <= covered <= 397


def test_nothing_moves_or_everything_is_the_same() -> None:
    steady = np.repeat(np.arange(5.0)[:, None], 3, axis=1)
    assert intraclass_correlation(mean_squares(steady)).lower == 1
    assert math.isnan(intraclass_correlation(mean_squares(np.ones((5, 3)))).value)


def test_what_is_no_table_of_values_is_refused() -> None:
    for values in (np.ones((1, 5)), np.ones((5, 1)), np.array([[1.0, math.nan], [1.0, 2.0]])):
        with pytest.raises(ValueError, match="an ICC needs"):
            mean_squares(values)
    with pytest.raises(ValueError, match="one number of copies"):
        pooled([mean_squares(np.eye(3)), mean_squares(np.eye(4))])
    with pytest.raises(ValueError, match="one number of copies"):
        pooled([])


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.floats(0.05, 20), st.floats(-1e3, 1e3))
def test_scale_shift_and_order_do_not_matter(seed: int, scale: float, shift: float) -> None:
    values = simulated(seed, 8, 4, 0.6)
    found = intraclass_correlation(mean_squares(values))
    moved = intraclass_correlation(mean_squares(scale * values + shift))
    assert moved.value == pytest.approx(found.value, rel=1e-6, abs=1e-9)
    assert mean_squares(values[::-1]) == mean_squares(values)


def test_sites_are_pooled_within_themselves() -> None:
    one, two = simulated(1, 12, 5, 0.8), simulated(2, 20, 5, 0.8) + 1000
    squares = pooled([mean_squares(one), mean_squares(two)])
    assert squares.df_between == 11 + 19
    assert squares.df_within == 12 * 4 + 20 * 4
    found = intraclass_correlation(squares)
    assert found.lower < 0.8 < found.upper
    together = intraclass_correlation(mean_squares(np.vstack([one, two])))
    assert together.value > 0.99  # the offset between sites would be taken for patients


def test_one_site_pooled_is_itself() -> None:
    squares = mean_squares(JUDGES)
    assert pooled([squares]) == MeanSquares(
        squares.df_between,
        squares.df_within,
        squares.k,
        *(pytest.approx(x) for x in (squares.between, squares.within)),
    )
