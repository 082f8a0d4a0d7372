"""Where D would lie if no site were off: limits from made-up consortia of the same shape.

D of few sites or of small families scatters more, so one fixed limit would either cry wolf
with three sites or sleep with thirty. The limits are quantiles of the largest D in
consortia with as many sites, patients and variables, in which every site differs from the
others by chance and by ordinary site effects only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.compare import distance

Reals = NDArray[np.float64]

SITE_SD, FAMILY_SD = 0.25, 0.12
"""Ordinary site effects on a mean: of each variable, and shared by its family, in SD."""
SPREAD_SD, SHARE_SD = 0.05, 0.02
TRIALS = 400
SEED = 20240517
LARGEST_FAMILY, LARGEST_K = 40, 30
"""Larger families and consortia scatter no less than these; they would only cost time."""
WATCH_FLOOR, LOOK_FLOOR = 1.7, 2.0
"""Limits of twelve sites with families of some thirty variables."""


@dataclass(frozen=True)
class Limits:
    """watch, look: quantiles .95 and .99 of the largest D of a consortium without a fault,
    never below 1.7 and 2.0. trials: how many consortia were made."""

    watch: float
    look: float
    trials: int


def limits(patients: Reals, families: Mapping[str, int], genes: int) -> Limits:
    """Limits of D for sites with these numbers of patients.

    patients: (site,). families: number of variables with moments in each family. genes:
    number of shares.
    """
    n = np.sort(patients)[:: max(1, -(-patients.size // LARGEST_K))]
    rng = np.random.default_rng(SEED)
    highest = np.zeros(TRIALS)
    for _, count in sorted(families.items()):
        for apart in _made_family(rng, n, min(count, LARGEST_FAMILY)):
            highest = np.maximum(highest, _largest_ratio(apart))
    if genes:
        apart = _made_genes(rng, n, min(genes, LARGEST_FAMILY))
        highest = np.maximum(highest, _largest_ratio(apart))
    watch, look = (float(q) for q in np.quantile(highest, [0.95, 0.99]))
    return Limits(max(round(watch, 2), WATCH_FLOOR), max(round(look, 2), LOOK_FLOOR), TRIALS)


def _largest_ratio(apart: distance.Distances) -> Reals:
    """(trial,): the largest score of a family over that of the median site.

    apart: columns are trial after trial of one family without gaps.
    """
    z = apart.z.reshape(apart.z.shape[0], TRIALS, -1)
    e = distance.capped(z)
    return np.asarray((e / np.maximum(np.median(e, axis=0), 1.0)).max(axis=0))


def _made_family(
    rng: np.random.Generator, n: Reals, count: int
) -> tuple[distance.Distances, distance.Distances]:
    """Distances in location and in spread of one family in all trials."""
    shape = (n.size, TRIALS * count)
    counts = np.broadcast_to(n[:, None], shape)
    shared = np.repeat(rng.normal(0.0, FAMILY_SD, (n.size, TRIALS)), count, axis=1)
    mean = (
        shared + rng.normal(0.0, SITE_SD, shape) + rng.normal(0.0, 1.0, shape) / np.sqrt(counts)
    )
    spread = np.exp(
        rng.normal(0.0, SPREAD_SD, shape) + rng.normal(0.0, 1.0, shape) / np.sqrt(2.0 * counts)
    )
    return distance.location(counts, mean, spread), distance.spread(counts, spread)


def _made_genes(rng: np.random.Generator, n: Reals, count: int) -> distance.Distances:
    """Distances in shares of carriers in all trials."""
    shape = (n.size, TRIALS * count)
    counts = np.broadcast_to(n[:, None], shape)
    common = rng.uniform(0.1, 0.5, (1, TRIALS * count))
    share = np.clip(common + rng.normal(0.0, SHARE_SD, shape), 0.01, 0.99)
    carriers = rng.binomial(counts.astype(np.int64), share).astype(np.float64)
    return distance.share(carriers, counts)
