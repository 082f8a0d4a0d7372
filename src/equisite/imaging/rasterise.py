"""Rings of contour points to voxels: half-open, even-odd, centres at whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.imaging.grid import Grid

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Ring:
    """One closed contour in voxel coordinates of a grid.

    x, y: column and row of each point, voxel centres at whole numbers. k: mean slice
    coordinate; spread: largest minus smallest.
    """

    x: Points
    y: Points
    k: float
    spread: float

    @property
    def slice(self) -> int:
        """Number of the nearest slice, from 0; may lie outside the grid."""
        return round(self.k)


def ring_on(points: Points, grid: Grid) -> Ring:
    """A contour (point, 3) in mm, LPS, in the voxel coordinates of a grid.

    k = n.(P - O) / dz with n = r x c and dz = n.step, x = r.(P - O) / dx,
    y = c.(P - O) / dy. Products are written out, so that no library may reorder them. On a
    grid that leans, x and y count from the first pixel of the slice at k.
    """
    dx, dy, _ = (float(s) for s in grid.spacing)
    row, column = grid.lps[:3, 0] / dx, grid.lps[:3, 1] / dy
    normal = np.cross(row, column)
    normal = normal / np.sqrt(_dot(normal, normal))
    rel = points - grid.lps[:3, 3]
    k = _dot(rel, normal) / _dot(grid.lps[:3, 2], normal)
    if grid.leans:
        rel = rel - k[:, None] * grid.lps[:3, 2]
    return Ring(
        _dot(rel, row) / dx,
        _dot(rel, column) / dy,
        float(np.sum(k) / len(k)),
        float(k.max() - k.min()),
    )


def _dot(a: Points, b: Points) -> Points:
    return np.asarray(a[..., 0] * b[0] + a[..., 1] * b[1] + a[..., 2] * b[2])


def fill(
    rings: Sequence[Ring],
    planes: Sequence[int],
    shape: tuple[int, int, int],
    into: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Voxels inside the rings: bool, `shape` = (plane, row, column).

    planes: index of the plane of each ring. Row j is crossed by the edges with
    (y0 <= j < y1) or (y1 <= j < y0); voxel i is inside when the number of crossings
    x_c > i is odd; rings of one plane combine by exclusive or. What lies outside of the
    shape is clipped. into: a mask of this shape that the voxels are added to; memory is
    touched where the rings are only.
    """
    mask = np.zeros(shape, dtype=bool) if into is None else into
    if not rings:
        return mask
    plane, row, column = _crossings(rings, planes, shape)
    if not len(row):
        return mask
    # Work in the box of the crossings only: a region is small in its image.
    low = [int(v.min()) for v in (plane, row, column)]
    high = [int(v.max()) + 1 for v in (plane, row, column)]
    parity = np.zeros([h - w for h, w in zip(high, low, strict=True)], dtype=np.uint8)
    np.add.at(parity, (plane - low[0], row - low[1], column - low[2]), np.uint8(1))
    parity &= 1  # of a count modulo 256, which keeps the parity
    np.bitwise_xor.accumulate(parity, axis=2, out=parity)
    end = min(high[2], shape[2])
    mask[low[0] : high[0], low[1] : high[1], low[2] : end] |= parity[:, :, : end - low[2]] == 1
    return mask


def _crossings(
    rings: Sequence[Ring], planes: Sequence[int], shape: tuple[int, int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Plane, row and first column right of each crossing of an edge with a row.

    An edge is taken from its lower to its upper end, so that the direction in which the
    contour was drawn cannot change a bit of the crossing.
    """
    _, rows, columns = shape
    x0 = np.concatenate([r.x for r in rings])
    y0 = np.concatenate([r.y for r in rings])
    x1 = np.concatenate([np.roll(r.x, -1) for r in rings])
    y1 = np.concatenate([np.roll(r.y, -1) for r in rings])
    plane = np.repeat(np.asarray(planes, dtype=np.int64), [len(r.x) for r in rings])
    swap = y1 < y0
    xa, ya = np.where(swap, x1, x0), np.where(swap, y1, y0)
    xb, yb = np.where(swap, x0, x1), np.where(swap, y0, y1)
    first = np.ceil(np.clip(ya, 0, rows)).astype(np.int64)
    last = np.ceil(np.clip(yb, 0, rows)).astype(np.int64)
    count = last - first
    edge = np.repeat(np.arange(len(xa)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    xa, ya, xb, yb = xa[edge], ya[edge], xb[edge], yb[edge]
    x = xa + (row - ya) * (xb - xa) / (yb - ya)
    column = np.ceil(np.clip(x, 0, columns)).astype(np.int64)
    return plane[edge], row, column
