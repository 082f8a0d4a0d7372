"""Slices in the order of their positions along the slice normal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from equisite.imaging.fields import ImageHeader

SAME_POSITION_MM = 1e-3
"""Positions closer than this along the normal are one position."""


@dataclass(frozen=True)
class Stack:
    """Frames of one orientation, sorted along n = row x column direction.

    headers: sorted by position, then by SOPInstanceUID and frame. Slices are named by
    their number in this order, from 1.
    """

    headers: tuple[ImageHeader, ...]

    @staticmethod
    def of(headers: Sequence[ImageHeader]) -> Stack:
        """Sort headers whose position and orientation are present and common."""
        normal = _normal(headers[0])
        ordered = sorted(
            headers,
            key=lambda h: (
                float(np.dot(normal, h.position or ())),
                h.sop_instance,
                h.frame or 0,
            ),
        )
        return Stack(tuple(ordered))

    @cached_property
    def row(self) -> NDArray[np.float64]:
        """Direction in which the column index grows, LPS."""
        return np.array(self.headers[0].orientation, dtype=np.float64)[:3]

    @cached_property
    def column(self) -> NDArray[np.float64]:
        """Direction in which the row index grows, LPS."""
        return np.array(self.headers[0].orientation, dtype=np.float64)[3:]

    @cached_property
    def normal(self) -> NDArray[np.float64]:
        """Unit normal of the slices, row x column."""
        return _normal(self.headers[0])

    @cached_property
    def origins(self) -> NDArray[np.float64]:
        """(frame, 3) centres of the first pixel, mm, LPS."""
        return np.array([h.position for h in self.headers], dtype=np.float64)

    @cached_property
    def along(self) -> NDArray[np.float64]:
        """(frame,) positions along the normal, mm, ascending."""
        return self.origins @ self.normal

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """(frame,) number of the distinct position of each frame, from 0."""
        steps = np.diff(self.along) > SAME_POSITION_MM
        return np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)

    @cached_property
    def positions(self) -> NDArray[np.float64]:
        """Distinct positions along the normal, mm, ascending."""
        first = np.searchsorted(self.place, np.arange(self.place[-1] + 1))
        return self.along[first]

    @cached_property
    def gaps(self) -> NDArray[np.float64]:
        """Distances of neighbouring positions, mm."""
        return np.diff(self.positions)


def _normal(header: ImageHeader) -> NDArray[np.float64]:
    direction = np.array(header.orientation, dtype=np.float64)
    normal = np.cross(direction[:3], direction[3:])
    return np.asarray(normal / np.linalg.norm(normal), dtype=np.float64)
