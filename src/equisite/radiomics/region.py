"""Where the region lies in the volume: bounding box, extents, border, connected parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.kernels.parts import count_parts

Mask = NDArray[np.bool_]
Image = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Box:
    """A box of voxels in (z, y, x): `low` inclusive, `high` exclusive."""

    low: tuple[int, int, int]
    high: tuple[int, int, int]

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index of the box in a (z, y, x) array."""
        z, y, x = (slice(a, b) for a, b in zip(self.low, self.high, strict=True))
        return z, y, x

    @property
    def size(self) -> tuple[int, int, int]:
        """Extents in (z, y, x)."""
        z, y, x = (b - a for a, b in zip(self.low, self.high, strict=True))
        return z, y, x

    @property
    def dimensions(self) -> int:
        """In how many directions the box is longer than one voxel."""
        return sum(n > 1 for n in self.size)

    def touches(self, shape: tuple[int, int, int]) -> bool:
        """Whether a face of the box lies in a face of the volume."""
        return min(self.low) == 0 or any(b == n for b, n in zip(self.high, shape, strict=True))


def bounding_box(mask: NDArray[Any]) -> Box | None:
    """Smallest box around the voxels of a (z, y, x) mask that are not 0; None without any.

    Planes first, then rows of those planes, then columns of those rows: the volume is
    read once.
    """
    if mask.dtype.itemsize == 1:
        mask = mask.view(np.bool_)  # whether a byte is 0 is all that is asked
    planes = np.flatnonzero(np.any(mask, axis=(1, 2)))
    if planes.size == 0:
        return None
    z0, z1 = int(planes[0]), int(planes[-1]) + 1
    slab: Mask = np.any(mask[z0:z1], axis=0)
    rows = np.flatnonzero(np.any(slab, axis=1))
    y0, y1 = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(np.any(slab[y0:y1], axis=0))
    return Box((z0, y0, int(columns[0])), (z1, y1, int(columns[-1]) + 1))


def framed(mask: Mask) -> NDArray[np.uint8]:
    """The mask as 0 and 1 with one voxel of background around it."""
    z, y, x = mask.shape
    volume = np.zeros((z + 2, y + 2, x + 2), np.uint8)
    volume[1:-1, 1:-1, 1:-1] = mask
    return volume


def connected_parts(mask: Mask) -> int:
    """Number of parts of a (z, y, x) mask, connected over faces, edges or corners."""
    return count_parts(framed(mask))
