"""Slices that nobody drew, filled from their neighbours only when the protocol says so."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from dicom_making import square
from hypothesis import given, settings
from hypothesis import strategies as st
from imaging_cases import IMAGING, make_case, only, run
from numpy.typing import NDArray

from equisite.imaging.gaps import fill_gaps
from equisite.imaging.nifti import read_volume

SIZE = 24


def disc(radius: float, x: float = 12, y: float = 12) -> NDArray[np.bool_]:
    row, column = np.mgrid[0:SIZE, 0:SIZE]
    return np.asarray((row - y) ** 2 + (column - x) ** 2 <= radius**2)


def stack(slices: int, **drawn: NDArray[np.bool_]) -> NDArray[np.bool_]:
    mask = np.zeros((slices, SIZE, SIZE), dtype=bool)
    for name, region in drawn.items():
        mask[int(name[1:])] = region
    return mask


def test_nearest_copies_the_nearer_and_of_two_the_lower() -> None:
    mask = stack(8, k1=disc(3), k5=disc(6))
    fill_gaps(mask, (1, 1), "nearest")
    assert [int(s.sum()) for s in mask] == [0, 29, 29, 29, 113, 113, 0, 0]


def test_shape_grows_in_steps() -> None:
    mask = stack(9, k0=disc(3), k8=disc(9))
    fill_gaps(mask, (1, 1), "shape")
    areas = [int(s.sum()) for s in mask]
    assert areas == sorted(areas) and areas[-1] > areas[4] > areas[0]
    assert areas[4] == pytest.approx(np.pi * 6**2, rel=0.1)  # half way between 3 and 9


def test_shape_moves_with_the_region() -> None:
    mask = stack(5, k0=disc(5, x=8), k4=disc(5, x=14))
    fill_gaps(mask, (1, 1), "shape")
    centres = [float(np.argwhere(s)[:, 1].mean()) for s in mask]
    assert centres == pytest.approx([8, 9.5, 11, 12.5, 14], abs=0.6)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9999),
    lost=st.integers(1, 4),
    how=st.sampled_from(["nearest", "shape"]),
)
def test_between_equal_slices_is_the_same_slice(
    seed: int, lost: int, how: Literal["nearest", "shape"]
) -> None:
    region = np.random.default_rng(seed).random((SIZE, SIZE)) < 0.4
    mask = np.zeros((lost + 4, SIZE, SIZE), dtype=bool)
    mask[1] = mask[lost + 2] = region
    fill_gaps(mask, (0.7, 1.3), how)
    assert (mask[1 : lost + 3] == region).all()
    assert not mask[[0, -1]].any()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 9999))
def test_shape_keeps_what_both_neighbours_hold(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (rng.random((SIZE, SIZE)) < 0.5 for _ in range(2))
    mask = np.stack([one, np.zeros_like(one), other])
    upside = mask[::-1].copy()
    fill_gaps(mask, (1, 1), "shape")
    assert mask[1][one & other].all()
    assert not mask[1][~one & ~other].any()
    fill_gaps(upside, (1, 1), "shape")
    assert np.array_equal(upside[1], mask[1])


@pytest.mark.parametrize(
    ("how", "said", "voxels"),
    [("off", "nothing is filled in", 32), ("nearest", "nearest drawn slice", 64),
     ("shape", "interpolated by shape", 64)],
)  # fmt: skip
def test_the_protocol_says_what_becomes_of_gaps(
    tmp_path: Path, how: str, said: str, voxels: int
) -> None:
    make_case(tmp_path, {"GTV": [square(k) for k in (2, 5)]})
    result = run(tmp_path, imaging=IMAGING.model_copy(update={"fill": how}))
    (pair,) = result.regions
    assert said in only(result, "ROI_SLICE_GAP").sentence
    assert (pair.voxels, int(read_volume(tmp_path / pair.mask)[1].sum())) == (voxels, voxels)
    assert "ROI_SLICE_GAP" in pair.flags
