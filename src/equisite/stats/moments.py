"""Moments and co-moments about the mean, summed so that no order changes a byte.

Every sum is `math.fsum`, which is exact up to one final rounding: the result depends on
the set of values only, never on the order of patients or sites. Formulas: Chan, Golub and
LeVeque 1983 (merge), and the corrected two-pass algorithm for the sum of squares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Count, mean and M2 = sum (x - mean)^2 of each column.

    n: number of rows, the same for every column. mean, m2: (column,) float64; NaN mean
    and zero m2 when n is 0.
    """

    n: int
    mean: Reals
    m2: Reals


@dataclass(frozen=True)
class Comoments:
    """Products about the site's own means.

    mean_x, mean_y: (p,), (f,). sxx: (p, p) of the covariates. sxy: (p, f) covariates by
    features. syy: (f,), sum (y - mean)^2 of each feature.
    """

    n: int
    mean_x: Reals
    mean_y: Reals
    sxx: Reals
    sxy: Reals
    syy: Reals


def column_sums(matrix: Reals) -> Reals:
    """Exactly rounded sum of each column of a (row, column) matrix."""
    return np.array([math.fsum(column) for column in matrix.T.tolist()], dtype=np.float64)


def moments(matrix: Reals) -> Moments:
    """Moments of each column of a (patient, column) matrix without missing values.

    m2 is the corrected two-pass sum: sum d^2 - (sum d)^2 / n, d = x - mean.
    """
    n = matrix.shape[0]
    if n == 0:
        return Moments(0, np.full(matrix.shape[1], np.nan), np.zeros(matrix.shape[1]))
    mean = column_sums(matrix) / n
    deviation = matrix - mean
    m2 = column_sums(deviation * deviation) - column_sums(deviation) ** 2 / n
    return Moments(n, mean, np.maximum(m2, 0.0))


def comoments(covariates: Reals, features: Reals) -> Comoments:
    """Co-moments of (patient, p) covariates and (patient, f) features, none missing.

    sxy = sum (x - mean_x)(y - mean_y) - sum (x - mean_x) sum (y - mean_y) / n.
    Raises ValueError when there is no patient.
    """
    n = covariates.shape[0]
    if n == 0:
        raise ValueError("co-moments need at least one row")
    x_mean, y_mean = column_sums(covariates) / n, column_sums(features) / n
    dx, dy = covariates - x_mean, features - y_mean
    rest_x, rest_y = column_sums(dx), column_sums(dy)
    sxx = np.stack([column_sums(dx * dx[:, [j]]) for j in range(dx.shape[1])])
    sxy = np.stack([column_sums(dy * dx[:, [j]]) for j in range(dx.shape[1])])
    syy = column_sums(dy * dy) - rest_y**2 / n
    return Comoments(
        n,
        x_mean,
        y_mean,
        sxx - np.outer(rest_x, rest_x) / n,
        sxy - np.outer(rest_x, rest_y) / n,
        np.maximum(syy, 0.0),
    )


def merge_moments(n: Reals, mean: Reals, m2: Reals) -> tuple[Reals, Reals, Reals]:
    """Moments of all rows of all sites from the sites' own moments (Chan's merge).

    n, mean, m2: (site, column); a site without a column has n = 0 there, and its mean and
    m2 are not looked at. Returns (column,) n, mean, m2; mean is NaN where nobody has rows.
    M2 = sum_i m2_i + sum_i n_i (mean_i - mean)^2.
    """
    present = n > 0
    own_mean = np.where(present, mean, 0.0)
    total = column_sums(n)
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = np.where(total > 0, column_sums(n * own_mean) / total, np.nan)
    centre = np.where(total > 0, pooled, 0.0)
    # second pass about the first estimate: takes away its rounding error
    gap = np.where(present, own_mean - centre, 0.0)
    rest = column_sums(n * gap)
    safe_total = np.where(total > 0, total, 1.0)
    pooled = pooled + rest / safe_total
    between = np.concatenate([np.where(present, m2, 0.0), n * gap * gap])
    merged = column_sums(between) - rest**2 / safe_total
    return total, pooled, np.maximum(merged, 0.0)


def merge_products(n: Reals, mean_a: Reals, mean_b: Reals, products: Reals) -> float:
    """Pooled sum of products about the pooled means, from each site's own.

    n, mean_a, mean_b, products: (site,), products_i = sum (a - mean_a_i)(b - mean_b_i).
    Returns sum_i products_i + sum_i n_i (mean_a_i - mean_a)(mean_b_i - mean_b).
    """
    _, centre_a, _ = merge_moments(n[:, None], mean_a[:, None], np.zeros((n.size, 1)))
    _, centre_b, _ = merge_moments(n[:, None], mean_b[:, None], np.zeros((n.size, 1)))
    gap_a, gap_b = mean_a - centre_a, mean_b - centre_b
    return math.fsum([*products.tolist(), *(n * gap_a * gap_b).tolist()])
