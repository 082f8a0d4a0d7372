"""Volumes on disk, read only where the region lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError

SPACING_TOLERANCE_MM = 1e-3
"""Largest difference of origin and of voxel size between image and mask (radiomics, 8)."""

DIRECTION_TOLERANCE = 1e-4
"""Largest difference of a direction cosine."""


class Sliceable(Protocol):
    """A (z, y, x) volume that gives boxes of itself; a numpy array is one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents in (z, y, x)."""

    def __getitem__(self, index: Any) -> Any:
        """The voxels of three slices, as an array."""


@dataclass(frozen=True)
class Volume:
    """A NIfTI file as a (z, y, x) volume.

    spacing_mm: (x, y, z) of the header. affine: (4, 4), voxel (x, y, z) to millimetres.
    """

    proxy: Any
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    affine: NDArray[np.float64]

    def __getitem__(self, index: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Voxels of a box, scaled as the header says; only these are read."""
        z, y, x = index
        return np.asarray(self.proxy[x, y, z]).transpose(2, 1, 0)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The whole volume."""
        return np.asarray(self.proxy, dtype=dtype).transpose(2, 1, 0)


def open_volume(path: Path) -> Volume:
    """Open a NIfTI file without reading its voxels.

    Raises InputError ROI_UNREADABLE for a file that is no three-dimensional NIfTI volume;
    OSError for a file that is not there, which is a fault of the machine.
    """
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    try:
        image = nibabel.load(path)
    except ImageFileError as error:
        raise InputError("ROI_UNREADABLE", problem="it is not a NIfTI file") from error
    if len(image.shape) != 3:
        raise InputError("ROI_UNREADABLE", problem=f"it has {len(image.shape)} dimensions")
    x, y, z = (int(n) for n in image.shape)
    sx, sy, sz = (float(s) for s in image.header.get_zooms())
    return Volume(image.dataobj, (z, y, x), (sx, sy, sz), np.asarray(image.affine, float))


def check_same_grid(image: Volume, mask: Volume) -> None:
    """Image and mask must have one grid.

    Raises InputError ROI_GEOMETRY: other size, origin or voxel size more than 1e-3 mm
    apart, or a direction cosine more than 1e-4.
    """
    if image.shape != mask.shape:
        raise InputError("ROI_GEOMETRY", problem="the numbers of voxels differ")
    if not np.allclose(image.spacing_mm, mask.spacing_mm, rtol=0, atol=SPACING_TOLERANCE_MM):
        raise InputError("ROI_GEOMETRY", problem="the voxel sizes differ")
    shift = np.abs(image.affine[:3, 3] - mask.affine[:3, 3]).max()
    if shift > SPACING_TOLERANCE_MM:
        raise InputError("ROI_GEOMETRY", problem=f"the origins are {shift:.3f} mm apart")
    turn = np.abs(_directions(image) - _directions(mask)).max()
    if turn > DIRECTION_TOLERANCE:
        raise InputError("ROI_GEOMETRY", problem=f"the directions differ by {turn:.4f}")


def _directions(volume: Volume) -> NDArray[np.float64]:
    columns = volume.affine[:3, :3]
    unit: NDArray[np.float64] = columns / np.linalg.norm(columns, axis=0)
    return unit
