"""NIfTI-1 files that hold nothing but geometry and voxels: equal input, equal bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from equisite.core.atomic import replacing
from equisite.imaging.grid import Grid

HEADER_BYTES = 352
_TYPES = {"uint8": (2, 8), "float32": (16, 32)}
_MILLIMETRE = 2
_SCANNER = 1


def nifti_header(grid: Grid, dtype: str) -> bytes:
    """The 348 bytes of the header and the empty extension; qform and sform agree.

    No description, name or time. Source: nifti1.h (NIfTI-1.1).
    """
    code, bits = _TYPES[dtype]
    affine = grid.ras
    quaternion, face = _quaternion(affine[:3, :3] / grid.spacing)
    header = bytearray(HEADER_BYTES)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *grid.size, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, code, bits)
    struct.pack_into("<8f", header, 76, face, *grid.spacing, 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, HEADER_BYTES, 1.0, 0.0)
    header[123] = _MILLIMETRE
    struct.pack_into("<2h", header, 252, _SCANNER, _SCANNER)
    struct.pack_into("<6f", header, 256, *quaternion, *affine[:3, 3])
    struct.pack_into("<12f", header, 280, *affine[:3].ravel())
    header[344:348] = b"n+1\0"
    return bytes(header)


def write_mask(path: Path, grid: Grid, mask: NDArray[np.uint8]) -> None:
    """Write a mask: uint8, (slice, row, column), 0 or 1; whole or not at all."""
    with replacing(path) as stream:
        stream.write(nifti_header(grid, "uint8"))
        stream.write(np.ascontiguousarray(mask).data)


def read_volume(path: Path) -> tuple[Grid, NDArray[np.float32] | NDArray[np.uint8]]:
    """Map a file that this module wrote: its grid and voxels (slice, row, column)."""
    with path.open("rb") as stream:
        header = stream.read(HEADER_BYTES)
    size = struct.unpack_from("<3h", header, 42)
    (code,) = struct.unpack_from("<h", header, 70)
    affine = np.eye(4)
    affine[:3] = np.array(struct.unpack_from("<12f", header, 280)).reshape(3, 4)
    grid = Grid(size, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)
    dtype = {number: name for name, (number, _) in _TYPES.items()}[code]
    voxels = np.memmap(path, dtype=dtype, mode="r", offset=HEADER_BYTES, shape=grid.shape)
    return grid, voxels


def _quaternion(axes: NDArray[np.float64]) -> tuple[tuple[float, float, float], float]:
    """Parts b, c, d of the unit quaternion nearest to the axes, and qfac (1 or -1)."""
    left, _, right = np.linalg.svd(axes)
    rotation = left @ right
    face = 1.0
    if np.linalg.det(rotation) < 0:
        rotation = rotation * np.array([1.0, 1.0, -1.0])
        face = -1.0
    # Largest eigenvector of Bar-Itzhack's matrix: stable at any angle of rotation.
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation
    matrix = np.array(
        [
            [xx + yy + zz, zy - yz, xz - zx, yx - xy],
            [zy - yz, xx - yy - zz, xy + yx, xz + zx],
            [xz - zx, xy + yx, yy - xx - zz, yz + zy],
            [yx - xy, xz + zx, yz + zy, zz - xx - yy],
        ]
    )
    vector = np.linalg.eigh(matrix)[1][:, 3]
    if vector[0] < 0:
        vector = -vector
    return (float(vector[1]), float(vector[2]), float(vector[3])), face
