"""Linear models over all sites from merged co-moments, one intercept per site."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from equisite.bundle.keys import make_key, parse_key
from equisite.compare.cells import Party
from equisite.compare.pooling import Products, merged_within, slopes
from equisite.compare.results import ABSENT, OK, PooledRow

NOT_ESTIMABLE = "cannot be estimated: a covariate is constant inside the sites, or n is small"

Cells = Mapping[tuple[str, str, str, str], float]
"""(pattern, feature, covariates, measure) to value."""


def analyse_comoments(
    parties: list[Party], table: str, covariates: tuple[str, ...], features: tuple[str, ...]
) -> list[PooledRow]:
    """Slopes of every feature on the covariates; a model that cannot be estimated says so."""
    from scipy.special import stdtrit

    pooled = [(p, *_cells(p, table)) for p in parties if p.pooled]
    rows = []
    for feature in features:
        sites = []
        analysis_set = ""
        for _, own_set, cells in pooled:
            parts = _products(cells, covariates, feature)
            if parts:
                analysis_set = own_set
                sites.append(merged_within(parts))
        fit = slopes(sites) if sites else None
        for j, covariate in enumerate(covariates):
            if not sites:
                continue
            key = make_key(
                {"analysis_set": analysis_set, "feature": feature, "covariates": covariate}
            )
            if fit is None:
                rows.append(
                    PooledRow(
                        table, "comoment", analysis_set, str(key), "slope", len(sites), ABSENT,
                        text=NOT_ESTIMABLE,
                    )
                )  # fmt: skip
                continue
            half = float(stdtrit(fit.df, 0.975)) * float(fit.se[j])
            b = float(fit.b[j])
            rows.append(
                PooledRow(
                    table,
                    "comoment",
                    analysis_set,
                    str(key),
                    "slope",
                    len(sites),
                    OK,
                    fit.n,
                    b,
                    b - half,
                    b + half,
                    sd=float(fit.se[j]),
                    share=fit.r2,
                )
            )
    return rows


def _cells(party: Party, table: str) -> tuple[str, Cells]:
    analysis_set = ""
    cells: dict[tuple[str, str, str, str], float] = {}
    for row in party.bundle.cells:
        if row.table == table and row.value:
            key = parse_key(row.key)
            analysis_set = key.get("analysis_set") or ""
            place = (
                key.get("pattern") or "",
                key.get("feature") or "",
                key.get("covariates") or "",
                row.measure,
            )
            cells[place] = row.number
    return analysis_set, cells


def _products(cells: Cells, covariates: tuple[str, ...], feature: str) -> list[Products]:
    """Complete blocks of one feature at one site, by pattern."""
    parts = []
    patterns = sorted({p for p, f, _, m in cells if f == feature and m == "m2"}, key=int)
    for pattern in patterns:
        try:
            sxx = np.array(
                [
                    [
                        cells[
                            pattern,
                            "",
                            f"{covariates[min(i, j)]},{covariates[max(i, j)]}",
                            "sxx",
                        ]
                        for j in range(len(covariates))
                    ]
                    for i in range(len(covariates))
                ]
            )
            parts.append(
                Products(
                    cells[pattern, "", "", "n"],
                    np.array([cells[pattern, "", c, "mean_off"] for c in covariates]),
                    cells[pattern, feature, "", "mean_off"],
                    sxx,
                    np.array([cells[pattern, feature, c, "sxy"] for c in covariates]),
                    cells[pattern, feature, "", "m2"],
                )
            )
        except KeyError:
            continue  # a block with a withheld cell is no block
    return parts
