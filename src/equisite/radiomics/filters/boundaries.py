"""What lies outside an image, in the words of numpy and scipy."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from equisite.protocol.filters import Boundary

Floats = NDArray[np.float64]

NDIMAGE: dict[Boundary, Literal["reflect", "nearest", "wrap", "constant"]] = {
    "mirror": "reflect",
    "nearest": "nearest",
    "periodic": "wrap",
    "zero": "constant",
}
"""Names of `scipy.ndimage` filters, where `mirror` is something else."""

_PAD: dict[Boundary, Literal["symmetric", "edge", "wrap", "constant"]] = {
    "mirror": "symmetric",
    "nearest": "edge",
    "periodic": "wrap",
    "zero": "constant",
}


def extended(image: Floats, voxels: int, axes: tuple[int, ...], boundary: Boundary) -> Floats:
    """The image with so many voxels more on both sides of some axes."""
    width = [(voxels, voxels) if axis in axes else (0, 0) for axis in range(image.ndim)]
    return np.pad(image, width, mode=_PAD[boundary])
