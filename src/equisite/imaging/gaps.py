"""Slices inside a region that nobody drew, made from their neighbours where that is wished."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

HOW = {
    "off": "nothing is filled in",
    "nearest": "each was drawn like the nearest drawn slice",
    "shape": "they were interpolated by shape",
}
"""What was done, as the sentence of ROI_SLICE_GAP ends."""
Slice = NDArray[np.bool_]


def gaps(drawn: Collection[int]) -> list[int]:
    """Slices without a contour between slices with one.

    >>> gaps([2, 5, 3])
    [4]
    """
    return [k for k in range(min(drawn), max(drawn)) if k not in drawn] if drawn else []


def fill_gaps(
    mask: NDArray[np.bool_],
    spacing: tuple[float, float],
    how: Literal["nearest", "shape"],
) -> None:
    """Fill empty slices between slices with voxels, in place.

    mask: (slice, row, column). spacing: mm between rows, between columns. `nearest` takes
    the nearer neighbour, of two equally near the lower. `shape` interpolates the signed
    distance to the outline linearly; a voxel whose distance is above zero is inside.
    Source of `shape`: Raya and Udupa, IEEE Trans Med Imaging 9:32, 1990.
    """
    held = np.flatnonzero(mask.any(axis=(1, 2))).tolist()
    for low, high in pairwise(held):
        if high - low < 2:
            continue
        if how == "nearest":
            for k in range(low + 1, high):
                mask[k] = mask[low if k - low <= high - k else high]
            continue
        box = _box(mask[low] | mask[high])
        below, above = (_signed_distance(mask[k][box], spacing) for k in (low, high))
        for k in range(low + 1, high):
            share = (k - low) / (high - low)
            mask[k][box] = (1 - share) * below + share * above > 0


def _box(region: Slice) -> tuple[slice, slice]:
    """Rows and columns of a region, with one pixel more on each side where there is one."""
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(0, int(rows[0]) - 1), int(rows[-1]) + 2),
        slice(max(0, int(columns[0]) - 1), int(columns[-1]) + 2),
    )


def _signed_distance(region: Slice, spacing: tuple[float, float]) -> NDArray[np.float64]:
    """Distance to the nearest pixel of the other kind, mm: positive inside.

    What lies beyond the image counts as outside.
    """
    from scipy.ndimage import distance_transform_edt

    padded = np.pad(region, 1)
    inside = distance_transform_edt(padded, sampling=spacing)
    outside = distance_transform_edt(~padded, sampling=spacing)
    return np.asarray(inside - outside, dtype=np.float64)[1:-1, 1:-1]
