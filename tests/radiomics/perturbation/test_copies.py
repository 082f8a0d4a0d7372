"""Noise, volume, contour, resampling, and copies of a case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equisite.core.errors import InputError
from equisite.protocol.robustness import Robustness
from equisite.radiomics.perturbation.chain import Perturbation, generator
from equisite.radiomics.perturbation.contour import redrawn, supervoxels
from equisite.radiomics.perturbation.copies import perturbed_copies
from equisite.radiomics.perturbation.noise import noise_level, with_noise
from equisite.radiomics.perturbation.turned import resampled, resampled_mask, turned_grid
from equisite.radiomics.perturbation.volume import resized, signed_distance
from equisite.radiomics.region import Box, bounding_box

SPACING = (3.0, 1.0, 1.0)
UNMOVED = Perturbation(0, (0.0, 0.0, 0.0), 0.0, 0.0, False, False)


def ball(
    shape: tuple[int, int, int] = (20, 48, 50),
    spacing: tuple[float, float, float] = SPACING,
    radius_mm: float = 12.0,
) -> np.ndarray:
    axes = np.ogrid[: shape[0], : shape[1], : shape[2]]
    squares = sum(((a - n / 2) * s) ** 2 for a, n, s in zip(axes, shape, spacing, strict=True))
    return np.asarray(squares <= radius_mm**2)


def waves(shape: tuple[int, int, int] = (20, 48, 50)) -> np.ndarray:
    z, y, x = np.mgrid[: shape[0], : shape[1], : shape[2]]
    return 100 * np.sin(x / 6) * np.cos(y / 7) + 5 * z


def test_noise_is_estimated_where_there_is_structure() -> None:
    image = with_noise(waves(), 8.0, np.random.default_rng(0))
    assert noise_level(image) == pytest.approx(8, rel=0.05)
    assert noise_level(waves()) < 0.5


@settings(deadline=None, max_examples=25)
@given(st.floats(-0.2, 0.2), st.floats(6, 12))
def test_the_volume_changes_by_what_was_asked(change: float, radius: float) -> None:
    mask = ball(radius_mm=radius)
    changed = resized(mask, signed_distance(mask, SPACING), change)
    count = np.count_nonzero(mask)
    assert np.count_nonzero(changed) == max(round(count * (1 + change)), np.ceil(0.8 * count))
    assert (changed <= mask).all() if change < 0 else (changed >= mask).all()


def test_growth_keeps_the_shape() -> None:
    mask = ball()
    grown = resized(mask, signed_distance(mask, SPACING), 0.2)
    z, y, x = np.nonzero(grown)
    assert abs(y.mean() - 24) < 0.1
    assert abs(x.mean() - 25) < 0.1
    radius = np.sqrt(((z - 10) * 3) ** 2 + (y - 24) ** 2 + (x - 25) ** 2)
    assert radius.max() < 12 * 1.2 ** (1 / 3) + 1.5


def test_a_region_is_never_shrunk_below_four_fifths() -> None:
    mask = ball()
    shrunk = resized(mask, signed_distance(mask, SPACING), -0.9)
    assert np.count_nonzero(shrunk) == np.ceil(0.8 * np.count_nonzero(mask))


def test_supervoxels_follow_an_edge() -> None:
    image = np.zeros((8, 40, 40))
    image[:, :, 17:] = 100.0
    labels = supervoxels(image, SPACING)
    assert labels.max() + 1 == np.unique(labels).size
    assert 20 < labels.max() < 400
    left, right = np.unique(labels[:, :, :17]), np.unique(labels[:, :, 17:])
    assert np.intersect1d(left, right).size == 0


def test_supervoxels_of_a_constant_are_cells() -> None:
    labels = supervoxels(np.full((6, 30, 30), 5.0), (2.0, 2.0, 2.0))
    sizes = np.bincount(labels.ravel())
    assert sizes.min() > 5
    assert sizes.max() < 80


def test_overlaps_decide_and_draws_decide_the_rest() -> None:
    labels = np.repeat(np.arange(3), 100).reshape(3, 10, 10)
    mask = np.zeros(300, dtype=bool)
    mask[:95] = True  # supervoxel 0: 0.95
    mask[100:150] = True  # supervoxel 1: 0.5
    mask[200:215] = True  # supervoxel 2: 0.15
    mask = mask.reshape(labels.shape)
    kept = np.zeros(3)
    for copy in range(400):
        region = redrawn(mask, labels, generator("t", copy, "contour"))
        kept += [region[label].all() for label in range(3)]
        assert all(region[label].all() or not region[label].any() for label in range(3))
    assert kept[0] == 400
    assert 160 < kept[1] < 240
    assert kept[2] == 0


def test_a_draw_that_keeps_nothing_keeps_the_best() -> None:
    labels = np.repeat(np.arange(2), 100).reshape(2, 10, 10)
    mask = np.zeros((2, 10, 10), dtype=bool)
    mask[1, :1] = True
    region = redrawn(mask, labels, generator("t", 0, "contour"))
    assert region[1].all()
    assert not region[0].any()


def test_the_grid_without_movement_is_that_of_ibsi() -> None:
    shape, box = (20, 48, 50), bounding_box(ball())
    assert box is not None
    grid = turned_grid(box, shape, SPACING, (2.0, 2.0, 2.0), UNMOVED, 4.0)
    for axis, (n, s) in enumerate(zip(shape, SPACING, strict=True)):
        count = int(np.ceil(n * s / 2 - 1e-9))
        ibsi = ((n - 1) / 2 * s - (count - 1) / 2 * 2 + np.arange(count) * 2) / s
        ours = grid.offset[axis] + grid.matrix[axis, axis] * np.arange(grid.size[axis])
        assert np.isclose(ibsi[:, None], ours[None, :]).any(axis=0).all()


def test_native_voxels_that_do_not_move_stay_as_they_are() -> None:
    mask, image = ball(), waves()
    box = bounding_box(mask)
    assert box is not None
    grid = turned_grid(box, image.shape, SPACING, SPACING, UNMOVED, 0.0)
    whole = Box((0, 0, 0), (20, 48, 50))
    assert grid.size == box.size
    assert np.allclose(resampled(image, grid, whole, 3), image[box.slices])
    assert np.array_equal(resampled_mask(mask, grid, whole), mask[box.slices])


@pytest.mark.parametrize("angle", [-6.0, 6.0, 45.0])
def test_image_and_mask_turn_together(angle: float) -> None:
    # A ball about which a plane wave runs: turned, the wave runs along another direction.
    shape, spacing = (24, 60, 60), (1.5, 1.0, 1.0)
    mask = ball(shape, spacing, 14.0)
    box = bounding_box(mask)
    assert box is not None
    x = np.mgrid[: shape[0], : shape[1], : shape[2]][2].astype(float)
    turned = Perturbation(0, (0.0, 0.5, 0.25), angle, 0.0, False, False)
    grid = turned_grid(box, shape, spacing, spacing, turned, 3.0)
    whole = Box((0, 0, 0), shape)
    values = resampled(x, grid, whole, 1)
    slope_y = np.median(np.diff(values, axis=1))
    slope_x = np.median(np.diff(values, axis=2))
    assert slope_x == pytest.approx(np.cos(np.radians(angle)))
    assert slope_y == pytest.approx(-np.sin(np.radians(angle)))
    count = np.count_nonzero(resampled_mask(mask, grid, whole))
    assert count == pytest.approx(np.count_nonzero(mask), rel=0.02)


def test_a_grid_reads_only_its_part_of_the_image() -> None:
    mask, image = ball(radius_mm=8), waves()
    box = bounding_box(mask)
    assert box is not None
    turned = Perturbation(0, (0.5, 0.5, 0.0), 6.0, 0.0, False, False)
    grid = turned_grid(box, image.shape, SPACING, (2.0, 2.0, 2.0), turned, 2.0)
    reach = grid.reach(image.shape)
    crop = resampled(np.ascontiguousarray(image[reach.slices]), grid, reach, 3)
    whole = resampled(image, grid, Box((0, 0, 0), (20, 48, 50)), 3)
    assert np.abs(crop - whole).max() < 1e-3


def test_copies_do_not_depend_on_each_other_or_on_the_token_of_others() -> None:
    image, mask = waves(), ball()
    few = Robustness(translations=(0.0,), copies=3)
    all_nine = Robustness(translations=(0.0,))
    new = (2.0, 2.0, 2.0)
    some = {
        c.perturbation.copy: c
        for c in perturbed_copies(image, mask, SPACING, new, "linear", few, "t1")
    }
    every = {
        c.perturbation.copy: c
        for c in perturbed_copies(image, mask, SPACING, new, "linear", all_nine, "t1")
    }
    assert set(some) < set(every)
    for number, copy in some.items():
        assert np.array_equal(copy.mask, every[number].mask)
        assert np.array_equal(copy.image, every[number].image)
    other = next(perturbed_copies(image, mask, SPACING, new, "linear", few, "t2"))
    assert not np.array_equal(other.image, some[0].image)


def test_a_case_without_region_or_with_gaps_is_refused() -> None:
    image, mask = waves(), ball()
    chain = Robustness(copies=2)
    with pytest.raises(InputError, match="ROI_EMPTY"):
        next(perturbed_copies(image, ~mask & mask, SPACING, SPACING, "linear", chain, "t"))
    image[10, 24, 40] = np.nan
    with pytest.raises(InputError, match="MARGIN_NAN"):
        next(perturbed_copies(image, mask, SPACING, SPACING, "linear", chain, "t"))
