"""Rotation, translation and interpolation as one resampling."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.perturbation.chain import Perturbation
from equisite.radiomics.region import Box, Mask

Floats = NDArray[np.float64]
Triple = tuple[float, float, float]
Order = Literal[0, 1, 3]
Beyond = Literal["nearest", "grid-constant"]

SPLINE_MARGIN = 10
"""Voxels of image beyond the grid, for the prefilter of the cubic spline (radiomics, 8.4)."""

HALF = 0.5 - 1e-6
"""A voxel belongs if the interpolated mask reaches this (0.5, and 0.49999 by rounding)."""


@dataclass(frozen=True)
class TurnedGrid:
    """New voxels as native indices: matrix @ new index + offset.

    matrix: (3, 3), offset: (3,), both (z, y, x). size: number of new voxels.
    """

    matrix: Floats
    offset: Floats
    size: tuple[int, int, int]

    def reach(self, shape: tuple[int, ...]) -> Box:
        """The part of a native volume that the new voxels and their splines stand on."""
        ends = itertools.product(*((0, n - 1) for n in self.size))
        corners = np.array([self.matrix @ np.array(end) + self.offset for end in ends])
        low = np.floor(corners.min(axis=0)).astype(int) - SPLINE_MARGIN
        high = np.ceil(corners.max(axis=0)).astype(int) + SPLINE_MARGIN + 1
        last = np.array(shape)
        return Box(_triple(np.clip(low, 0, last - 1)), _triple(np.clip(high, 1, last)))


def turned_grid(
    box: Box,
    shape: tuple[int, ...],
    spacing_mm: Triple,
    new_mm: Triple,
    perturbation: Perturbation,
    margin_mm: float,
) -> TurnedGrid:
    """New voxels that cover a region and a margin around it.

    box, shape: of the region and of the whole volume, native voxels (z, y, x). Without
    shift and angle the new voxels are those of the IBSI grid: it shares its centre with the
    whole volume and has ceil(n s / s') voxels. The rotation is about the box's centre.
    """
    native, new = np.array(spacing_mm), np.array(new_mm)
    counts = np.ceil(np.array(shape) * native / new - 1e-9)
    first = (np.array(shape) - 1) / 2 * native - (counts - 1) / 2 * new
    first = first + np.array(perturbation.shift) * new
    low, high = np.array(box.low) * native, (np.array(box.high) - 1) * native
    centre = (low + high) / 2
    turn = _rotation(perturbation.angle_deg)
    corners = itertools.product(*zip(low - margin_mm, high + margin_mm, strict=True))
    turned = np.array([centre + turn.T @ (np.array(corner) - centre) for corner in corners])
    start = np.floor((turned.min(axis=0) - first) / new + 1e-9)
    stop = np.ceil((turned.max(axis=0) - first) / new - 1e-9)
    matrix = (turn * new) / native[:, None]
    offset = (centre + turn @ (first + start * new - centre)) / native
    return TurnedGrid(matrix, offset, _triple((stop - start + 1).astype(int)))


def resampled(
    image: Floats, grid: TurnedGrid, origin: Box, order: Order, beyond: Beyond = "nearest"
) -> Floats:
    """The image at the new voxels.

    image: the voxels of `origin`. order: 0 nearest, 1 linear, 3 cubic B-spline. beyond: the
    border's value goes on (`nearest`), or all is zero (`grid-constant`).
    """
    from scipy import ndimage

    values: Floats = ndimage.affine_transform(
        image,
        grid.matrix,
        offset=grid.offset - np.array(origin.low),
        output_shape=grid.size,
        order=order,
        mode=beyond,
    )
    return values


def resampled_mask(mask: Mask, grid: TurnedGrid, origin: Box) -> Mask:
    """The mask at the new voxels: half of it, interpolated linearly, is enough."""
    inside = resampled(mask.astype(np.float64), grid, origin, 1, beyond="grid-constant")
    region: Mask = inside >= HALF
    return region


def _rotation(angle_deg: float) -> Floats:
    cosine, sine = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return np.array([[1, 0, 0], [0, cosine, sine], [0, -sine, cosine]])


def _triple(values: NDArray[np.int64]) -> tuple[int, int, int]:
    z, y, x = (int(v) for v in values)
    return z, y, x
