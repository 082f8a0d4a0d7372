"""Three planes through a region, turned the way a radiologist looks at them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.imaging.grid import Grid

LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
"""Ends of the patient's axes x, y, z in LPS: low and high."""


@dataclass(frozen=True)
class Plane:
    """One plane: rows downwards and columns to the right as shown on screen.

    spacing_mm: between rows, between columns. top, left and so on: letters of the
    patient's sides. region: bool, same shape as `values`.
    """

    name: str
    values: NDArray[np.float32]
    region: NDArray[np.bool_]
    spacing_mm: tuple[float, float]
    left: str
    right: str
    top: str
    bottom: str


def three_planes(
    grid: Grid, voxels: NDArray[np.float32], mask: NDArray[np.uint8]
) -> list[Plane]:
    """Axial, coronal and sagittal plane through the largest area of a region.

    voxels, mask: (slice, row, column); only the slices that are shown are read whole.
    Axes are named by the patient's axis that they are nearest to; oblique series are not
    resampled. Left on the screen is the patient's right, or front in the sagittal plane.
    """
    order, flips = _patient_axes(grid)
    # Views with axes x (right to left), y (front to back), z (feet to head).
    steps = tuple(slice(None, None, -1) if flip else slice(None) for flip in flips)
    image = np.transpose(voxels.T, order)[steps]
    region = np.transpose(mask.T, order)[steps] != 0
    spacing = [float(grid.spacing[axis]) for axis in order]
    planes = []
    for name, axis, across, down in (
        ("axial", 2, 0, 1),
        ("coronal", 1, 0, 2),
        ("sagittal", 0, 1, 2),
    ):
        others = tuple(a for a in range(3) if a != axis)
        best = int(np.argmax(np.count_nonzero(region, axis=others)))
        values = np.take(image, best, axis=axis)
        inside = np.take(region, best, axis=axis)
        if across < down:  # rows must run down the screen
            values, inside = values.T, inside.T
        top, bottom = LETTERS[down]
        if down == 2:  # the head is on top
            values, inside = values[::-1], inside[::-1]
            top, bottom = bottom, top
        left, right = LETTERS[across]
        planes.append(
            Plane(
                name,
                np.ascontiguousarray(values),
                np.ascontiguousarray(inside),
                (spacing[down], spacing[across]),
                left,
                right,
                top,
                bottom,
            )
        )
    return planes


def _patient_axes(grid: Grid) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Index axis nearest to the patient's x, y, z, and whether it runs the other way."""
    direction = grid.lps[:3, :3] / grid.spacing
    order = max(
        itertools.permutations(range(3)),
        key=lambda p: sum(abs(float(direction[axis, p[axis]])) for axis in range(3)),
    )
    return order, tuple(bool(direction[axis, order[axis]] < 0) for axis in range(3))
