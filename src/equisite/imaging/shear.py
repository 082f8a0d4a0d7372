"""A stack whose slices lean (gantry tilt), put upright on an orthogonal grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from equisite.imaging.grid import Grid

WHOLE_PIXEL = 1e-3
"""Nearer to a whole pixel a slice is moved without interpolation: positions are rounded."""


@dataclass(frozen=True)
class Shear:
    """Where each slice of a leaning stack lies on the upright grid.

    leaning: the grid as it was acquired, its step not along the normal. upright: the
    orthogonal grid, large enough for all slices. offset: (slice, 2), column and row of
    the upright grid at which a slice's first pixel lies, pixels.
    """

    leaning: Grid
    upright: Grid
    offset: NDArray[np.float64]

    @staticmethod
    def of(leaning: Grid) -> Shear:
        """The upright grid of a leaning one: same axes, spacing and distance of slices."""
        columns, rows, slices = leaning.size
        axes = leaning.lps[:3, :2] / leaning.spacing[:2]
        normal = np.cross(axes[:, 0], axes[:, 1])
        step = leaning.lps[:3, 2]
        moved = np.arange(slices)[:, None] * (step @ axes / leaning.spacing[:2])
        near = np.round(moved)
        moved = np.where(np.abs(moved - near) < WHOLE_PIXEL, near, moved)
        low = np.floor(moved.min(axis=0))
        more = np.ceil(moved.max(axis=0) - low).astype(np.int64)
        lps = leaning.lps.copy()
        lps[:3, 2] = normal * float(step @ normal)
        lps[:3, 3] += leaning.lps[:3, :2] @ low
        size = (columns + int(more[0]), rows + int(more[1]), slices)
        return Shear(replace(leaning, leans=True), Grid(size, lps), moved - low)

    def image(self, values: NDArray[np.float64], slice_: int) -> NDArray[np.float64]:
        """One slice (row, column) on the upright grid, interpolated linearly in its plane.

        Where the slice does not reach stands its smallest value.
        """
        columns, rows, _ = self.upright.size
        column, row = (float(o) for o in self.offset[slice_])
        return _shifted(
            _shifted(values, row, rows, float(values.min())).T,
            column,
            columns,
            float(values.min()),
        ).T

    def mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A mask (slice, row, column) of the leaning grid, each slice to the nearest pixel."""
        _, rows, columns = mask.shape
        upright = np.zeros(self.upright.shape, dtype=bool)
        for k, (column, row) in enumerate(np.floor(self.offset + 0.5).astype(np.int64)):
            upright[k, row : row + rows, column : column + columns] = mask[k]
        return upright


def _shifted(
    values: NDArray[np.float64], by: float, size: int, outside: float
) -> NDArray[np.float64]:
    """Rows moved down by a number of rows that need not be whole; `size` rows in all."""
    whole = int(np.floor(by))
    part = by - whole
    moved = np.full((size, values.shape[1]), outside)
    if part == 0:
        moved[whole : whole + len(values)] = values
    else:
        between = (1 - part) * values[1:] + part * values[:-1]
        moved[whole + 1 : whole + len(values)] = between
    return moved
