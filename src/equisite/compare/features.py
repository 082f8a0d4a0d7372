"""Means of features: each site's, those of all patients, and their meta-analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equisite.codebook.book import Codebook
from equisite.compare.cells import MomentBlock, Party, Reals
from equisite.compare.pooling import Z95, pool_moments
from equisite.compare.results import ABSENT, OK, MetaRow, PooledRow, SiteRow, reals
from equisite.compare.words import family_of
from equisite.stats import meta


@dataclass(frozen=True)
class FeatureResults:
    """Rows of the three tables, and the arrays that the ranking of sites stands on.

    centre: (column,). sd: (site, column). families: of each column.
    """

    sites: list[SiteRow]
    pooled: list[PooledRow]
    meta: list[MetaRow]
    sd: Reals
    families: list[str]


def standard_deviation(n: Reals, m2: Reals) -> Reals:
    """SD with n - 1; NaN for fewer than two patients."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt(np.where(n > 1, m2 / (n - 1), np.nan)))


def analyse_features(
    parties: list[Party], block: MomentBlock, book: Codebook
) -> FeatureResults:
    """Pool and compare all moments and quality numbers; pooled are the sites that conform."""
    from scipy.special import stdtrit

    columns = [key.get("feature") or "" for _, key in block.names]
    constants = [book.constant(c) for c in columns]
    families = [family_of(book, c) for c in columns]
    centre = np.array([c.centre for c in constants])
    sd = standard_deviation(block.n, block.m2)
    used = np.array([p.pooled for p in parties], dtype=bool)

    y = np.where(used[:, None], block.mean, np.nan)[used]
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(sd**2 / block.n)
        t = stdtrit(np.maximum(block.n - 1, 1), 0.975)
    v = (error**2)[used]
    fixed = meta.fixed_effect(y, v)
    tau2, settled = meta.reml_tau2(y, v, fixed.tau2)
    random = meta.random_effects(y, v, tau2)
    tau2_low, tau2_high = meta.tau2_interval(y, v)
    left_out = meta.leave_one_out(y, v)
    adjusted = _adjusted(fixed.q_p, block, families)

    weight, without = np.full(block.n.shape, np.nan), np.full(block.n.shape, np.nan)
    weight[used] = np.where(meta.present(y, v), random.weight, np.nan)
    without[used] = left_out + centre
    mean = block.mean + centre
    rows = []
    for c, (table, key) in enumerate(block.names):
        for s, party in enumerate(parties):
            half = t[s, c] * error[s, c]
            rows.append(
                SiteRow(
                    table,
                    block.kinds[c],
                    key.get("analysis_set") or "",
                    str(key),
                    party.site,
                    party.pooled,
                    str(block.status[s, c]) or ABSENT,
                    float(block.n[s, c]),
                    float(mean[s, c]),
                    float(mean[s, c] - half),
                    float(mean[s, c] + half),
                    float(sd[s, c]),
                    float(weight[s, c]),
                    float(without[s, c]),
                    in_unit=constants[c].in_unit(float(mean[s, c])),
                    text=_clipped(block, s, c),
                )
            )
    total = pool_moments(block.n[used], block.mean[used], block.m2[used])
    with np.errstate(invalid="ignore", divide="ignore"):
        half = Z95 * total.sd / np.sqrt(total.n)
    pooled = [
        PooledRow(
            table,
            block.kinds[c],
            key.get("analysis_set") or "",
            str(key),
            "mean",
            int(total.sites[c]),
            OK if total.sites[c] else ABSENT,
            float(total.n[c]),
            float(total.mean[c] + centre[c]),
            float(total.mean[c] + centre[c] - half[c]),
            float(total.mean[c] + centre[c] + half[c]),
            float(total.sd[c]),
            in_unit=constants[c].in_unit(float(total.mean[c] + centre[c])),
        )
        for c, (table, key) in enumerate(block.names)
    ]
    sites = [p.site for p in parties if p.pooled]
    most, change = _influence(random.mean, left_out, sites)
    numbers = zip(
        fixed.sites.tolist(),
        reals(total.n),
        reals(fixed.mean + centre),
        reals(fixed.se),
        reals(random.mean + centre),
        reals(random.se),
        reals(random.low + centre),
        reals(random.high + centre),
        reals(random.predict_low + centre),
        reals(random.predict_high + centre),
        reals(tau2),
        reals(tau2_low),
        reals(tau2_high),
        reals(fixed.q),
        reals(fixed.q_p),
        reals(adjusted),
        reals(fixed.i2),
        settled.tolist(),
        most,
        change,
        strict=True,
    )
    metas = [
        MetaRow(table, key.get("analysis_set") or "", str(key), family, *row)
        for (table, key), family, row in zip(block.names, families, numbers, strict=True)
    ]
    return FeatureResults(rows, pooled, metas, sd, families)


def _adjusted(p: Reals, block: MomentBlock, families: list[str]) -> Reals:
    """P-values of Q adjusted within the family of each table."""
    out = np.full(p.shape, np.nan)
    groups: dict[tuple[str, str], list[int]] = {}
    for c, (table, _) in enumerate(block.names):
        groups.setdefault((table, families[c]), []).append(c)
    for columns in groups.values():
        out[columns] = meta.benjamini_hochberg(p[columns])
    return out


def _clipped(block: MomentBlock, site: int, column: int) -> str:
    low, high = block.clipped[:, site, column]
    parts = [
        f"{int(value)} {word}" for value, word in ((low, "low"), (high, "high")) if value > 0
    ]
    return f"clipped: {', '.join(parts)}" if parts else ""


def _influence(mean: Reals, left_out: Reals, sites: list[str]) -> tuple[list[str], list[float]]:
    """Site without which the mean of each column changes most, and the change."""
    if not sites:
        return [""] * mean.size, [float("nan")] * mean.size
    gap = left_out - mean
    size = np.where(np.isfinite(gap), np.abs(gap), -1.0)
    at = size.argmax(axis=0)
    known = size.max(axis=0) >= 0
    most = [sites[i] if k else "" for i, k in zip(at.tolist(), known.tolist(), strict=True)]
    change = np.where(known, gap[at, np.arange(mean.size)], np.nan)
    return most, reals(change)
