"""The two filters of PyRadiomics 3.0.1 that protocols ask for, number by number.

They are not those of IBSI-2: its LoG is recursive, normalised across scales and stored as
float32; its wavelet wraps around at the border of whatever image it is given.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.protocol.filters import PyradiomicsLogFilter, PyradiomicsWaveletFilter
from equisite.radiomics.filters.recursive_gaussian import laplacian
from equisite.radiomics.region import Box, Image

LOG_MARGIN_SIGMA = 10
"""Margin of a crop in sigma: the response is then within 1e-6 of that to the whole volume."""


def whole_of(image: Image) -> Box:
    """The box of all voxels of an image."""
    z, y, x = image.shape
    return Box((0, 0, 0), (z, y, x))


def recursive_log(
    image: Image,
    spacing_mm: tuple[float, float, float],
    setting: PyradiomicsLogFilter,
    box: Box | None = None,
) -> NDArray[np.float32]:
    """`log-sigma-*-mm-3D` at the voxels of a box. image: (z, y, x); spacing_mm: (z, y, x).

    Raises InputError FILTER_TOO_SMALL where PyRadiomics leaves the filter out: fewer than
    4 voxels, or fewer than ceil(sigma / spacing) + 1, along an axis.
    Source: PyRadiomics 3.0.1, imageoperations.getLoGImage.
    """
    needed = [max(4, math.ceil(setting.sigma_mm / edge) + 1) for edge in spacing_mm]
    if any(n < least for n, least in zip(image.shape, needed, strict=True)):
        raise InputError("FILTER_TOO_SMALL", filter=setting.name, voxels=min(image.shape))
    return laplacian(image, spacing_mm, setting.sigma_mm, box or whole_of(image))


def stationary_wavelet(
    image: Image, wavelet: str, box: Box | None = None
) -> dict[str, NDArray[np.floating[Any]]]:
    """All eight `wavelet-***` at the voxels of a box, by their letters for x, y, z.

    image: (z, y, x). An odd number of voxels is made even by repeating the first one at
    the end. Along an axis on which the box lies further inside than the kernels reach, only
    what they reach is transformed. float32 stays float32, as in PyRadiomics.
    Source: PyRadiomics 3.0.1, imageoperations._swt3.
    """
    import pywt

    wanted = box or whole_of(image)
    reach = int(pywt.Wavelet(wavelet).dec_len)
    near = [
        slice(low - reach, high + reach) if low >= reach and high + reach <= n else slice(0, n)
        for low, high, n in zip(wanted.low, wanted.high, image.shape, strict=True)
    ]
    part = image[tuple(near)]
    even = np.pad(part, [(0, n % 2) for n in part.shape], mode="wrap")
    bands = pywt.swtn(even, wavelet, level=1, axes=(2, 1, 0))[0]
    inner = tuple(
        slice(low - s.start, high - s.start)
        for low, high, s in zip(wanted.low, wanted.high, near, strict=True)
    )
    return {
        name.replace("a", "L").replace("d", "H"): np.ascontiguousarray(band[inner])
        for name, band in bands.items()
    }


def wavelet_band(image: Image, setting: PyradiomicsWaveletFilter) -> NDArray[np.floating[Any]]:
    """One of the eight."""
    return stationary_wavelet(image, setting.wavelet)[setting.band]
