"""Band-pass of the Simoncelli wavelet, defined by its spectrum."""

from __future__ import annotations

import numpy as np

from equisite.protocol.filters import SimoncelliFilter
from equisite.radiomics.filters.boundaries import Floats


def simoncelli(image: Floats, setting: SimoncelliFilter) -> Floats:
    """Response of one level; it depends on the whole image, however far away.

    image: (z, y, x); with `dimensions` 2 each axial plane by itself. Multiplying the discrete
    spectrum makes the image periodic: nothing is padded, as in the reference values.
    """
    from scipy import fft

    axes = (0, 1, 2) if setting.dimensions == 3 else (1, 2)
    weights = band_pass(tuple(image.shape[axis] for axis in axes), setting.level)
    response: Floats = fft.ifftn(fft.fftn(image, axes=axes) * weights, axes=axes).real
    return np.ascontiguousarray(response)


def band_pass(shape: tuple[int, ...], level: int) -> Floats:
    """Weights of the frequencies, in the order of an unshifted transform.

    cos(pi/2 log2(2 f / m)) for m/4 <= f <= m, else 0; m = 2^(1 - level); f is the length of
    the frequency vector, whose coordinates run from -1 to 1, both ends included, over the
    shifted spectrum. (For an even number of voxels 0 then lies between two frequencies;
    this is how the reference response maps of IBSI-2 were made.)
    Source: IBSI-2 manual, Simoncelli wavelet (PRT7).
    """
    squares = np.zeros((1,) * len(shape))
    for axis, count in enumerate(shape):
        along = np.fft.ifftshift(np.linspace(-1, 1, count)) if count > 1 else np.zeros(1)
        squares = squares + np.expand_dims(
            along**2, [other for other in range(len(shape)) if other != axis]
        )
    highest = 2.0 ** (1 - level)
    length = np.sqrt(squares)
    inside = (length >= highest / 4) & (length <= highest)
    safe = np.where(inside, length, highest)
    return np.where(inside, np.cos(np.pi / 2 * np.log2(2 * safe / highest)), 0.0)
