"""Bounding boxes and connected parts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from equisite.radiomics.region import Box, bounding_box, connected_parts

masks = arrays(np.bool_, array_shapes(min_dims=3, max_dims=3, max_side=7))


@settings(deadline=None)
@given(masks)
def test_the_box_is_the_smallest_that_holds_all(mask: np.ndarray) -> None:
    box = bounding_box(mask)
    if box is None:
        assert not mask.any()
        return
    found = np.argwhere(mask)
    assert box == Box(tuple(found.min(axis=0)), tuple(found.max(axis=0) + 1))
    assert box.size == mask[box.slices].shape


def test_dimensions_and_border() -> None:
    assert Box((0, 0, 0), (1, 1, 1)).dimensions == 0
    assert Box((2, 2, 2), (3, 9, 4)).dimensions == 2
    assert Box((1, 1, 1), (3, 9, 4)).touches((5, 9, 6))
    assert Box((0, 1, 1), (3, 8, 4)).touches((5, 9, 6))
    assert not Box((1, 1, 1), (3, 8, 4)).touches((5, 9, 6))


def test_parts_that_share_a_corner_are_one() -> None:
    mask = np.zeros((3, 3, 3), bool)
    mask[0, 0, 0] = mask[1, 1, 1] = True
    assert connected_parts(mask) == 1
    mask[1, 1, 1], mask[2, 2, 2] = False, True
    assert connected_parts(mask) == 2


@settings(max_examples=20, deadline=None)
@given(masks, st.permutations([0, 1, 2]))
def test_the_number_of_parts_does_not_depend_on_the_axes(
    mask: np.ndarray, order: list[int]
) -> None:
    assert connected_parts(mask) == connected_parts(mask.transpose(order))
