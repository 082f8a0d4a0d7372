"""The resampled grid, and that a crop with its margin is as good as the volume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equisite.radiomics import resampling
from equisite.radiomics.region import Box, bounding_box
from equisite.radiomics.resampling import resample, target_spacing

BOX = Box((2, 3, 4), (6, 9, 12))


def test_no_wanted_spacing_keeps_the_native_grid() -> None:
    assert target_spacing((1.0, 1.0, 2.0), None, BOX) is None
    assert target_spacing((1.0, 1.0, 2.0), (1.0, 1.0, 2.0), BOX) is None


def test_zero_keeps_a_direction() -> None:
    new = target_spacing((1.0, 1.0, 2.5), (2.0, 2.0, 0.0), BOX)
    np.testing.assert_array_equal(new, [2.0, 2.0, 2.5])


def test_a_direction_one_voxel_thick_is_kept() -> None:
    plate = Box((2, 3, 4), (3, 9, 12))
    new = target_spacing((1.0, 1.0, 2.5), (2.0, 2.0, 2.0), plate)
    np.testing.assert_array_equal(new, [2.0, 2.0, 2.5])


@pytest.mark.parametrize("interpolator", ["nearest", "linear", "bspline"])
def test_the_margin_is_as_good_as_the_whole_volume(
    case: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, interpolator: str
) -> None:
    image, mask = case(shape=(60, 120, 110), radii=(6.0, 9.0, 8.0), seed=6)
    box = bounding_box(mask)
    assert box is not None
    arguments = (image, mask[box.slices], box, (0.9, 0.9, 2.0), np.array([1.2, 1.2, 1.2]))
    near, near_mask = resample(*arguments, interpolator)
    monkeypatch.setattr(resampling, "MARGIN_VOXELS", {interpolator: 10**6})
    far, far_mask = resample(*arguments, interpolator)
    np.testing.assert_array_equal(near_mask, far_mask)
    np.testing.assert_allclose(near, far, rtol=0, atol=2e-6 * np.abs(image).max())


def test_a_centre_between_two_voxels_takes_the_later_one() -> None:
    mask = np.zeros((4, 4, 8), bool)
    mask[:, :, 3:6] = True
    box = bounding_box(mask)
    assert box is not None
    image = np.zeros(mask.shape, np.float32)
    _, found = resample(
        image, mask[box.slices], box, (1.0, 1.0, 1.0), np.array([2.0, 1.0, 1.0]), "nearest"
    )
    # New centres lie at 0.5, 2.5, 4.5, 6.5: between voxels 2|3 and 4|5.
    assert found.any(axis=(0, 1)).sum() == 2


@settings(max_examples=40, deadline=None)
@given(
    native=st.floats(0.4, 3.0),
    new=st.floats(0.5, 3.0),
    offset=st.integers(0, 20),
    length=st.integers(2, 12),
)
def test_the_mask_covers_what_it_covered(
    native: float, new: float, offset: int, length: int
) -> None:
    """A resampled bar is as long as before, to within one new voxel."""
    mask = np.zeros((3, 3, 40), bool)
    mask[:, :, offset : offset + length] = True
    box = bounding_box(mask)
    assert box is not None
    image = np.zeros(mask.shape, np.float32)
    spacing = (native, 1.0, 1.0)
    _, found = resample(
        image, mask[box.slices], box, spacing, np.array([new, 1.0, 1.0]), "nearest"
    )
    assert abs(found.any(axis=(0, 1)).sum() * new - length * native) <= new + 1e-4


def test_strong_upsampling_does_not_cut_the_region() -> None:
    """PyRadiomics 3.0.1 loses 4 % of this bar's volume."""
    mask = np.zeros((9, 6, 6), bool)
    mask[3:6, 1:5, 1:5] = True
    box = bounding_box(mask)
    assert box is not None
    image = np.zeros(mask.shape, np.float32)
    _, found = resample(
        image, mask[box.slices], box, (1.0, 1.0, 16.0), np.array([1.0, 1.0, 1.0]), "linear"
    )
    assert found.sum() == 3 * 16 * 4 * 4
