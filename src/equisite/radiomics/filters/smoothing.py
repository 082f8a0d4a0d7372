"""Mean and Laplacian of Gaussian."""

from __future__ import annotations

import math

import numpy as np

from equisite.protocol.filters import LaplacianFilter, MeanFilter
from equisite.radiomics.filters.boundaries import Floats
from equisite.radiomics.filters.separable import filtered


def mean(image: Floats, setting: MeanFilter) -> Floats:
    """Mean over `support` voxels along each axis. Source: IBSI-2 manual, mean filter."""
    kernel = np.full(setting.support, 1 / setting.support)
    return filtered(image, [(kernel,)] * setting.dimensions, setting.boundary)


def reach(setting: LaplacianFilter, edge_mm: float) -> int:
    """Voxels from the centre of the LoG kernel to its end: floor(cut-off sigma + 1/2)."""
    return math.floor(setting.cutoff_sigma * setting.sigma_mm / edge_mm + 0.5)


def laplacian_of_gaussian(image: Floats, edge_mm: float, setting: LaplacianFilter) -> Floats:
    """Response to the sampled kernel, which is not corrected for what the cut-off loses.

    g(k) = -1/s^2 (D - |k|^2/s^2) (2 pi s^2)^(-D/2) exp(-|k|^2 / 2 s^2), k and s in voxels,
    on a square or cube: a sum of D separable kernels. edge_mm: edge length of a voxel.
    Source: IBSI-2 manual, Laplacian of Gaussian.
    """
    sigma = setting.sigma_mm / edge_mm
    half = reach(setting, edge_mm)
    offsets = np.arange(-half, half + 1, dtype=np.float64)
    smooth = np.exp(-(offsets**2) / (2 * sigma**2)) / (math.sqrt(2 * math.pi) * sigma)
    curved = -(1 - offsets**2 / sigma**2) / sigma**2 * smooth
    total = np.zeros_like(image)
    for bent in range(setting.dimensions):
        chains = [(curved if axis == bent else smooth,) for axis in range(setting.dimensions)]
        total += filtered(image, chains, setting.boundary)
    return total
