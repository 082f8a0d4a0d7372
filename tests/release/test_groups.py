"""Groups whose sizes are published never differ by a few patients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.release.groups import kinds_of, settle

K = 10


def first(n: int, of: int = 100) -> np.ndarray:
    """The first n patients."""
    return np.arange(of) < n


@pytest.mark.parametrize(("lacking", "lost"), [(0, 0), (1, 1), (9, 9), (10, 0), (11, 0)])
def test_a_larger_group_gives_way_by_less_than_k_and_keeps_k(lacking: int, lost: int):
    small, large = first(100 - lacking), first(100)
    groups = settle([(small, 20), (large, K)], K)
    kept_small, kept_large = groups.of(small), groups.of(large)
    assert kept_small is not None and kept_large is not None
    assert kept_small.sum() == 100 - lacking
    assert kept_large.sum() == 100 - lost


@pytest.mark.parametrize(("size", "least", "stays"), [(19, 20, False), (20, 20, True)])
def test_a_group_needs_its_least(size: int, least: int, stays: bool):
    groups = settle([(first(size), least)], K)
    assert (groups.of(first(size)) is not None) is stays


def test_open_data_are_not_settled():
    groups = settle([(first(99), 1), (first(100), 1)], 1)
    assert [int(mask.sum()) for mask in groups.masks] == [99, 100]


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 25)),
        min_size=1,
        max_size=6,
    )
)
def test_no_released_group_lacks_a_few_of_another(bounds: list[tuple[int, int, int]]):
    people = np.arange(60)
    asked = [((low <= people) & (people < high), least) for low, high, least in bounds]
    masks = settle(asked, K).masks
    for one in masks:
        assert one.sum() >= K
        for other in masks:
            lacking = int((one & ~other).sum())
            assert lacking == 0 or lacking >= K
    kinds, sizes = kinds_of(masks)
    assert sorted(np.bincount(kinds[kinds >= 0]).tolist()) == sorted(sizes.tolist())
