"""Pooled numbers that equal those of the pooled raw data: counts, moments, bins, sums.

Every function takes (site, column) arrays of the sites that are pooled; NaN means that a
site does not have the cell. Sums are exact in the order of sites (`math.fsum` inside
`equisite.stats.moments`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.stats.moments import Reals, column_sums, merge_moments, merge_products

Z95 = 1.959963984540054
"""97.5 % quantile of the normal distribution."""


@dataclass(frozen=True)
class PooledMoments:
    """n, mean (about the centre) and SD of all patients of all sites, (column,) each."""

    sites: NDArray[np.int64]
    n: Reals
    mean: Reals
    m2: Reals

    @property
    def sd(self) -> Reals:
        """Standard deviation with n - 1."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.sqrt(np.where(self.n > 1, self.m2 / (self.n - 1), np.nan)))


def pool_moments(n: Reals, mean: Reals, m2: Reals) -> PooledMoments:
    """Merge the sites' moments (Chan, Golub and LeVeque 1983)."""
    here = np.isfinite(n) & np.isfinite(mean) & np.isfinite(m2) & (np.nan_to_num(n) > 0)
    counts = np.where(here, n, 0.0)
    total, pooled, merged = merge_moments(
        counts, np.where(here, mean, 0.0), np.where(here, m2, 0.0)
    )
    none = total == 0
    return PooledMoments(
        here.sum(axis=0).astype(np.int64), total, pooled, np.where(none, np.nan, merged)
    )


def pool_counts(low: Reals, high: Reals) -> tuple[NDArray[np.int64], Reals, Reals]:
    """Sites that have the cell, and the bounds of the sum over them.

    low, high: bounds at each site (`equisite.compare.intervals`), equal where published.
    """
    here = np.isfinite(low)
    total_low = column_sums(np.where(here, low, 0.0))
    unbounded = (here & np.isnan(high)).any(axis=0)
    total_high = np.where(
        unbounded, np.nan, column_sums(np.where(here, np.nan_to_num(high), 0.0))
    )
    sites = here.sum(axis=0).astype(np.int64)
    none = sites == 0
    return sites, np.where(none, np.nan, total_low), np.where(none, np.nan, total_high)


def wilson(count: Reals, n: Reals) -> tuple[Reals, Reals]:
    """95 % Wilson score interval of a share, without continuity correction.

    Source: Wilson 1927, J. Am. Stat. Assoc. 22:209.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        p = count / n
        scale = 1 + Z95**2 / n
        centre = (p + Z95**2 / (2 * n)) / scale
        half = Z95 / scale * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def coarsened(counts: Reals, level: int, target: int) -> Reals:
    """Bins of a histogram (last axis, level + 2 with two open ends) at a coarser level.

    Raises ValueError when the levels are not nested.
    """
    if level % target:
        raise ValueError("the levels of the histograms are not nested")
    inner = counts[..., 1:-1]
    merged = inner.reshape(*inner.shape[:-1], target, level // target).sum(axis=-1)
    return np.concatenate([counts[..., :1], merged, counts[..., -1:]], axis=-1)


def quantile_bin(counts: Reals, share: float) -> int:
    """Index of the bin in which the quantile of a pooled histogram lies."""
    running = np.cumsum(counts)
    return int(np.searchsorted(running, share * running[-1], side="left"))


@dataclass(frozen=True)
class Products:
    """Site-centred co-moments of one site: n, means and sums of products (p covariates)."""

    n: float
    mean_x: Reals
    mean_y: float
    sxx: Reals
    sxy: Reals
    syy: float


@dataclass(frozen=True)
class Slopes:
    """Common slopes with one intercept per site. n, df: patients, residual degrees.

    b, se: (p,). r2: share of the within-site sum of squares that the covariates explain.
    """

    n: float
    df: float
    b: Reals
    se: Reals
    r2: float


CONDITION = 1e10


def merged_within(parts: list[Products]) -> Products:
    """The blocks of one site (its patterns of missing values) as one block."""
    n = np.array([p.n for p in parts])
    mean_x = np.array([p.mean_x for p in parts])
    mean_y = np.array([p.mean_y for p in parts])
    width = mean_x.shape[1]
    sxx = np.array(
        [
            [
                merge_products(
                    n, mean_x[:, i], mean_x[:, j], np.array([p.sxx[i, j] for p in parts])
                )
                for j in range(width)
            ]
            for i in range(width)
        ]
    )
    sxy = np.array(
        [
            merge_products(n, mean_x[:, i], mean_y, np.array([p.sxy[i] for p in parts]))
            for i in range(width)
        ]
    )
    syy = merge_products(n, mean_y, mean_y, np.array([p.syy for p in parts]))
    return Products(
        float(n.sum()),
        np.array([float((n * mean_x[:, i]).sum() / n.sum()) for i in range(width)]),
        float((n * mean_y).sum() / n.sum()),
        sxx,
        sxy,
        syy,
    )


def slopes(sites: list[Products]) -> Slopes | None:
    """Least squares with an intercept per site and common slopes, from the sites' sums.

    b = (sum Sxx)^-1 sum sxy (Frisch and Waugh), the matrix scaled to unit diagonal and
    solved by Cholesky. None when it cannot be estimated: too few patients, a covariate that
    does not vary inside any site, or a condition number above 1e10.
    """
    from scipy.linalg import cho_factor, cho_solve

    sxx = np.sum([s.sxx for s in sites], axis=0)
    sxy = np.sum([s.sxy for s in sites], axis=0)
    syy = float(np.sum([s.syy for s in sites]))
    n = float(sum(s.n for s in sites))
    p = sxx.shape[0]
    df = n - len(sites) - p
    scale = np.sqrt(np.diag(sxx))
    if df < 1 or not (scale > 0).all() or syy <= 0:
        return None
    unit = sxx / np.outer(scale, scale)
    if not np.isfinite(unit).all() or np.linalg.cond(unit) > CONDITION:
        return None
    factor = cho_factor(unit)
    b = cho_solve(factor, sxy / scale) / scale
    explained = float(b @ sxy)
    residual = max(syy - explained, 0.0)
    variance = np.diag(cho_solve(factor, np.eye(p))) / scale**2 * residual / df
    return Slopes(n, df, b, np.sqrt(variance), explained / syy)
