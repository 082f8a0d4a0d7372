"""The two filters of PyRadiomics 3.0.1 that protocols ask for, by the libraries it uses.

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

Image = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]

LOG_MARGIN_SIGMA = 10
"""Margin of a crop in sigma: the response is then within 1e-6 of that to the whole volume."""


def recursive_log(
    image: Image, spacing_mm: tuple[float, float, float], setting: PyradiomicsLogFilter
) -> NDArray[np.float32]:
    """`log-sigma-*-mm-3D`. image: (z, y, x); spacing_mm: (z, y, x).

    Raises InputError FILTER_TOO_SMALL where PyRadiomics leaves the filter out: fewer than
    4 voxels, or fewer than ceil(sigma / spacing) + 1, along an axis.
    Source: PyRadiomics 3.0.1, imageoperations.getLoGImage.
    """
    import SimpleITK as sitk  # noqa: N813 (its customary name)

    needed = [max(4, math.ceil(setting.sigma_mm / edge) + 1) for edge in spacing_mm]
    if any(n < least for n, least in zip(image.shape, needed, strict=True)):
        raise InputError("FILTER_TOO_SMALL", filter=setting.name, voxels=min(image.shape))
    volume = sitk.GetImageFromArray(np.ascontiguousarray(image))
    volume.SetSpacing(spacing_mm[::-1])
    recursive = sitk.LaplacianRecursiveGaussianImageFilter()
    recursive.SetNormalizeAcrossScale(True)
    recursive.SetSigma(setting.sigma_mm)
    response: NDArray[np.float32] = sitk.GetArrayFromImage(recursive.Execute(volume))
    return response


def stationary_wavelet(image: Image, wavelet: str) -> dict[str, NDArray[np.floating[Any]]]:
    """All eight `wavelet-***` by their letters, which stand for x, y, z.

    image: (z, y, x). An odd number of voxels is made even by repeating the first one at
    the end. float32 stays float32, as in PyRadiomics.
    Source: PyRadiomics 3.0.1, imageoperations._swt3.
    """
    import pywt

    even = np.pad(image, [(0, n % 2) for n in image.shape], mode="wrap")
    bands = pywt.swtn(even, wavelet, level=1, axes=(2, 1, 0))[0]
    z, y, x = image.shape
    return {
        name.replace("a", "L").replace("d", "H"): np.ascontiguousarray(band[:z, :y, :x])
        for name, band in bands.items()
    }


def wavelet_band(image: Image, setting: PyradiomicsWaveletFilter) -> NDArray[np.floating[Any]]:
    """One of the eight."""
    return stationary_wavelet(image, setting.wavelet)[setting.band]
