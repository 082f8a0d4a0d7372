"""Numbers of the features for the charts that the page's script draws, as packed columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.bundle.keys import parse_key
from equisite.codebook.book import Codebook
from equisite.compare import charts, texts, words
from equisite.compare.cells import without
from equisite.compare.reading import Results, titles_of
from equisite.compare.suspects import QUIET, UNRANKED

FEATURE_KINDS = ("moment", "quality")

Columns = dict[str, NDArray[np.float64]]
META_COLUMNS = (
    "mean",
    "low",
    "high",
    "predict_low",
    "predict_high",
    "i2",
    "tau2",
    "tau2_low",
    "tau2_high",
    "p_adjusted",
)
SITE_COLUMNS = ("n", "value", "low", "high", "sd", "weight", "without", "in_unit")


def feature_data(found: Results, book: Codebook) -> tuple[dict[str, Any], Columns]:
    """Header and columns for the chosen feature's charts and for the map."""
    titles = titles_of(found)
    order = {site: s for s, site in enumerate(titles)}
    place = {(m.table, m.key): f for f, m in enumerate(found.meta)}
    shape = (len(order), len(found.meta))
    columns: Columns = {f"site_{c}": np.full(shape, np.nan) for c in SITE_COLUMNS}
    for row in found.sites:
        if row.kind in FEATURE_KINDS:
            at = (order[row.site], place[row.table, row.key])
            for name in SITE_COLUMNS:
                columns[f"site_{name}"][at] = getattr(row, name)
    for name in META_COLUMNS:
        columns[f"meta_{name}"] = np.array(
            [getattr(m, name) for m in found.meta], dtype=np.float64
        )
    totals = {(r.table, r.key): r for r in found.pooled if r.measure == "mean"}
    for name in ("value", "n", "sd", "in_unit"):
        columns[f"all_{name}"] = np.array(
            [getattr(totals[m.table, m.key], name) for m in found.meta], dtype=np.float64
        )
    columns["gap"] = gaps(columns["site_value"], columns["site_sd"])
    hist_header, columns["hist"] = histograms(found, order, book)
    pooled = {r.site for r in found.admitted if r.pooled}
    keys = [parse_key(m.key) for m in found.meta]
    first = found.suspects[0] if found.suspects else None
    names, colour = charts.shorts(titles), charts.colours(titles, found.suspects)
    header = {
        "sites": [
            {"title": t, "short": names[s], "colour": colour[s], "pooled": s in pooled}
            for s, t in titles.items()
        ],
        "suspect": order[first.site]
        if first and first.verdict not in (QUIET, UNRANKED)
        else -1,
        "features": [
            {
                "label": texts.feature_label(book, key),
                "scale": texts.scale_of(book, key),
                "unit": words.unit_text(book.variable(key.get("feature") or "").unit),
                "log": book.constant(key.get("feature") or "").transform == "log10",
                "hist": hist_header.get(str(key)),
            }
            for key in keys
        ],
    }
    return header, columns


def gaps(mean: NDArray[np.float64], sd: NDArray[np.float64]) -> NDArray[np.float64]:
    """(site, feature): distance of each mean from the median site in SD of the median site."""
    out = np.full(mean.shape, np.nan)
    known = np.isfinite(mean).any(axis=0) & (np.nan_to_num(sd) > 0).any(axis=0)
    if known.any():
        middle = np.nanmedian(mean[:, known], axis=0)
        scale = np.nanmedian(np.where(sd[:, known] > 0, sd[:, known], np.nan), axis=0)
        out[:, known] = (mean[:, known] - middle) / scale
    return out


def histograms(
    found: Results, order: Mapping[str, int], book: Codebook
) -> tuple[dict[str, dict[str, Any]], NDArray[np.float64]]:
    """Per feature: place of its bins in one long column, their number and edges.

    The column holds, feature after feature, the bins of each site.
    """
    groups: dict[str, dict[tuple[int, int], float]] = {}
    levels: dict[str, int] = {}
    for row in found.sites:
        if row.kind == "hist":
            key = parse_key(row.key)
            base = str(without(key, "level", "bin"))
            levels[base] = int(key.get("level") or 0)
            groups.setdefault(base, {})[order[row.site], int(key.get("bin") or 0)] = row.share
    header: dict[str, dict[str, Any]] = {}
    parts: list[NDArray[np.float64]] = []
    start = 0
    for base in sorted(groups):
        level = levels[base]
        block = np.full((len(order), level + 2), np.nan)
        for (site, place), share in groups[base].items():
            block[site, place] = share
        constant = book.constant(parse_key(base).get("feature") or "")
        header[base] = {
            "start": start,
            "level": level,
            "low": constant.edge_low,
            "high": constant.edge_high,
        }
        start += block.size
        parts.append(block.reshape(-1))
    return header, np.concatenate(parts) if parts else np.zeros(0)
