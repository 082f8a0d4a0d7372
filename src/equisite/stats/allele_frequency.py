"""Allele frequency from genotype likelihoods, by expectation and maximisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]

TOLERANCE = 1e-6
_ROUNDS = 1000
_CHOOSE = np.array([[1, 0, 0], [1, 1, 0], [1, 2, 1]], dtype=np.float64)
"""Binomial coefficients by ploidy 0..2 and number of alternative copies."""


def allele_frequency(likelihoods: Reals, ploidy: Whole) -> tuple[float, Reals]:
    """Frequency of one allele among people, and each person's posterior of 0, 1, 2 copies.

    likelihoods: (person, 3), of 0, 1 and 2 alternative copies up to a factor per person;
    equal ones say nothing. ploidy: (person,), 0 to 2; copies above it cannot be.
    Returns NaN where nobody has a copy of the locus.

    p <- sum_i sum_g g w_ig / sum_i m_i,  w_ig ~ L_ig C(m_i, g) p^g (1-p)^(m_i-g),
    with m_i the ploidy, from p = (sum of best copies + 1/2) / (sum m_i + 1) until p moves by
    less than 1e-6. Source: Li, Bioinformatics 27 (2011) 2987, equation 8.
    """
    ways = _CHOOSE[ploidy]
    copies = np.arange(3)
    total = int(ploidy.sum())
    if not total:
        return float("nan"), np.zeros(likelihoods.shape)
    possible = likelihoods * (ways > 0)
    told = possible.max(axis=1) > np.where(ways > 0, likelihoods, np.inf).min(axis=1)
    best = np.where(told, possible.argmax(axis=1), 0)
    frequency = (float(best.sum()) + 0.5) / (total + 1)
    weights = possible
    for _ in range(_ROUNDS):
        prior = frequency**copies * (1 - frequency) ** np.maximum(ploidy[:, None] - copies, 0)
        weights = possible * ways * prior
        weights = weights / weights.sum(axis=1, keepdims=True)
        found = float((weights @ copies).sum()) / total
        moved = abs(found - frequency)
        frequency = found
        if moved < TOLERANCE:
            break
    return frequency, weights
