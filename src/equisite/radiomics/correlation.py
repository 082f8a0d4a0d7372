"""Maximal correlation coefficient of co-occurrence matrices, as PyRadiomics defines it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EPS = float(np.spacing(1))
"""Small number that PyRadiomics adds inside logarithms and here to a product."""

LEAST_LEVELS = 20
"""From this many grey levels on the symmetric way is faster than the general one."""

NEGLIGIBLE = 1e-11
"""Relative error that the symmetric way may have at most."""


def maximal_correlation(pairs: NDArray[np.int32]) -> float:
    """Mean over the directions of the root of the second eigenvalue of Q; 1 for one level.

    pairs: (A, K, K) counts of one direction each, none of them empty.
    Q(i, j) = sum over k of p(i, k) p(j, k) / (p(i) p(k) + eps). A root of a negative number
    is left out of the mean. Source: PyRadiomics 3.0.1, glcm.getMCCFeatureValue.
    """
    if pairs.shape[1] < 2:
        return 1.0
    joint = (pairs + pairs.transpose(0, 2, 1)).astype(np.float64)
    joint /= joint.sum(axis=(1, 2), keepdims=True)
    margin = joint.sum(axis=2)
    if pairs.shape[1] < LEAST_LEVELS:
        return _mean_root(_second_general(joint, margin))
    second = _second_symmetric(joint, margin)
    unknown = np.isnan(second)
    if unknown.any():
        general = _second_general(joint[unknown], margin[unknown])
        if (general.real < 0).any():  # whether it counts depends on all directions
            return _mean_root(_second_general(joint, margin))
        second[unknown] = general.real
    return _mean_root(second)


def _mean_root(values: NDArray[np.inexact[Any]]) -> float:
    """Mean of the square roots that are numbers."""
    with np.errstate(invalid="ignore"):
        roots = np.sqrt(values)
    roots = roots[~np.isnan(roots)]
    return float(roots.mean().real) if roots.size else math.nan


def _second_general(joint: Floats, margin: Floats) -> NDArray[np.inexact[Any]]:
    """Second eigenvalue of each Q, complex if any eigenvalue of any Q is."""
    expected = margin[:, :, None] * margin[:, None, :] + EPS
    values = np.linalg.eigvals((joint / expected) @ joint.transpose(0, 2, 1))
    values.sort(axis=1)
    second: NDArray[np.inexact[Any]] = values[:, -2]
    return second


def _second_symmetric(joint: Floats, margin: Floats) -> Floats:
    """Second eigenvalue of each Q, NaN where that is not exact enough.

    Without eps, Q is similar to the square of A = D^-1/2 P D^-1/2, D = diag(p(i)), which is
    symmetric. With w the eigenvector of A, the eigenvalue of Q is w' D^1/2 Q D^-1/2 w; its
    error is at most the square of what eps changes over the gap to the next eigenvalue
    (Golub and Van Loan, Matrix Computations, 4th ed., 7.2 and 8.1). What eps changes is
    bounded by the Frobenius norm of A eps / (p(i) p(k)).
    """
    filled = np.where(margin > 0, margin, 1.0)  # a level without neighbours has a row of 0
    root = np.sqrt(filled)
    product = filled[:, :, None] * filled[:, None, :]
    similar = joint / np.sqrt(product)
    values = np.linalg.eigvalsh(similar)
    order = np.argsort(np.abs(values), axis=1, kind="stable")
    second = np.take_along_axis(values, order[:, [-2]], axis=1)[:, 0]
    squares = np.take_along_axis(values, order, axis=1) ** 2
    gap = np.minimum(squares[:, -1] - squares[:, -2], squares[:, -2] - squares[:, -3])
    change = ((similar * (EPS / product)) ** 2).sum(axis=(1, 2))
    exact = (change <= NEGLIGIBLE * squares[:, -2] * gap) & (gap > 0)
    found = np.full(second.size, math.nan)
    if not exact.any():
        return found
    similar, second, gap = similar[exact], second[exact], gap[exact]
    vector = _eigenvectors(similar, second)
    rest = (similar @ vector[:, :, None])[:, :, 0] - second[:, None] * vector
    pure = np.abs(rest).max(axis=1) <= math.sqrt(NEGLIGIBLE) * np.abs(second) * gap
    left = (root[exact] * vector)[:, None, :] @ (joint[exact] / (product[exact] + EPS))
    right = joint[exact].transpose(0, 2, 1) @ (vector / root[exact])[:, :, None]
    found[exact] = np.where(pure, (left @ right)[:, 0, 0], math.nan)
    return found


def _eigenvectors(matrices: Floats, values: Floats) -> Floats:
    """Unit eigenvectors (A, K) of simple eigenvalues (A,), by one inverse iteration."""
    angles, size = values.size, matrices.shape[1]
    shifted = matrices - (values * (1 + 1e-10))[:, None, None] * np.eye(size)
    start = np.broadcast_to(np.cos(np.arange(size) ** 2.0)[:, None], (angles, size, 1))
    vector = np.linalg.solve(shifted, start)[:, :, 0]
    unit: Floats = vector / np.sqrt((vector**2).sum(axis=1, keepdims=True))
    return unit
