"""Kernels against what numpy says of the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from equisite.radiomics.autocorrelation import moran_and_geary
from equisite.radiomics.kernels.facets import farthest_beyond
from equisite.radiomics.kernels.peaks import sum_planes
from equisite.radiomics.kernels.ranks import values_at_ranks
from equisite.radiomics.statistics import order_statistics

SIZES = st.tuples(*[st.integers(1, 6)] * 3)


@settings(deadline=None)
@given(SIZES, st.integers(0, 4), st.integers(0, 4), st.integers(0, 9))
def test_sums_of_planes(size: tuple[int, int, int], down: int, along: int, seed: int) -> None:
    depth, height, width = size
    values = np.random.default_rng(seed).normal(size=size)
    sums = np.zeros((depth, height + 1 + 2 * down, width + 1 + 2 * along))
    sum_planes(values, sums)
    expected = np.pad(values.cumsum(axis=2).cumsum(axis=1), ((0, 0), (1, 0), (1, 0)))
    expected = np.pad(expected, ((0, 0), (down, down), (along, along)), mode="edge")
    np.testing.assert_array_equal(sums, expected)


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 9))
def test_the_farthest_point_beyond_facets(points: int, facets: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(points, 3))
    normals = rng.normal(size=(facets, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    planes = np.hstack([normals, rng.normal(size=(facets, 1))])
    expected = (places @ normals.T + planes[:, 3]).max()
    assert farthest_beyond(places, planes) == pytest.approx(expected, abs=1e-12)


def test_a_facet_without_a_normal_is_never_good() -> None:
    places = np.zeros((1, 3))
    assert farthest_beyond(places, np.array([[np.nan, 0.0, 0.0, -1.0]])) == np.inf


def test_spectra_do_not_rely_on_work_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """What scipy does in place is no promise; a copy gives the same numbers."""
    rng = np.random.default_rng(4)
    values, mask = rng.normal(size=(5, 6, 7)), rng.random((5, 6, 7)) < 0.7
    found = moran_and_geary(values, mask, (3.0, 1.0, 1.0))
    own = scipy.fft.fft
    monkeypatch.setattr(scipy.fft, "fft", lambda x, axis, overwrite_x: own(x, axis=axis))
    assert moran_and_geary(values, mask, (3.0, 1.0, 1.0)) == found


VALUES = st.lists(st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float), min_size=1, max_size=60)


@settings(deadline=None)
@given(VALUES, st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_values_at_ranks_are_those_of_a_sort(values: list[float], at: list[float]) -> None:
    ranks = np.array([int(a * (len(values) - 1)) for a in at])
    out = np.empty(ranks.size)
    assert values_at_ranks(np.array(values), ranks, out) in (True, False)
    smallest, largest, found = order_statistics(np.array(values), [0.0, 1.0])
    assert (smallest, largest) == found == (min(values), max(values))
    if values_at_ranks(np.array(values), ranks, out):
        assert out.tolist() == np.sort(values)[ranks].tolist()


def test_most_values_in_one_bucket() -> None:
    """An outlier leaves one bucket for all the others."""
    values = np.append(np.random.default_rng(1).normal(size=5000), 1e9)
    ranks, out = np.arange(5001), np.empty(5001)
    assert values_at_ranks(values, ranks, out)
    assert out.tolist() == np.sort(values).tolist()


@pytest.mark.parametrize("values", [[0.0, 5e-324], [-1.7e308, 1.7e308, 0.0]])
def test_ranges_that_buckets_cannot_hold(values: list[float]) -> None:
    assert not values_at_ranks(np.array(values), np.array([0]), np.empty(1))
    assert order_statistics(np.array(values), (0.0,))[:2] == (min(values), max(values))
