"""Share of reads of another person, by the mixture likelihood over common substitutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from equisite.genomics.frequencies import CommonSnps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

STEP = 0.0025
LEAST_READS = 8
LEAST_SNPS = 100
"""Sites with reads that the estimate needs; with fewer it is missing."""
_ERROR = 0.002
"""Chance of a wrong base among those of quality 20 and more."""
_ROUNDS = 50


@dataclass(frozen=True)
class Contamination:
    """Estimated share of foreign reads, and the number of sites it stands on."""

    share: float
    sites: int


def estimate_contamination(counts: Counts, snps: CommonSnps) -> Contamination | None:
    """Share a in [0, 0.5] that maximises the likelihood; None with too few sites.

    counts: (site, 2) reads with REF and ALT of base quality 20 or more.
    The patient has genotype g, the other person h, both by Hardy-Weinberg; a read shows ALT
    with (1 - a) g / 2 + a h / 2, then a base error. Frequencies are those of the patient's
    ancestry, as weights of the panel's populations.
    Source: the model of Jun et al. 2012 (doi:10.1016/j.ajhg.2012.09.004), section Methods.
    """
    import numpy as np

    enough = counts.sum(axis=1) >= LEAST_READS
    if enough.sum() < LEAST_SNPS:
        return None
    reads, panel = counts[enough].astype(np.float64), snps.populations[enough]
    frequency = np.clip(panel @ ancestry(reads, panel), 0.001, 0.999)
    prior = np.stack([(1 - frequency) ** 2, 2 * frequency * (1 - frequency), frequency**2])
    grid = np.arange(0, 0.5 + STEP / 2, STEP)
    scores = [_log_likelihood(share, reads, prior) for share in grid]
    return Contamination(float(grid[int(np.argmax(scores))]), int(enough.sum()))


def _log_likelihood(share: float, reads: Floats, prior: Floats) -> float:
    """Of one share, over all sites; prior: (genotype, site)."""
    import numpy as np

    terms = []
    for own in range(3):
        for other in range(3):
            alt = (1 - share) * own / 2 + share * other / 2
            seen = alt * (1 - _ERROR) + (1 - alt) * _ERROR
            told = reads[:, 1] * np.log(seen) + reads[:, 0] * np.log1p(-seen)
            terms.append(told + np.log(prior[own]) + np.log(prior[other]))
    stacked = np.stack(terms)
    top = stacked.max(axis=0)
    return float((top + np.log(np.exp(stacked - top).sum(axis=0))).sum())


def ancestry(reads: Floats, panel: Floats) -> Floats:
    """Weights of the panel's populations, summing to 1, by EM over the patient's two copies.

    reads: (site, 2). panel: (site, population); its first column, all people, gets a weight
    only where the panel has no populations.
    """
    import numpy as np

    if panel.shape[1] == 1:
        return np.ones(1)
    frequencies = np.clip(panel[:, 1:], 0.001, 0.999)
    dosage = 2 * reads[:, 1] / reads.sum(axis=1)
    dosage = np.rint(dosage)
    weights = np.full(frequencies.shape[1], 1 / frequencies.shape[1])
    for _ in range(_ROUNDS):
        alt = frequencies * weights
        ref = (1 - frequencies) * weights
        share = dosage[:, None] * alt / alt.sum(axis=1, keepdims=True)
        share += (2 - dosage)[:, None] * ref / ref.sum(axis=1, keepdims=True)
        weights = share.sum(axis=0) / (2 * len(dosage))
    return np.concatenate(([0.0], weights))
