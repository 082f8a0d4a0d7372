"""What a withheld count may be: bounds from all published cells of a site's table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from equisite.bundle.keys import Key
from equisite.compare.cells import CountBlock, Reals, without

ROUNDS = 4


Relation = tuple[int, str, list[int], bool]
"""Column of the total (-1: the size of the set), the set, columns of the parts, all there."""


def bounds(
    block: CountBlock,
    sizes: list[dict[str, float]],
    codes: Mapping[str, int],
    k: list[int],
) -> tuple[Reals, Reals]:
    """Lowest and highest possible value of every cell, (site, column) each.

    A published cell is its own bound. A withheld one lies between 0 and the smallest total
    that holds it, less what the other cells of that total have at least; every margin of the
    table (a coded variable left out) and the size of the analysis set count as totals. A
    small count is therefore never taken to be below k: it may be hidden for another cell's
    sake. Without any total the upper bound is NaN. A site without the cell is NaN in both.

    sizes: of the analysis sets, per site. codes: number of codes of each coded variable;
    where a code has no cell, its total says nothing about the least value of the others. k:
    smallest publishable count of each site; an interval narrower than k is widened to
    [0, k] at least, so that this page never works out what a site kept back.
    """
    low = np.where(
        np.isnan(block.value), np.where(block.status == "", np.nan, 0.0), block.value
    )
    high = np.where(np.isnan(block.value), np.where(block.status == "", np.nan, np.inf), low)
    column = {str(key): c for c, key in enumerate(block.keys)}
    sums = _sums(block.keys, column, codes)
    for site in range(block.value.shape[0]):
        if not np.isinf(high[site]).any():
            continue
        own = sizes[site]
        for c, key in enumerate(block.keys):
            limit = own.get(key.get("analysis_set") or "", np.inf)
            high[site, c] = np.fmin(high[site, c], limit) if block.status[site, c] else np.nan
        for _ in range(ROUNDS):
            _tighten(low[site], high[site], sums, own)
        narrow = np.isnan(block.value[site]) & (high[site] - low[site] < k[site])
        low[site, narrow] = 0.0
        high[site, narrow] = np.maximum(high[site, narrow], k[site])
    return low, np.where(np.isinf(high), np.nan, high)


def _sums(
    keys: tuple[Key, ...], column: Mapping[str, int], codes: Mapping[str, int]
) -> list[Relation]:
    """All relations total = sum of parts."""
    groups: dict[tuple[str, str], list[int]] = {}
    for c, key in enumerate(keys):
        for name in key.variables:
            groups.setdefault((str(without(key, name)), name), []).append(c)
    return [
        (
            column.get(total, -1),
            total.partition("=")[2] if "|" not in total else "",
            parts,
            len(parts) == codes.get(name, -1),
        )
        for (total, name), parts in sorted(groups.items())
    ]


def _tighten(low: Reals, high: Reals, sums: list[Relation], sizes: Mapping[str, float]) -> None:
    """One round of bounds through all relations; changes `low` and `high` in place."""
    for total, analysis_set, parts, complete in sums:
        if np.isnan(low[parts]).any():
            continue
        if total >= 0:
            top_low, top_high = low[total], high[total]
        elif analysis_set in sizes:
            top_low = top_high = sizes[analysis_set]
        else:
            continue
        for part in parts:
            others = [p for p in parts if p != part]
            high[part] = min(high[part], top_high - low[others].sum())
            if complete:
                low[part] = max(low[part], top_low - high[others].sum())
        if total >= 0:
            low[total] = max(low[total], low[parts].sum())
        if total >= 0 and complete:
            high[total] = min(high[total], high[parts].sum())
