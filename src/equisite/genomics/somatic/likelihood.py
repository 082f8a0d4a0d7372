"""Likelihoods of a fraction of variant fragments, for a tumour and its normal.

An observation is wrong with probability e; all that counts of a site are the numbers of
observations by e. With f the fraction of fragments that carry the variant

    LOD(f) = sum_alt log10 [(f (1-e) + (1-f) e/3) / (e/3)]
           + sum_ref log10 [(f e/3 + (1-f) (1-e)) / (1-e)]

(Cibulskis et al., Nat Biotechnol 31:213, 2013, equations of the variant detection), and

    TLOD = LOD_T(f_T)                                    tumour: variant against error
    NLOD = max(0, LOD_N(s f_T)) - LOD_N(1/2)             normal: not heterozygous
    SLOD = TLOD + max(0, LOD_N(s f_T)) - max_g [LOD_T(g) + LOD_N(g)]

SLOD asks whether different fractions explain the pair better than one in both. The share s of
the tumour may lie in the normal: a fragment of alt in the normal is an error or the tumour's,
whichever explains it better, before it speaks for a germline allele.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

GRID = np.array(
    [0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9,
     0.99]
)  # fmt: skip
"""Fractions that both samples may share."""


@dataclass(frozen=True)
class Lods:
    """TLOD, NLOD and SLOD of some alleles: float64, (allele,)."""

    tumour: Reals
    normal: Reals
    somatic: Reals


def lod(fraction: Reals, alt: Reals, ref: Reals, error: Reals) -> Reals:
    """LOD(f) of each allele.

    fraction: (allele,), or (1,) for one fraction of all. alt, ref: numbers of observations
    (allele, level). error: probability of each level, (level,) or (allele, level).
    """
    f = fraction[:, np.newaxis]
    of_alt = np.log10((f * (1 - error) + (1 - f) * error / 3) / (error / 3))
    of_ref = np.log10((f * error / 3 + (1 - f) * (1 - error)) / (1 - error))
    total: Reals = (alt * of_alt + ref * of_ref).sum(axis=1)
    return total


def lods(
    tumour: tuple[Reals, Reals],
    normal: tuple[Reals, Reals],
    error: Reals,
    tumour_in_normal: float,
) -> Lods:
    """The three LODs; each pair holds observations of alt and of ref, (allele, level)."""
    alt, ref = tumour[0].sum(axis=1), tumour[1].sum(axis=1)
    fraction = alt / np.maximum(alt + ref, 1)
    variant = lod(fraction, *tumour, error)
    spilled = np.maximum(0.0, lod(tumour_in_normal * fraction, *normal, error))
    shared = np.full(len(fraction), -np.inf)
    for g in GRID:
        both = np.array([g])
        shared = np.maximum(shared, lod(both, *tumour, error) + lod(both, *normal, error))
    half = np.array([0.5])
    return Lods(variant, spilled - lod(half, *normal, error), variant + spilled - shared)
