"""One filter of the protocol applied to one image, and how much image it needs."""

from __future__ import annotations

import math
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.protocol.filters import (
    Filter,
    GaborFilter,
    LaplacianFilter,
    LawsFilter,
    MeanFilter,
    PyradiomicsLogFilter,
    PyradiomicsWaveletFilter,
    SimoncelliFilter,
    WaveletFilter,
    dimensions,
)
from equisite.radiomics.filters import as_pyradiomics, gabor, smoothing, wavelets
from equisite.radiomics.filters.laws import laws
from equisite.radiomics.filters.simoncelli import simoncelli

SPACING_TOLERANCE = 1e-3
"""Relative difference of edge lengths that still count as equal."""


def respond(
    image: NDArray[np.float64], spacing_mm: tuple[float, float, float], setting: Filter
) -> NDArray[np.float64]:
    """Response of an image to a filter.

    image: (z, y, x), finite; the interpolated image or a crop of it, never cut by a mask.
    spacing_mm: (z, y, x). Returns float64 of the same shape; voxels that lie within
    `margin_voxels` of the border of a crop have seen the boundary instead of the image.
    Raises InputError FILTER_SPACING when the voxels' edges are not equal in the directions
    in which the filter works; FILTER_TOO_SMALL (PyRadiomics' LoG only).
    """
    if isinstance(setting, PyradiomicsLogFilter):
        log = as_pyradiomics.recursive_log(image, spacing_mm, setting)
        return log.astype(np.float64)
    if isinstance(setting, PyradiomicsWaveletFilter):
        return as_pyradiomics.wavelet_band(image, setting).astype(np.float64)
    edge_mm = _edge_mm(spacing_mm, setting)
    match setting:
        case MeanFilter():
            return smoothing.mean(image, setting)
        case LaplacianFilter():
            return smoothing.laplacian_of_gaussian(image, edge_mm, setting)
        case LawsFilter():
            return laws(image, setting)
        case GaborFilter():
            return gabor.gabor(image, edge_mm, setting)
        case WaveletFilter():
            return wavelets.wavelet(image, setting)
        case SimoncelliFilter():
            return simoncelli(image, setting)
        case _:
            assert_never(setting)


def margin_voxels(
    spacing_mm: tuple[float, float, float], setting: Filter
) -> tuple[int, int, int] | None:
    """Voxels around a region (z, y, x) that its responses depend on; None: the whole image.

    For PyRadiomics' LoG, whose kernel has no end, 10 sigma.
    """
    if isinstance(setting, SimoncelliFilter):
        return None
    if isinstance(setting, PyradiomicsLogFilter):
        reach = as_pyradiomics.LOG_MARGIN_SIGMA * setting.sigma_mm
        z, y, x = (math.ceil(reach / edge) for edge in spacing_mm)
        return z, y, x
    if isinstance(setting, PyradiomicsWaveletFilter):
        voxels = wavelets.kernel_length(setting.wavelet) // 2
        return voxels, voxels, voxels
    voxels = _reach(_edge_mm(spacing_mm, setting), setting)
    return (voxels if dimensions(setting) == 3 else 0), voxels, voxels


def _reach(
    edge_mm: float,
    setting: MeanFilter | LaplacianFilter | LawsFilter | GaborFilter | WaveletFilter,
) -> int:
    match setting:
        case MeanFilter():
            return setting.support // 2
        case LaplacianFilter():
            return smoothing.reach(setting, edge_mm)
        case LawsFilter():
            return 2 + (setting.energy_voxels or 0)
        case GaborFilter():
            return gabor.reach(setting, edge_mm)
        case WaveletFilter():
            return wavelets.reach(setting)
        case _:
            assert_never(setting)


def _edge_mm(spacing_mm: tuple[float, float, float], setting: Filter) -> float:
    """The edge length of the voxels, in the directions in which the filter works."""
    edges = spacing_mm if dimensions(setting) == 3 else spacing_mm[1:]
    if max(edges) - min(edges) > SPACING_TOLERANCE * max(edges):
        raise InputError("FILTER_SPACING", filter=setting.name, low=min(edges), high=max(edges))
    return edges[-1]
