"""Transform, clips and nested bins of a column."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.codebook.constants import LEVELS, Constant, faults, from_row

LINEAR = Constant("x", "identity", 0.0, -8.0, 8.0, 0.0, -4.0, 4.0)
LOGARITHMIC = Constant("v", "log10", 0.0, 0.0, 6.0, 3.0, 1.5, 4.5)

SIGNED = Constant("s", "asinh", 0.1, -6.0, 6.0, 0.0, -3.0, 3.0)

finite = st.floats(-1e9, 1e9)


def test_log10_is_minus_infinity_where_it_is_not_defined_and_keeps_nan() -> None:
    scale = LOGARITHMIC.transformed(np.array([100.0, 0.0, -5.0, np.nan]))
    np.testing.assert_array_equal(scale, [2.0, -np.inf, -np.inf, np.nan])


def test_the_offset_is_added_before_the_logarithm() -> None:
    burden = Constant("b", "log10", 0.1, -1, 2, 0, -1, 2)
    np.testing.assert_allclose(burden.transformed(np.array([0.0])), [-1.0])


@given(finite, st.sampled_from([LINEAR, SIGNED]))
def test_the_way_back_to_the_unit(value: float, constant: Constant) -> None:
    scale = float(constant.transformed(np.array([value]))[0])
    assert constant.in_unit(scale) == pytest.approx(value, rel=1e-9, abs=1e-12)


def test_a_logarithm_goes_back_to_the_unit_less_its_offset() -> None:
    burden = Constant("b", "log10", 0.1, -1, 2, 0, -1, 2)
    assert burden.in_unit(1.0) == pytest.approx(9.9)


def test_asinh_is_a_logarithm_with_a_sign_far_from_zero_and_linear_near_it() -> None:
    values = np.array([-1000.0, 0.0, 1000.0, 1e-4, np.nan])
    found = SIGNED.transformed(values)
    np.testing.assert_allclose(found[:3], [-4.0, 0.0, 4.0], atol=1e-8)
    assert found[3] == pytest.approx(1e-4 / 0.2 / np.log(10), rel=1e-6)
    assert np.isnan(found[4])


def test_values_beyond_the_clips_are_clipped_and_counted() -> None:
    values, low, high = LOGARITHMIC.clipped(np.array([0.0, 0.5, 1e3, 1e9]))
    np.testing.assert_allclose(values, [0.0, 0.0, 3.0, 6.0])
    assert (low, high) == (2, 1)


@given(st.lists(finite, max_size=40))
def test_coarse_bins_are_sums_of_fine_bins(values: list[float]) -> None:
    fine = LINEAR.bin_counts(np.array(values), 20)
    assert fine.sum() == len(values)
    for level in LEVELS[1:]:
        coarse = LINEAR.bin_counts(np.array(values), level)
        inner = fine[1:-1].reshape(level, -1).sum(axis=1)
        np.testing.assert_array_equal(coarse, [fine[0], *inner, fine[-1]])


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_edges_nest_exactly(low: float, width: float) -> None:
    c = Constant("x", "identity", 0.0, low, low + width, low, low, low + width)
    np.testing.assert_array_equal(c.edges(10), c.edges(20)[::2])
    np.testing.assert_array_equal(c.edges(5), c.edges(20)[::4])


def test_a_value_on_an_edge_falls_into_the_bin_above() -> None:
    counts = LINEAR.bin_counts(np.array([-4.0, 4.0]), 5)
    np.testing.assert_array_equal(counts, [0, 1, 0, 0, 0, 0, 1])


def test_a_level_that_is_not_registered_does_not_exist() -> None:
    with pytest.raises(KeyError):
        LINEAR.edges(7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"transform": "sqrt"}, "none of identity, log10, asinh"),
        ({"transform": "asinh"}, "offset of asinh is not above 0"),
        ({"clip_high": "-9"}, "clip_low is not below"),
        ({"centre": "9"}, "centre is not between"),
        ({"edge_high": "9"}, "edges do not lie"),
    ],
)
def test_faults_of_a_constant_are_named(change: dict[str, str], message: str) -> None:
    row = {
        "column": "x",
        "transform": "identity",
        "offset": "0",
        "clip_low": "-8",
        "clip_high": "8",
        "centre": "0",
        "edge_low": "-4",
        "edge_high": "4",
    }
    assert faults([from_row(row)]) == []
    assert message in " ".join(f.sentence for f in faults([from_row(row | change)]))


def test_a_column_may_be_registered_once() -> None:
    assert "twice" in faults([LINEAR, LINEAR])[0].sentence
