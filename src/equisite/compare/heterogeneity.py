"""How unlike the sites' results on the public pack are: the two measures of ONCOLINER.

Source: Martín et al., Cell Genomics 4(9):100639 (2024), and the published code
(EUCANCan/oncoliner, module harmonization). Article and code differ in the centre of the
distances; both are here, and the code's is the one to compare with its reports.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

Point = tuple[float, float]
"""Recall and precision of one site."""

LARGEST = math.sqrt(2.0) / 2.0
"""Mean distance from the mean of points in the unit square: half of them in one corner, half
in the opposite one. The code divides by it, so that 1 is the maximum."""

ROUNDS = 10_000
SETTLED = 1e-15


def performance_heterogeneity(points: Sequence[Point]) -> float:
    """`phs` of the published code: mean distance from the mean, over its maximum; 0 to 1.

    (1/n) sum_i d_i / (sqrt(2)/2), d_i the Euclidean distance of point i from the arithmetic
    mean of all n. NaN for fewer than two points.

    >>> round(performance_heterogeneity([(0.95, 0.97), (0.93, 0.98), (0.60, 0.99)]), 3)
    0.214
    """
    if len(points) < 2:
        return math.nan
    return mean_distance(points, _mean(points)) / LARGEST


def h_score(points: Sequence[Point]) -> float:
    """`H_score` of the article: mean distance from the point that makes it smallest.

    NaN for fewer than two points.

    >>> round(h_score([(0.95, 0.97), (0.93, 0.98), (0.60, 0.99)]), 3)
    0.118
    """
    if len(points) < 2:
        return math.nan
    return mean_distance(points, geometric_median(points))


def gene_discordance(sets: Sequence[Collection[str]]) -> float:
    """`GDR`: 1 - |intersection| / |union| of the genes hit at each site.

    A site without any gene is the empty set, hence 1 where others have some; NaN where no
    site has a gene, and for fewer than two sites. The published code leaves such a site
    out, and gives 0 where no site has a gene.

    >>> gene_discordance([{"A", "B"}, {"A"}]), gene_discordance([{"A"}, set()])
    (0.5, 1.0)
    """
    if len(sets) < 2:
        return math.nan
    union = set().union(*sets)
    shared = set(sets[0]).intersection(*sets[1:])
    return 1.0 - len(shared) / len(union) if union else math.nan


def mean_distance(points: Sequence[Point], centre: Point) -> float:
    """Mean Euclidean distance of some points from a centre."""
    return math.fsum(math.dist(point, centre) for point in points) / len(points)


def geometric_median(points: Sequence[Point]) -> Point:
    """The point with the smallest sum of distances to all others.

    Weiszfeld's iteration from the mean; every given point is tried as well, because near one
    that is the answer the iteration hardly moves.
    Source: Weiszfeld, Tohoku Mathematical Journal 43:355 (1937).
    """
    centre = _mean(points)
    for _ in range(ROUNDS):
        weights = [1.0 / d for point in points if (d := math.dist(point, centre)) > 0.0]
        if len(weights) < len(points):
            break  # on a given point, which is tried below
        total = math.fsum(weights)
        moved = (
            math.fsum(w * p[0] for w, p in zip(weights, points, strict=True)) / total,
            math.fsum(w * p[1] for w, p in zip(weights, points, strict=True)) / total,
        )
        step, centre = math.dist(moved, centre), moved
        if step < SETTLED:
            break
    return min([centre, *sorted(points)], key=lambda c: mean_distance(points, c))


def _mean(points: Sequence[Point]) -> Point:
    return (
        math.fsum(point[0] for point in points) / len(points),
        math.fsum(point[1] for point in points) / len(points),
    )
