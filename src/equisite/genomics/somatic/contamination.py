"""How much of a tumour comes from another person.

At sites where the normal is homozygous a tumour has one allele too, whatever it lost or
gained; the other allele comes from somebody else. With c the share of foreign fragments and g
the foreign alleles of a site (0, 1 or 2)

    L(c) = prod_sites sum_g P(g) (c g/2 + e)^k (1 - c g/2 - e)^(n-k),    e = 0.001

for k of n fragments with the other allele. Where a population list gives its frequency q, P(g)
is that of Hardy and Weinberg. Else only sites count at which the normal is homozygous for a
changed allele: its frequency has density 2q given that one person is homozygous for it (prior
1/q), hence P = 1/2, 1/3, 1/6 for 0, 1, 2 foreign reference alleles. One site in a hundred may
be no such site at all (a mis-mapped stretch): there every k is as likely.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

GRID = np.arange(0, 0.51, 0.01)
"""Values of c."""
UNKNOWN = (1 / 2, 1 / 3, 1 / 6)
ERROR, STRANGE = 1e-3, 0.01
FEWEST = 5
"""Sites from which on the estimate is told."""
DECIDES = math.log(1e4)
"""Log ratio of likelihoods from which on it is not 0: more than one odd site can give."""
WARNED, REFUSED = 0.05, 0.10


def site_likelihoods(other: int, total: int, prior: tuple[float, float, float]) -> Reals:
    """log L of one site at each c of `GRID`; other: fragments with the other allele."""
    ways = math.lgamma(total + 1) - math.lgamma(other + 1) - math.lgamma(total - other + 1)
    explained = np.zeros(len(GRID))
    for foreign, chance in enumerate(prior):
        p = GRID * foreign / 2 + ERROR
        explained += chance * np.exp(ways + other * np.log(p) + (total - other) * np.log1p(-p))
    result: Reals = np.log((1 - STRANGE) * explained + STRANGE / (total + 1))
    return result


def hardy_weinberg(frequency: float) -> tuple[float, float, float]:
    """Chances of 0, 1 and 2 copies of an allele."""
    return (1 - frequency) ** 2, 2 * frequency * (1 - frequency), frequency**2


def best(log_likelihood: Reals, sites: int) -> float | None:
    """The c of the highest likelihood, 0 where it decides nothing; None with too few sites."""
    if sites < FEWEST:
        return None
    highest = int(np.argmax(log_likelihood))
    decided = log_likelihood[highest] - log_likelihood[0] >= DECIDES
    return float(GRID[highest]) if decided else 0.0
