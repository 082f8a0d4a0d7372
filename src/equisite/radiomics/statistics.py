"""Sums and quantiles of the intensities of a region, made once for all that need them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.kernels.intensities import spread_sums
from equisite.radiomics.kernels.ranks import values_at_ranks

Floats = NDArray[np.float64]
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Summary:
    """What intensities look like; variance, skewness and kurtosis over n, kurtosis not excess.

    quantiles: at QUANTILES, linear between the two nearest ranks. deviation: mean absolute
    one from the mean, trimmed_deviation: from the mean of the middle 80 %, among them,
    median_deviation: from the median. energy: sum of squares.
    """

    number: int
    minimum: float
    maximum: float
    mean: float
    quantiles: tuple[float, ...]
    variance: float
    skewness: float
    kurtosis: float
    deviation: float
    trimmed_deviation: float
    median_deviation: float
    energy: float


def summarise(values: Floats) -> Summary:
    """The summary of at least one finite value."""
    number = values.size
    mean = float(np.mean(values))
    minimum, maximum, quantiles = order_statistics(values, QUANTILES)
    sums = np.empty(8)
    spread_sums(values, mean, quantiles[2], quantiles[0], quantiles[-1], sums)
    variance = float(sums[1]) / number
    skewness, kurtosis = 0.0, 0.0
    if variance > 0:
        skewness = float(sums[2]) / number / variance**1.5
        kurtosis = float(sums[3]) / number / variance**2
    return Summary(
        number=number,
        minimum=minimum,
        maximum=maximum,
        mean=mean,
        quantiles=quantiles,
        variance=variance,
        skewness=skewness,
        kurtosis=kurtosis,
        deviation=float(sums[0]) / number,
        trimmed_deviation=float(sums[7] / sums[6]) if sums[6] else math.nan,
        median_deviation=float(sums[5]) / number,
        energy=float(sums[4]),
    )


def order_statistics(
    values: Floats, fractions: Sequence[float]
) -> tuple[float, float, tuple[float, ...]]:
    """Smallest and largest value and quantiles, from a few ranks instead of a sort.

    The quantile at fraction f lies at rank f (n - 1), linear between whole ranks.

    >>> order_statistics(np.array([4.0, 1.0, 3.0, 2.0]), (0.5, 0.9))
    (1.0, 4.0, (2.5, 3.7))
    """
    last = values.size - 1
    places = [fraction * last for fraction in fractions]
    lower = [int(place) for place in places]
    upper = [min(low + 1, last) for low in lower]
    ranks = np.array([0, last, *lower, *upper], np.int64)
    ranked = np.empty(ranks.size)
    if not values_at_ranks(values, ranks, ranked):
        ranked = np.sort(values, kind="stable")[ranks]
    smallest, largest, *rest = ranked.tolist()
    found = []
    for place, low, a, b in zip(
        places, lower, rest[: len(lower)], rest[len(lower) :], strict=True
    ):
        part = place - low
        found.append(b - (b - a) * (1 - part) if part >= 0.5 else a + (b - a) * part)
    return smallest, largest, tuple(found)
