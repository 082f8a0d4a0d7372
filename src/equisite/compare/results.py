"""Rows of the result tables; the report is made from these files and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NAN = math.nan

OK, ABSENT, INTERVAL, WITHHELD = "ok", "absent", "interval", "withheld"


@dataclass(frozen=True)
class SiteRow:
    """One line of `sites.tsv`: what one site says about one cell.

    status: as in the bundle; `absent` when the site has no such cell. n: patients behind
    the cell. value: count, bin or mean (transformed scale). low, high: bounds of a count, or
    the 95 % interval of a mean. sd: of the values. weight: in the random-effects mean.
    without: random-effects mean of the other sites. share: count / n, with its Wilson
    interval. in_unit: mean in the codebook's unit (geometric where the scale is log10).
    text: digest, reason or scores.
    """

    table: str
    kind: str
    analysis_set: str
    key: str
    site: str
    pooled: bool
    status: str
    n: float = NAN
    value: float = NAN
    low: float = NAN
    high: float = NAN
    sd: float = NAN
    weight: float = NAN
    without: float = NAN
    share: float = NAN
    share_low: float = NAN
    share_high: float = NAN
    in_unit: float = NAN
    text: str = ""


@dataclass(frozen=True)
class PooledRow:
    """One line of `pooled.tsv`: one cell over all pooled sites.

    measure: count, bin, sum, mean, median, slope or icc. sites: that gave it. low,
    high: bounds of a sum with withheld parts (status `interval`), else the 95 % interval.
    share_low, share_high: Wilson interval; with status `interval` over both bounds. Of a
    slope, sd is its standard error and share the model's R2.
    """

    table: str
    kind: str
    analysis_set: str
    key: str
    measure: str
    sites: int
    status: str
    n: float = NAN
    value: float = NAN
    low: float = NAN
    high: float = NAN
    sd: float = NAN
    share: float = NAN
    share_low: float = NAN
    share_high: float = NAN
    in_unit: float = NAN
    text: str = ""


@dataclass(frozen=True)
class MetaRow:
    """One line of `meta.tsv`: random effects over the pooled sites, transformed scale.

    fixed, fixed_se: inverse-variance mean. mean, se, low, high: random effects (REML,
    modified Hartung-Knapp). tau2_low, tau2_high: Q-profile. p: of Q; p_adjusted within the
    family. settled: the likelihood's maximum was found. changed_most: site without which
    the mean changes most, and by how much.
    """

    table: str
    analysis_set: str
    key: str
    family: str
    sites: int
    n: float
    fixed: float
    fixed_se: float
    mean: float
    se: float
    low: float
    high: float
    predict_low: float
    predict_high: float
    tau2: float
    tau2_low: float
    tau2_high: float
    q: float
    p: float
    p_adjusted: float
    i2: float
    settled: bool
    changed_most: str
    change: float


def silent_sites(rows: Iterable[SiteRow]) -> set[str]:
    """Sites that withheld every table of the protocol: nothing of theirs enters a number."""
    tables = [row for row in rows if row.kind == "table"]
    return {row.site for row in tables} - {row.site for row in tables if row.status != WITHHELD}


def reals(values: NDArray[np.float64]) -> list[float]:
    """Numbers of an array as plain floats, in order."""
    return [float(v) for v in values.tolist()]
