"""Laplacian of a recursive Gaussian, number by number as ITK 5 has it, where it is wanted.

ITK filters the whole image nine times: for each direction the second derivative along it,
then Gaussians along the others. Lines of later passes need only what earlier passes have at
their own places, so each pass keeps the part that a box needs and drops the rest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.kernels.recursive import recurse
from equisite.radiomics.region import Box

Floats = NDArray[np.float64]
Image = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]
Terms = tuple[float, float, float, float]

W1, L1, W2, L2 = 0.6681, -1.3932, 2.0787, -1.3732
A1_SMOOTH, B1_SMOOTH, A2_SMOOTH, B2_SMOOTH = 1.3530, 1.8151, -0.3531, 0.0902
A1_CURVED, B1_CURVED, A2_CURVED, B2_CURVED = -1.3563, 5.2318, 0.3446, -2.2355
"""Exponential series of a Gaussian and its second derivative.

Source: Farnebäck and Westin, Improving Deriche-style Recursive Gaussian Filters, J Math
Imaging Vis 26:293 (2006), table 1; used by ITK.
"""


def laplacian(
    image: Image, spacing_mm: tuple[float, float, float], sigma_mm: float, box: Box
) -> NDArray[np.float32]:
    """Laplacian times sigma squared, at the voxels of a box.

    image: (z, y, x), at least 4 voxels along each axis. spacing_mm: (z, y, x).
    Source: ITK 5, LaplacianRecursiveGaussianImageFilter with NormalizeAcrossScale.
    """
    numbers = np.ascontiguousarray(image, dtype=np.float64)
    total = np.zeros(box.size, dtype=np.float32)
    for bent in (2, 1, 0):  # x, y, z
        others = [axis for axis in (2, 1, 0) if axis != bent]
        part: NDArray[Any] = numbers
        for axis in (bent, *others):
            weights = filter_weights(sigma_mm, spacing_mm[axis], curved=axis == bent)
            part = _along(part, axis, weights, box.low[axis], box.high[axis])
        scale = 1.0 / (spacing_mm[bent] * spacing_mm[bent])
        total = (total.astype(np.float64) + part.astype(np.float64) * scale).astype(np.float32)
    return total


def _along(
    image: NDArray[Any], axis: int, weights: Floats, low: int, high: int
) -> NDArray[np.float32]:
    """One pass along an axis, of which the part from low to high is kept."""
    if axis == 0:
        z, y, x = image.shape
        data = image.reshape(1, z, y * x)
    elif axis == 1:
        data = image
    else:
        data = image.transpose(0, 2, 1)
    data = np.ascontiguousarray(data, dtype=np.float64)
    out = np.empty((data.shape[0], high - low, data.shape[2]), dtype=np.float32)
    recurse(data, weights, low, high, out)
    if axis == 0:
        return out.reshape(high - low, image.shape[1], image.shape[2])
    return out if axis == 1 else out.transpose(0, 2, 1)


def filter_weights(sigma_mm: float, edge_mm: float, *, curved: bool) -> Floats:
    """Weights of `recurse`: (20,). curved: second derivative times sigma squared.

    Source: Deriche, INRIA report 1893 (1993), section 3; ITK 5, RecursiveGaussianImageFilter.
    """
    sigma = sigma_mm / edge_mm
    back = _denominator(sigma)
    d1, d2, d3, d4 = back
    sd = 1.0 + d1 + d2 + d3 + d4
    dd = d1 + 2 * d2 + 3 * d3 + 4 * d4
    ed = d1 + 4 * d2 + 9 * d3 + 16 * d4
    smooth = _numerator(sigma, A1_SMOOTH, B1_SMOOTH, A2_SMOOTH, B2_SMOOTH)
    if curved:
        bent = _numerator(sigma, A1_CURVED, B1_CURVED, A2_CURVED, B2_CURVED)
        sums, bent_sums = _moments(smooth), _moments(bent)
        beta = -(2 * bent_sums[0] - sd * bent[0]) / (2 * sums[0] - sd * smooth[0])
        forth = [b + beta * s for b, s in zip(bent, smooth, strict=True)]
        sn, dn, en = (b + beta * s for b, s in zip(bent_sums, sums, strict=True))
        alpha = en * sd * sd - ed * sn * sd - 2 * dn * dd * sd + 2 * dd * dd * sn
        alpha /= sd * sd * sd
        factor = sigma_mm * sigma_mm / alpha
    else:
        forth = list(smooth)
        factor = 1.0 / (2 * _moments(smooth)[0] / sd - smooth[0])
    n0, n1, n2, n3 = (n * factor for n in forth)
    mirrored = (n1 - d1 * n0, n2 - d2 * n0, n3 - d3 * n0, -d4 * n0)
    sn = n0 + n1 + n2 + n3
    sm = mirrored[0] + mirrored[1] + mirrored[2] + mirrored[3]
    ends = [d * sn / sd for d in back] + [d * sm / sd for d in back]
    return np.array([n0, n1, n2, n3, *back, *mirrored, *ends])


def _denominator(sigma: float) -> Terms:
    cos1, cos2 = math.cos(W1 / sigma), math.cos(W2 / sigma)
    exp1, exp2 = math.exp(L1 / sigma), math.exp(L2 / sigma)
    d4 = exp1 * exp1 * exp2 * exp2
    d3 = -2 * cos1 * exp1 * exp2 * exp2
    d3 += -2 * cos2 * exp2 * exp1 * exp1
    d2 = 4 * cos2 * cos1 * exp1 * exp2
    d2 += exp1 * exp1 + exp2 * exp2
    d1 = -2 * (exp2 * cos2 + exp1 * cos1)
    return d1, d2, d3, d4


def _numerator(sigma: float, a1: float, b1: float, a2: float, b2: float) -> Terms:
    sin1, sin2 = math.sin(W1 / sigma), math.sin(W2 / sigma)
    cos1, cos2 = math.cos(W1 / sigma), math.cos(W2 / sigma)
    exp1, exp2 = math.exp(L1 / sigma), math.exp(L2 / sigma)
    n1 = exp2 * (b2 * sin2 - (a2 + 2 * a1) * cos2)
    n1 += exp1 * (b1 * sin1 - (a1 + 2 * a2) * cos1)
    n2 = (a1 + a2) * cos2 * cos1
    n2 -= b1 * cos2 * sin1 + b2 * cos1 * sin2
    n2 *= 2 * exp1 * exp2
    n2 += a2 * exp1 * exp1 + a1 * exp2 * exp2
    n3 = exp2 * exp1 * exp1 * (b2 * sin2 - a2 * cos2)
    n3 += exp1 * exp2 * exp2 * (b1 * sin1 - a1 * cos1)
    return a1 + a2, n1, n2, n3


def _moments(terms: Terms) -> tuple[float, float, float]:
    """Sum, first and second moment of the terms about their index."""
    n0, n1, n2, n3 = terms
    return n0 + n1 + n2 + n3, n1 + 2 * n2 + 3 * n3, n1 + 4 * n2 + 9 * n3
