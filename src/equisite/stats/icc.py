"""Intraclass correlation of one-way repeated measurements, and its pooling over sites."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class MeanSquares:
    """What the correlation is computed from; sums over cases, no value of a case.

    df_between, df_within: degrees of freedom. k: measurements per case. between, within: mean
    squares, in the square of the feature's unit.
    """

    df_between: int
    df_within: int
    k: int
    between: float
    within: float


@dataclass(frozen=True)
class Icc:
    """ICC(1,1) with its interval; all NaN when every measurement is the same."""

    value: float
    lower: float
    upper: float


def mean_squares(values: NDArray[np.float64]) -> MeanSquares:
    """Mean squares of (case, copy) values, all finite, at least two cases and two copies.

    MSB = k sum (m_i - m)^2 / (n - 1), MSW = sum sum (x_ij - m_i)^2 / (n (k - 1)), by exact
    sums, so that the order of cases changes no bit.
    Raises ValueError for fewer cases or copies, or a value that is not finite.
    Source: Shrout and Fleiss, Psychol Bull 86:420 (1979), table 2.
    """
    n, k = values.shape
    if n < 2 or k < 2 or not np.isfinite(values).all():
        raise ValueError("an ICC needs finite values of two cases and two copies at least")
    means = [math.fsum(row) / k for row in values]
    grand = math.fsum(means) / n
    between = k * math.fsum((m - grand) ** 2 for m in means) / (n - 1)
    within = math.fsum(
        (x - m) ** 2 for row, m in zip(values, means, strict=True) for x in row
    ) / (n * (k - 1))
    return MeanSquares(n - 1, n * (k - 1), k, between, within)


def pooled(parts: Iterable[MeanSquares]) -> MeanSquares:
    """Mean squares of several sites, weighted by their degrees of freedom.

    Differences between the sites' means are no part of it: one site's scanner does not make
    a feature look reproducible. Raises ValueError when the parts have other k, or are none.
    """
    sites = list(parts)
    if len({site.k for site in sites}) != 1:
        raise ValueError("pooling needs parts with one number of copies")
    between = sum(site.df_between for site in sites)
    within = sum(site.df_within for site in sites)
    return MeanSquares(
        between,
        within,
        sites[0].k,
        math.fsum(s.df_between * s.between for s in sites) / between,
        math.fsum(s.df_within * s.within for s in sites) / within,
    )


def intraclass_correlation(squares: MeanSquares, level: float = 0.95) -> Icc:
    """ICC(1,1) = (MSB - MSW) / (MSB + (k - 1) MSW) with the interval of the F distribution.

    level: coverage of the interval. Source: Shrout and Fleiss (1979), ICC(1,1) and the
    paragraph on its confidence interval; McGraw and Wong, Psychol Methods 1:30 (1996).

    >>> squares = MeanSquares(5, 18, 4, 11.24, 6.26)
    >>> round(intraclass_correlation(squares).value, 2)
    0.17
    """
    from scipy.special import fdtri

    k, between, within = squares.k, squares.between, squares.within
    if within == 0:
        return Icc(*([math.nan if between == 0 else 1.0] * 3))
    ratio = between / within
    tail = (1 + level) / 2
    lowest = ratio / float(fdtri(squares.df_between, squares.df_within, tail))
    highest = ratio * float(fdtri(squares.df_within, squares.df_between, tail))
    return Icc(*((f - 1) / (f + k - 1) for f in (ratio, lowest, highest)))
