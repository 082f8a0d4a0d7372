"""Bounds of withheld counts always hold the truth, and are as narrow as the margins allow."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from equisite.bundle.keys import make_key
from equisite.compare.cells import CountBlock
from equisite.compare.intervals import bounds

ROWS, COLUMNS = ("a", "b", "c"), ("x", "y")
CODES = {"row": 3, "column": 2}


def table(counts: np.ndarray) -> tuple[list[dict[str, str]], list[float]]:
    """All cells and margins of a 3 x 2 table."""
    names: list[dict[str, str]] = [{}]
    values = [float(counts.sum())]
    for i, row in enumerate(ROWS):
        names.append({"row": row})
        values.append(float(counts[i].sum()))
    for j, column in enumerate(COLUMNS):
        names.append({"column": column})
        values.append(float(counts[:, j].sum()))
    for (i, row), (j, column) in itertools.product(enumerate(ROWS), enumerate(COLUMNS)):
        names.append({"row": row, "column": column})
        values.append(float(counts[i, j]))
    return names, values


def block(names: list[dict[str, str]], values: list[float], hidden: list[bool]) -> CountBlock:
    keys = tuple(make_key({"analysis_set": "all", **n}) for n in names)
    shown = np.where(hidden, np.nan, values)[None, :]
    status = np.where(hidden, "suppressed", "ok")[None, :]
    return CountBlock("t", keys, shown, status)


@given(
    st.lists(st.integers(0, 30), min_size=6, max_size=6),
    st.lists(st.booleans(), min_size=12, max_size=12),
)
@settings(max_examples=200, deadline=None)
def test_the_truth_lies_within_the_bounds(counts: list[int], hidden: list[bool]) -> None:
    names, values = table(np.array(counts).reshape(3, 2))
    low, high = bounds(block(names, values, hidden), [{"all": values[0]}], CODES, [4])
    assert (low[0] <= values).all()
    assert (high[0] >= values).all()
    shown = ~np.array(hidden)
    assert (low[0][shown] == high[0][shown]).all()


def test_what_a_site_kept_back_is_not_worked_out() -> None:
    names, values = table(np.array([[5, 7], [2, 9], [4, 4]]))
    hidden = [n == {"row": "b", "column": "x"} for n in names]
    low, high = bounds(block(names, values, hidden), [{"all": values[0]}], CODES, [4])
    assert (low[0][hidden], high[0][hidden]) == (0.0, 4.0)


def test_margins_narrow_what_is_wide_enough() -> None:
    names, values = table(np.array([[50, 7], [2, 60], [4, 40]]))
    hidden = ["row" in n and "column" in n for n in names]
    low, high = bounds(block(names, values, hidden), [{"all": values[0]}], CODES, [4])
    place = names.index({"row": "a", "column": "x"})
    assert (low[0][place], high[0][place]) == (0.0, 56.0)
    place = names.index({"row": "b", "column": "y"})
    assert (low[0][place], high[0][place]) == (6.0, 62.0)


def test_without_a_total_the_upper_bound_is_open() -> None:
    low, high = bounds(block([{"row": "a"}], [3.0], [True]), [{}], CODES, [4])
    assert low[0, 0] == 0.0 and np.isnan(high[0, 0])


def test_a_code_without_cells_gives_no_lower_bound() -> None:
    names = [{"row": "a"}, {"row": "b"}]
    low, high = bounds(block(names, [3.0, 4.0], [True, False]), [{"all": 20.0}], CODES, [4])
    assert (low[0, 0], high[0, 0]) == (0.0, 16.0)


def test_a_site_without_the_table_has_no_bounds() -> None:
    keys = (make_key({"analysis_set": "all", "row": "a"}),)
    cells = CountBlock("t", keys, np.array([[np.nan], [4.0]]), np.array([[""], ["ok"]]))
    low, high = bounds(cells, [{"all": 9.0}, {"all": 9.0}], CODES, [4, 4])
    assert np.isnan(low[0, 0]) and np.isnan(high[0, 0])
    assert low[1, 0] == high[1, 0] == 4.0
