"""Size and form of a mask: surface, diameters, principal axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.kernels.mesh import (
    NOTHING,
    in_all_three,
    plane_hulls,
    survey,
    widest,
    widest_in_plane,
)
from equisite.radiomics.mesh_tables import area_and_volume

Floats = NDArray[np.float64]

FLAT = 1e-14
"""Variance along an axis, relative to the largest, that is none."""


@dataclass(frozen=True)
class Shape:
    """Measures of a mask, in mm, mm2 and mm3.

    spacing_mm: (z, y, x). diameter: largest distance of two points of the surface.
    plane_diameters: the same for two points of one plane of constant z, y and x.
    corners_mm: (n, 3), points (z, y, x) among which all corners of the convex hull are.
    centre: (3,), mean voxel index (z, y, x). scatter: (3, 3), sum of the products of the
    voxels' distances to it, in mm2.
    """

    voxels: int
    spacing_mm: tuple[float, float, float]
    area: float
    volume: float
    diameter: float
    plane_diameters: tuple[float, float, float]
    corners_mm: Floats
    centre: Floats
    scatter: Floats

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel."""
        return math.prod(self.spacing_mm)

    def axes(self, freedom: int) -> Floats:
        """Lengths of the principal axes, 4 sqrt(eigenvalue), rising.

        freedom: what the sum of products is divided by, n or n - 1.
        """
        values = np.linalg.eigvalsh(self.scatter / freedom)
        values[values < FLAT * values[-1]] = 0.0  # rounding, of a plane or a line of voxels
        lengths: Floats = 4 * np.sqrt(values)
        return lengths


def measure(frame: NDArray[np.uint8], spacing_mm: tuple[float, float, float]) -> Shape:
    """Measures of a mask.

    frame: (z, y, x), 0 and 1, with one voxel of background around. spacing_mm: (z, y, x).
    """
    spacing = np.array(spacing_mm, np.float64)
    depth, height, width = frame.shape
    cubes = np.zeros((4, 256), np.int64)
    by_row = _extents(2 * depth, 2 * height)
    by_column = _extents(2 * depth, 2 * width)
    sums = np.zeros(10, np.int64)
    survey(frame, cubes, by_row, by_column, sums)
    area, volume = area_and_volume(cubes, spacing)
    half = spacing / 2

    points, starts = _hulls(by_row)
    in_slice = widest_in_plane(points, starts, half[1], half[2])
    diameter = widest(points, starts, half)
    points_y, starts_y = _hulls(np.ascontiguousarray(by_row.transpose(0, 2, 1)))
    in_column = widest_in_plane(points_y, starts_y, half[0], half[2])
    points_x, starts_x = _hulls(np.ascontiguousarray(by_column.transpose(0, 2, 1)))
    in_row = widest_in_plane(points_x, starts_x, half[0], half[1])
    return Shape(
        voxels=int(sums[0]),
        spacing_mm=spacing_mm,
        area=area,
        volume=volume,
        diameter=math.sqrt(diameter),
        plane_diameters=(math.sqrt(in_slice), math.sqrt(in_column), math.sqrt(in_row)),
        corners_mm=_shared(points, points_y, points_x) * half,
        centre=sums[1:4] / sums[0] - 1,
        scatter=_scatter(sums) * np.outer(spacing, spacing),
    )


def _extents(planes: int, lines: int) -> NDArray[np.int32]:
    extents = np.empty((2, planes, lines), np.int32)
    extents[0] = NOTHING
    extents[1] = -1
    return extents


def _hulls(extents: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    _, planes, lines = extents.shape
    points = np.empty((2 * planes * lines, 3), np.int32)
    starts = np.empty(planes + 1, np.int64)
    number = plane_hulls(extents, points, starts)
    return points[:number], starts


def _scatter(sums: NDArray[np.int64]) -> Floats:
    """Sum of the products of the distances to the mean, exact until the last division."""
    n, z, y, x, zz, yy, xx, zy, zx, yx = (int(s) for s in sums)
    products = ((zz, zy, zx), (zy, yy, yx), (zx, yx, xx))
    first = (z, y, x)
    return np.array(
        [[(n * products[i][j] - first[i] * first[j]) / n for j in range(3)] for i in range(3)]
    )


def _shared(
    by_z: NDArray[np.int32], by_y: NDArray[np.int32], by_x: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Points (z, y, x) that are corners in their planes of all three orientations.

    by_z: (z, y, x). by_y: (y, z, x). by_x: (x, z, y).
    """
    base = 1 << 20
    keys = []
    for points, (z, y, x) in ((by_z, (0, 1, 2)), (by_y, (1, 0, 2)), (by_x, (1, 2, 0))):
        wide = points.astype(np.int64)
        keys.append(np.sort((wide[:, z] * base + wide[:, y]) * base + wide[:, x]))
    out = np.empty(keys[0].size, np.int64)
    found = out[: in_all_three(keys[0], keys[1], keys[2], out)]
    return np.stack([found // base // base, found // base % base, found % base], axis=1)
