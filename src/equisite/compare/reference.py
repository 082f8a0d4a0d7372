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
    sizes = {f: min(c, LARGEST_FAMILY) for f, c in sorted(families.items()) if c}
    n = np.sort(patients)[:: max(1, -(-patients.size // LARGEST_K))]
    rng = np.random.default_rng(SEED)
    found = [_largest_d(rng, n, sizes, min(genes, LARGEST_FAMILY)) for _ in range(TRIALS)]
    watch, look = (float(q) for q in np.quantile(np.array(found), [0.95, 0.99]))
    return Limits(max(round(watch, 2), WATCH_FLOOR), max(round(look, 2), LOOK_FLOOR), TRIALS)


def _largest_d(
    rng: np.random.Generator, n: Reals, sizes: Mapping[str, int], genes: int
) -> float:
    """The largest D of one consortium without a fault."""
    scores = []
    for family, count in sizes.items():
        shape = (n.size, count)
        counts = np.broadcast_to(n[:, None], shape)
        mean = (
            rng.normal(0.0, SITE_SD, shape)
            + rng.normal(0.0, FAMILY_SD, (n.size, 1))
            + rng.normal(0.0, 1.0, shape) / np.sqrt(counts)
        )
        spreads = np.exp(
            rng.normal(0.0, SPREAD_SD, shape)
            + rng.normal(0.0, 1.0, shape) / np.sqrt(2.0 * counts)
        )
        names = [family] * count
        moved = distance.location(counts, mean, spreads)
        scores += distance.family_scores(names, distance.LOCATION, moved)
        scores += distance.family_scores(
            names, distance.SPREAD, distance.spread(counts, spreads)
        )
    if genes:
        shape = (n.size, genes)
        counts = np.broadcast_to(n[:, None], shape)
        share = np.clip(
            rng.uniform(0.1, 0.5, (1, genes)) + rng.normal(0.0, SHARE_SD, shape), 0.01, 0.99
        )
        carriers = rng.binomial(counts.astype(np.int64), share).astype(np.float64)
        scores += distance.family_scores(
            ["genes"] * genes, distance.SHARE, distance.share(carriers, counts)
        )
    return float(distance.largest(scores, n.size)[0].max())
