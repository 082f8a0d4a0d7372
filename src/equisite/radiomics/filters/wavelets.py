"""Sub-bands of undecimated separable wavelet transforms."""

from __future__ import annotations

import numpy as np

from equisite.protocol.filters import WaveletFilter
from equisite.radiomics.filters.boundaries import Floats
from equisite.radiomics.filters.separable import Chain, pooled


def wavelet(image: Floats, setting: WaveletFilter) -> Floats:
    """Response of one sub-band, pooled over rotations.

    Source: IBSI-2 manual, separable wavelets (25BO), undecimated ("a trous") form.
    """
    return pooled(image, band_chains(setting), setting.boundary, setting.pooling)


def band_chains(setting: WaveletFilter) -> list[Chain]:
    """Kernels per axis: low-pass of all levels before the last, then the letter's kernel.

    At level j every weight is followed by 2^(j-1) - 1 zeros, the last one too, which
    decides where the centre of the kernel lies.
    """
    import pywt

    chosen = pywt.Wavelet(setting.wavelet)
    kernels = {"L": np.array(chosen.dec_lo), "H": np.array(chosen.dec_hi)}
    letters = ("L" * (setting.level - 1) + last for last in setting.band)
    return [
        tuple(_spread(kernels[letter], 2**level) for level, letter in enumerate(chain))
        for chain in letters
    ]


def reach(setting: WaveletFilter) -> int:
    """Voxels that a response takes in on either side, at most."""
    return sum(len(kernel) // 2 for kernel in band_chains(setting)[0])


def kernel_length(wavelet: str) -> int:
    """Number of weights of a wavelet's kernels."""
    import pywt

    length: int = pywt.Wavelet(wavelet).dec_len
    return length


def _spread(kernel: Floats, factor: int) -> Floats:
    spread = np.zeros(len(kernel) * factor)
    spread[::factor] = kernel
    return spread
