"""How far each site is from the others: one capped score per family of variables.

For every variable a robust z says how far a site lies from the median site, in location
and in spread. Within a family the z are capped and averaged, so one wild variable cannot
carry a family; a site's D is its largest family score over that of the median site.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

CAP = 3.0
SMALLEST_FAMILY = 3
LOCATION_FLOOR, SPREAD_FLOOR, SHARE_FLOOR = 0.15, 0.08, 0.05
MAD_TO_SD = 1.4826
LOCATION, SPREAD, SHARE = "location", "spread", "share"


@dataclass(frozen=True)
class FamilyScore:
    """Score of one family and statistic: e and ratio are (site,), z is (site, variable).

    ratio = e / max(median e, 1). columns: which variables, as given to `family_scores`. gap:
    distance from the median site before scaling: SD of the patients, log ratio of the
    spreads, or radians of a share.
    """

    family: str
    statistic: str
    columns: NDArray[np.int64]
    z: Reals
    gap: Reals
    e: Reals
    ratio: Reals


def _median(values: Reals) -> Reals:
    """Median over sites of each column, NaN where no site has a value."""
    out = np.full(values.shape[1], np.nan)
    some = np.isfinite(values).any(axis=0)
    if some.any():
        out[some] = np.nanmedian(values[:, some], axis=0)
    return out


@dataclass(frozen=True)
class Distances:
    """(site, variable): gap from the median site, and gap in robust standard errors."""

    gap: Reals
    z: Reals


def _robust(values: Reals, sampling: Reals, floor: float) -> Distances:
    """z = (value - median) / sqrt(max(MAD, floor)^2 + sampling variance)."""
    gap = values - _median(values)
    mad = np.maximum(MAD_TO_SD * _median(np.abs(gap)), floor)
    return Distances(np.asarray(gap), np.asarray(gap / np.sqrt(mad**2 + sampling)))


def location(n: Reals, mean: Reals, sd: Reals) -> Distances:
    """Robust z of the means in units of the median site's SD, sampling variance 1/n."""
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = _median(sd)
        return _robust(mean / np.where(scale > 0, scale, np.nan), 1.0 / n, LOCATION_FLOOR)


def spread(n: Reals, sd: Reals) -> Distances:
    """Robust z of log(SD / median SD), sampling variance 1/(2n)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(sd > 0, sd, np.nan) / _median(sd)
        return _robust(np.log(ratio), 1.0 / (2.0 * n), SPREAD_FLOOR)


def share(count: Reals, n: Reals) -> Distances:
    """Robust z of 2 asin sqrt(share), sampling variance 1/n."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return _robust(2.0 * np.arcsin(np.sqrt(count / n)), 1.0 / n, SHARE_FLOOR)


def capped(z: Reals) -> Reals:
    """sqrt(mean over the last axis of min(|z|, 3)^2); missing z are not counted."""
    here = np.isfinite(z)
    squares = np.where(here, np.minimum(np.abs(np.where(here, z, 0.0)), CAP) ** 2, 0.0)
    counted = here.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counted > 0, np.sqrt(squares.sum(axis=-1) / counted), np.nan)


def family_scores(
    families: list[str], statistic: str, distances: Distances
) -> list[FamilyScore]:
    """Capped score of every family with at least three variables, families sorted.

    families: of each column. e_i = sqrt(mean over variables of min(|z|, 3)^2).
    """
    out = []
    z = distances.z
    for family in sorted(set(families)):
        columns = np.array([c for c, f in enumerate(families) if f == family], dtype=np.int64)
        usable = columns[(np.isfinite(z[:, columns]).sum(axis=0) > 1)]
        if usable.size < SMALLEST_FAMILY:
            continue
        part = z[:, usable]
        e = capped(part)
        middle = max(float(np.nanmedian(e)), 1.0)
        gap = distances.gap[:, usable]
        out.append(FamilyScore(family, statistic, usable, part, gap, e, e / middle))
    return out


def largest(scores: list[FamilyScore], sites: int) -> tuple[Reals, list[FamilyScore | None]]:
    """D of every site, and the family and statistic at which it is reached.

    Sites without any usable family have D 0 and None.
    """
    d = np.zeros(sites)
    where: list[FamilyScore | None] = [None] * sites
    for score in scores:
        for site in range(sites):
            ratio = score.ratio[site]
            if np.isfinite(ratio) and (where[site] is None or ratio > d[site]):
                d[site], where[site] = float(ratio), score
    return d, where
