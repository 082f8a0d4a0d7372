"""Moran's I and Geary's C over all pairs of voxels, by Fourier transform."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.kernels.spectra import centre_and_square, weighted_products
from equisite.radiomics.region import Mask

Floats = NDArray[np.float64]


def moran_and_geary(
    intensities: Floats, mask: Mask, spacing_mm: tuple[float, float, float]
) -> tuple[float, float]:
    """Moran's I and Geary's C with weight 1 / distance of voxel centres; NaN where undefined.

    intensities, mask: (z, y, x), in the mask's bounding box. spacing_mm: (z, y, x).
    Every pair counts. With y = x - mean and Q(a, b) the sum over
    pairs of w a b: I = N / S0 Q(y, y) / sum y^2, C = (N - 1) / (2 S0)
    (2 Q(y^2, 1) - 2 Q(y, y)) / sum y^2, S0 = Q(1, 1). Q is a product of spectra, which are
    made in single precision: at most about 1e-6 of the result.
    Source: IBSI manual, sections 3.1.20 and 3.1.21.
    """
    sizes = tuple(_even_length(2 * n - 1) for n in mask.shape)
    fields = np.zeros((3, *mask.shape[:2], sizes[2]), np.float32)
    sums = np.zeros(2)
    number = centre_and_square(intensities, mask, fields, sums)
    square = float(sums[1])
    if number < 2 or square == 0:
        return float("nan"), float("nan")
    spectra = [_spectrum(field, sizes) for field in fields]
    weights = _weights(mask.shape, spacing_mm, sizes)
    out = np.zeros(3)
    weighted_products(spectra[0], spectra[1], spectra[2], weights, out)
    all_pairs, own, mixed = (float(q) for q in out)
    moran = number / all_pairs * own / square
    geary = (number - 1) / all_pairs * (mixed - own) / square
    return moran, geary


def _even_length(least: int) -> int:
    from scipy.fft import next_fast_len

    length: int = next_fast_len(least)
    while length % 2:
        length = next_fast_len(length + 1)
    return length


def _spectrum(field: NDArray[np.float32], sizes: tuple[int, ...]) -> NDArray[np.complex64]:
    """Half spectrum of a field, padded with zeros.

    field: (z, y, x), padded along x. One axis after the other, in place, so that lines of
    zeros are neither transformed nor copied.
    """
    from scipy.fft import rfft

    depth, height, width = field.shape
    whole = np.zeros((sizes[0], sizes[1], width // 2 + 1), np.complex64)
    whole[:depth, :height] = rfft(field, axis=2)
    _transform(whole[:depth], 1)
    _transform(whole, 0)
    return whole


def _transform(lines: NDArray[np.complex64], axis: int) -> None:
    from scipy.fft import fft

    done = fft(lines, axis=axis, overwrite_x=True)
    if not np.may_share_memory(done, lines):  # that it works in place is no promise
        lines[...] = done


@lru_cache(maxsize=4)
def _weights(
    shape: tuple[int, ...], spacing_mm: tuple[float, float, float], sizes: tuple[int, ...]
) -> Floats:
    """Spectrum of 1 / distance over one quarter of each period, divided by their product."""
    from scipy.fft import dctn

    steps = [np.arange(n // 2 + 1) * float(s) for n, s in zip(sizes, spacing_mm, strict=True)]
    for axis, length in enumerate(shape):
        steps[axis][length:] = np.inf  # no two voxels of the mask are so far apart
    squares = [s**2 for s in steps]
    distance = np.sqrt(
        squares[0][:, None, None] + squares[1][None, :, None] + squares[2][None, None, :]
    )
    distance[0, 0, 0] = np.inf
    spectrum: Floats = dctn(1.0 / distance, type=1) / float(np.prod(sizes))
    return spectrum
