"""Volumes on disk, read only where the region lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError

SPACING_TOLERANCE_MM = 1e-3
"""Largest difference of origin and of voxel size between image and mask (radiomics, 8)."""

DIRECTION_TOLERANCE = 1e-4
"""Largest difference of a direction cosine."""


@dataclass(frozen=True)
class Volume:
    """A NIfTI file as a (z, y, x) volume.

    voxels: (z, y, x), mapped from the file if it is plain (not compressed, not scaled), so
    that only what is used is read. spacing_mm: (x, y, z) of the header. affine: (4, 4),
    voxel (x, y, z) to millimetres.
    """

    voxels: NDArray[Any]
    spacing_mm: tuple[float, float, float]
    affine: NDArray[np.float64]


def open_volume(path: Path) -> Volume:
    """Open a NIfTI file.

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
    x, y, z = (float(s) for s in image.header.get_zooms())
    voxels = np.asanyarray(image.dataobj).transpose(2, 1, 0)
    return Volume(voxels, (x, y, z), np.asarray(image.affine, float))


def check_same_grid(image: Volume, mask: Volume) -> None:
    """Image and mask must have one grid.

    Raises InputError ROI_GEOMETRY: other size, origin or voxel size more than 1e-3 mm
    apart, or a direction cosine more than 1e-4.
    """
    if image.voxels.shape != mask.voxels.shape:
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
