"""Where the voxels of a volume are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from equisite.imaging.stack import Stack

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Grid:
    """A regular grid: size and the affine from voxel index to mm.

    size: voxels along i (column), j (row), k (slice). lps: 4 x 4, (i, j, k, 1) of a voxel
    centre to mm in DICOM's patient frame (left, posterior, superior). leans: the slices of
    a stack with gantry tilt stand beside each other, not one above the other.
    """

    size: tuple[int, int, int]
    lps: NDArray[np.float64]
    leans: bool = False

    @staticmethod
    def of(stack: Stack) -> Grid:
        """Grid of a regular stack: k ascends along row x column, nothing is flipped.

        Source: PS3.3 C.7.6.2.1.1; PixelSpacing is (distance of rows, of columns).
        """
        first = stack.headers[0]
        between_rows, between_columns = first.spacing or (1.0, 1.0)
        count = len(stack.headers)
        if count > 1:
            step = (stack.origins[-1] - stack.origins[0]) / (count - 1)
        else:
            step = stack.normal * (first.thickness or 1.0)
        lps = np.eye(4)
        lps[:3, 0] = stack.row * between_columns
        lps[:3, 1] = stack.column * between_rows
        lps[:3, 2] = step
        lps[:3, 3] = stack.origins[0]
        return Grid((first.columns or 0, first.rows or 0, count), lps)

    @cached_property
    def ras(self) -> NDArray[np.float64]:
        """The affine to right, anterior, superior (NIfTI)."""
        return np.asarray(LPS_TO_RAS @ self.lps)

    @cached_property
    def spacing(self) -> NDArray[np.float64]:
        """Distance of neighbouring voxel centres along i, j and k, mm."""
        return np.asarray(np.linalg.norm(self.lps[:3, :3], axis=0))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a C-ordered array of this grid: (slice, row, column)."""
        return self.size[2], self.size[1], self.size[0]
