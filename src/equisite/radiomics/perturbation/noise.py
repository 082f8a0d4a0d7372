"""Noise of the level that an image already has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from equisite.protocol.filters import WaveletFilter
from equisite.radiomics.filters.wavelets import wavelet

DIAGONAL = WaveletFilter(
    name="noise", kind="wavelet", wavelet="coif1", band="HH", level=1, pooling="none"
)

NORMAL_MEDIAN = 0.6744897501960817
"""Median of |x| of a standard normal x."""


def noise_level(image: NDArray[np.float64]) -> float:
    """Standard deviation of the noise, in the image's unit.

    image: (z, y, x). Median of |HH| of the in-plane undecimated coif1 transform, in which
    noise keeps its variance and structure is nearly absent, over that of a normal variable.
    Source: Chang et al., IEEE Trans Image Process 9:1532 (2000), equation 5.
    """
    response = wavelet(image, DIAGONAL)
    return float(np.median(np.abs(response))) / NORMAL_MEDIAN


def with_noise(
    image: NDArray[np.float64], level: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """The image plus normal noise of standard deviation `level`."""
    return image + level * random.standard_normal(image.shape)
