"""Another voxel size on the grid of PyRadiomics, from a crop instead of the whole volume.

The grid is that of PyRadiomics 3.0.1 (`imageoperations.resampleImage`): its first voxel
shares its outer corner with the first voxel of the whole volume, and a direction in which
the region is one voxel thick keeps its size. Interpolated values come from SimpleITK.
Nearest voxels are looked up here: a new centre exactly between two voxels takes the later
one, whatever the rounding (SimpleITK's answer there changes with the origin).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.region import Box, Image, Mask

MARGIN_VOXELS = {"nearest": 1, "linear": 2, "bspline": 40}
"""Voxels around the region that the interpolation needs.

The recursive filter of the cubic spline has the pole sqrt(3) - 2, so a voxel 40 away
weighs 1e-23: less than what 64 bits resolve.
"""

TIE_TOLERANCE = 1e-6
"""A new centre this close to the border of two voxels counts as lying on it."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def target_spacing(
    spacing_mm: tuple[float, float, float],
    wanted_mm: tuple[float, float, float] | None,
    box: Box,
) -> Floats | None:
    """The new voxel size (x, y, z), or None where the native grid stays.

    A wanted size of 0, and a direction in which the region is one voxel thick, keep the
    native size.
    """
    if wanted_mm is None:
        return None
    native = np.array(spacing_mm)
    wanted = np.array(wanted_mm)
    size = np.array(box.size[::-1])
    new = np.where((wanted == 0) | (size == 1), native, wanted)
    return None if np.allclose(native, new) else new


@dataclass(frozen=True)
class _Grid:
    """The new voxel centres that can lie in the region's box.

    native_mm, new_mm: voxel sizes (x, y, z). start: native index of the first new centre.
    count: number of new voxels.
    """

    native_mm: Floats
    new_mm: Floats
    start: Floats
    count: Integers

    def positions(self, axis: int) -> Floats:
        """Native indices of the new centres along x, y or z (0, 1, 2)."""
        step = self.new_mm[axis] / self.native_mm[axis]
        positions: Floats = self.start[axis] + np.arange(self.count[axis]) * step
        return positions


def _grid(box: Box, shape: tuple[int, ...], native: Floats, new: Floats) -> _Grid:
    """New centre j lies at native index (j + 1/2) new / native - 1/2.

    So the box [low, low + size) holds at most the j from low r - 1/2 to (low + size) r - 1/2,
    r = native / new; beyond ceil(shape r) - 1 there is no new voxel.
    """
    low, size = np.array(box.low[::-1]), np.array(box.size[::-1])
    ratio = native / new
    first = np.maximum(np.floor(low * ratio - 0.5), 0)
    end = np.ceil(np.array(shape[::-1]) * ratio) - 1
    last = np.minimum(np.ceil((low + size) * ratio - 0.5), end)
    start = 0.5 * (new - native) / native + first / ratio
    return _Grid(native, new, start, (last - first + 1).astype(np.int64))


def resample(
    image: Image,
    mask: Mask,
    box: Box,
    spacing_mm: tuple[float, float, float],
    new_mm: Floats,
    interpolator: str,
) -> tuple[NDArray[np.float32], Mask]:
    """Image and mask on the new grid, over the region's box.

    image: (z, y, x), any real type. mask: the voxels of `box`. Returns float32 and bool
    arrays of one shape. Source: PyRadiomics 3.0.1, imageoperations.resampleImage.
    """
    grid = _grid(box, image.shape, np.array(spacing_mm), new_mm)
    shape = np.array(image.shape[::-1])
    margin = MARGIN_VOXELS[interpolator]
    ends = np.array([(p[0], p[-1]) for p in map(grid.positions, range(3))])
    low = np.clip(np.floor(ends[:, 0]).astype(np.int64) - margin, 0, shape - 1)
    high = np.clip(np.ceil(ends[:, 1]).astype(np.int64) + margin + 1, 1, shape)
    crop = Box(_zyx(low), _zyx(high))
    voxels = np.ascontiguousarray(image[crop.slices], dtype=np.float32)
    if interpolator == "nearest":
        nearest = [
            np.clip(_nearest(grid.positions(axis)) - low[axis], 0, high[axis] - low[axis] - 1)
            for axis in (2, 1, 0)
        ]
        values = voxels[np.ix_(*nearest)]
    else:
        values = _interpolated(voxels, low, grid, interpolator)

    # One plane of background on each side stands for everything outside the box.
    framed = np.pad(mask, 1)
    inside = [
        np.clip(_nearest(grid.positions(2 - axis)) - box.low[axis] + 1, 0, box.size[axis] + 1)
        for axis in range(3)
    ]
    return values, framed[np.ix_(*inside)]


def _interpolated(
    voxels: NDArray[np.float32], low: Integers, grid: _Grid, interpolator: str
) -> NDArray[np.float32]:
    """Values of SimpleITK at the new centres; voxels begin at native index `low`."""
    import SimpleITK as sitk  # noqa: N813 (its customary name)

    source = sitk.GetImageFromArray(voxels)
    source.SetSpacing(grid.native_mm.tolist())
    source.SetOrigin((low * grid.native_mm).tolist())
    resampler = sitk.ResampleImageFilter()
    resampler.SetOutputSpacing(grid.new_mm.tolist())
    resampler.SetSize(grid.count.tolist())
    resampler.SetOutputOrigin((grid.start * grid.native_mm).tolist())
    resampler.SetOutputPixelType(sitk.sitkFloat32)
    methods = {"linear": sitk.sitkLinear, "bspline": sitk.sitkBSpline}
    resampler.SetInterpolator(methods[interpolator])
    values: NDArray[np.float32] = sitk.GetArrayFromImage(resampler.Execute(source))
    return values


def _nearest(positions: Floats) -> Integers:
    """Index of the voxel that holds each position; on a border, the later one."""
    return np.floor(positions + 0.5 + TIE_TOLERANCE).astype(np.int64)


def _zyx(values: Integers) -> tuple[int, int, int]:
    x, y, z = (int(v) for v in values)
    return z, y, x
