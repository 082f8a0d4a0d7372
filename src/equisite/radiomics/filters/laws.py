"""Laws kernels and the energy of their response."""

from __future__ import annotations

import numpy as np

from equisite.protocol.filters import LawsFilter, split_kernels
from equisite.radiomics.filters.boundaries import Floats
from equisite.radiomics.filters.separable import filtered, pooled

_WEIGHTS = {
    "L3": (1, 2, 1),
    "E3": (-1, 0, 1),
    "S3": (-1, 2, -1),
    "L5": (1, 4, 6, 4, 1),
    "E5": (-1, -2, 0, 2, 1),
    "S5": (-1, 0, 2, 0, -1),
    "W5": (-1, 2, 0, -2, 1),
    "R5": (1, -4, 6, -4, 1),
}
"""Level, edge, spot, wave, ripple. Source: IBSI-2 manual, table of Laws kernels."""


def laws(image: Floats, setting: LawsFilter) -> Floats:
    """Response pooled over rotations, then its energy: mean |h| over 2 d + 1 voxels.

    Kernels have unit length (their squares add up to 1).
    Source: IBSI-2 manual, Laws kernels (JTXT) and Laws texture energy (PQSD).
    """
    chains = [(unit_kernel(name),) for name in split_kernels(setting.kernels)]
    response = pooled(image, chains, setting.boundary, setting.pooling)
    if setting.energy_voxels is None:
        return response
    width = 2 * setting.energy_voxels + 1
    window = (np.full(width, 1 / width),)
    return filtered(np.abs(response), [window] * len(chains), setting.boundary)


def unit_kernel(name: str) -> Floats:
    """Weights of a Laws kernel, scaled to unit length."""
    weights = np.array(_WEIGHTS[name], dtype=np.float64)
    scaled: Floats = weights / np.sqrt(np.sum(weights**2))
    return scaled
