"""Interpolation onto the IBSI grid: it shares its centre with that of the whole image.

New values are computed only where the region lies, from a crop of the image, but on the
grid of the whole: its alignment would otherwise follow the contour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.region import Box, Image, Mask

Floats = NDArray[np.float64]
Triple = tuple[float, float, float]

MASK_THRESHOLD = 0.5 - 1e-6
"""Share of a voxel that must lie inside; a little less than a half, which rounding may miss."""

SPLINE_MARGIN = 40
"""Voxels around the region that a cubic spline needs: its pole sqrt(3) - 2 to the power of
40 is 1e-23, less than 64 bits resolve."""

EDGE_VOXELS = 10
"""Copies of the outermost voxel that a spline sees beyond the image."""


@dataclass(frozen=True)
class Axis:
    """New voxel centres along one direction.

    size: voxels of the whole new grid. first, count: the part that is computed. start,
    step: native index of the whole grid's first centre, and native voxels per new voxel.
    """

    size: int
    first: int
    count: int
    start: float
    step: float

    def positions(self) -> Floats:
        """Native indices of the centres that are computed."""
        indices = self.first + np.arange(self.count, dtype=np.float64)
        places: Floats = self.start + indices * self.step
        return places


@dataclass(frozen=True)
class Gridded:
    """A region and what surrounds it, on the new grid.

    intensities: float64, (z, y, x). mask: bool, the same shape. spacing_mm: (z, y, x).
    whole: size of the new grid of the whole image. first: index in it of the first voxel.
    """

    intensities: Floats
    mask: Mask
    spacing_mm: Triple
    whole: tuple[int, int, int]
    first: tuple[int, int, int]


def axis_of(
    length: int, native_mm: float, new_mm: float, low: float, high: float, margin: int
) -> Axis:
    """The part of the new grid that covers native indices low to high, and a margin.

    The new grid has ceil(n s / s') voxels, so that it covers the image; its centre is that
    of the image. margin: new voxels on each side, as far as the grid goes.
    Source: IBSI manual, section 2.4 ("Align grid centers").
    """
    size = max(math.ceil(length * native_mm / new_mm - 1e-9), 1)
    step = new_mm / native_mm
    start = (length - 1) / 2 - (size - 1) / 2 * step
    first = max(math.ceil((low - start) / step - 1e-9) - margin, 0)
    last = min(math.floor((high - start) / step + 1e-9) + margin, size - 1)
    return Axis(size, first, max(last - first + 1, 0), start, step)


def put_on_grid(
    image: Image,
    mask: Mask,
    box: Box,
    spacing_mm: Triple,
    new_mm: Triple,
    interpolator: str,
    margin: tuple[int, int, int],
) -> Gridded:
    """Image and mask on the new grid, around the region.

    image: (z, y, x). mask: the voxels of `box`. spacing_mm, new_mm: (z, y, x). margin: new
    voxels (z, y, x) around the region. interpolator: linear, bspline or nearest; the mask is
    always interpolated linearly.
    """
    axes = tuple(
        axis_of(
            image.shape[a], spacing_mm[a], new_mm[a], box.low[a] - 1, box.high[a], margin[a]
        )
        for a in range(3)
    )
    intensities = _interpolated(image, axes, interpolator)
    framed = np.pad(mask, 1).astype(np.float64)
    inside = framed
    for a, axis in enumerate(axes):
        # Beyond the image, the outermost voxel repeats.
        places = np.clip(axis.positions(), 0, image.shape[a] - 1) - (box.low[a] - 1)
        inside = _linear(inside, np.clip(places, 0, framed.shape[a] - 1), a)
    first = tuple(axis.first for axis in axes)
    whole = tuple(axis.size for axis in axes)
    return Gridded(
        intensities,
        inside >= MASK_THRESHOLD,
        new_mm,
        (whole[0], whole[1], whole[2]),
        (first[0], first[1], first[2]),
    )


def _interpolated(image: Image, axes: tuple[Axis, ...], interpolator: str) -> Floats:
    """New values, separably, from the part of the image that they need."""
    reach = SPLINE_MARGIN if interpolator == "bspline" else 1
    parts, places = [], []
    for length, axis in zip(image.shape, axes, strict=True):
        position = axis.positions()
        low = max(math.floor(position[0]) - reach, 0) if axis.count else 0
        high = min(math.ceil(position[-1]) + reach + 1, length) if axis.count else 1
        low, high = min(low, length - 1), max(high, 1)
        parts.append(slice(low, high))
        places.append(position - low)
    crop = np.asarray(image[tuple(parts)], np.float64)
    if interpolator == "bspline":
        return _spline(crop, places)
    for a, position in enumerate(places):
        inside = np.clip(position, 0, crop.shape[a] - 1)
        if interpolator == "nearest":
            crop = np.take(crop, np.floor(inside + 0.5).astype(np.int64), axis=a)
        else:
            crop = _linear(crop, inside, a)
    return np.ascontiguousarray(crop)


def _linear(values: Floats, places: Floats, axis: int) -> Floats:
    """Linear interpolation along one axis at places inside of it."""
    last = values.shape[axis] - 1
    low = np.minimum(np.floor(places).astype(np.int64), last)
    lower: Floats = np.take(values, low, axis=axis)
    part = places - low
    if not part.any():  # this direction keeps its grid, and what lies beyond is not touched
        return lower
    shape = [1, 1, 1]
    shape[axis] = places.size
    part = part.reshape(shape)
    result: Floats = lower * (1 - part)
    result += np.take(values, np.minimum(low + 1, last), axis=axis) * part
    return result


def _spline(crop: Floats, places: list[Floats]) -> Floats:
    """Cubic B-spline through the voxels; beyond the image the outermost voxel repeats."""
    from scipy.ndimage import spline_filter1d

    values = np.pad(crop, EDGE_VOXELS, mode="edge")
    for a, position in enumerate(places):
        if np.array_equal(position, np.rint(position)):  # this direction keeps its grid
            values = np.take(values, position.astype(np.int64) + EDGE_VOXELS, axis=a)
            continue
        if values.shape[a] > 1:
            values = spline_filter1d(values, 3, axis=a, mode="mirror")
        at = np.clip(position + EDGE_VOXELS, 1, values.shape[a] - 3)
        base = np.floor(at).astype(np.int64)
        t = at - base
        weights = (
            (1 - t) ** 3 / 6,
            (3 * t**3 - 6 * t**2 + 4) / 6,
            (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
            t**3 / 6,
        )
        shape = [1, 1, 1]
        shape[a] = position.size
        parts = [
            np.take(values, base + k - 1, axis=a) * weight.reshape(shape)
            for k, weight in enumerate(weights)
        ]
        values = parts[0] + parts[1] + parts[2] + parts[3]
    return np.ascontiguousarray(values)


def keep_grid(
    image: Image, mask: Mask, box: Box, spacing_mm: Triple, margin: tuple[int, int, int]
) -> Gridded:
    """Image and mask on their own grid, around the region; arguments as in `put_on_grid`."""
    low = [max(a - m, 0) for a, m in zip(box.low, margin, strict=True)]
    high = [min(b + m, n) for b, m, n in zip(box.high, margin, image.shape, strict=True)]
    crop = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    inside = np.zeros([b - a for a, b in zip(low, high, strict=True)], bool)
    inner = tuple(slice(a - c, b - c) for a, b, c in zip(box.low, box.high, low, strict=True))
    inside[inner] = mask
    return Gridded(
        np.ascontiguousarray(image[crop], np.float64),
        inside,
        spacing_mm,
        (image.shape[0], image.shape[1], image.shape[2]),
        (low[0], low[1], low[2]),
    )
