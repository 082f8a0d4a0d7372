"""Counts, carriers and histograms: each site's, and their sums with what may be hidden."""

from __future__ import annotations

import numpy as np

from equisite.bundle.keys import Key, make_key
from equisite.bundle.outputs import codes_of
from equisite.codebook.book import Codebook
from equisite.compare.cells import CountBlock, Party, Reals, count_block, set_sizes, without
from equisite.compare.intervals import bounds
from equisite.compare.pooling import coarsened, pool_counts, quantile_bin, wilson
from equisite.compare.results import ABSENT, INTERVAL, OK, PooledRow, SiteRow

MEDIAN = 0.5


def analyse_counts(
    parties: list[Party], table: str, book: Codebook
) -> tuple[list[SiteRow], list[PooledRow], CountBlock]:
    """A table of coded counts; totals are the published sizes of the analysis sets."""
    block = count_block(parties, table, "count")
    sizes = set_sizes(parties)
    names = {n for key in block.keys for n in key.variables}
    codes = {n: len(codes_of(book.variable(n))) for n in names}
    low, high = bounds(block, sizes, codes, smallest(parties))
    total = np.array(
        [[own.get(k.get("analysis_set") or "", np.nan) for k in block.keys] for own in sizes]
    ).reshape(low.shape)
    return (*_tally(parties, block, "count", low, high, total), block)


def analyse_carriers(
    parties: list[Party], table: str
) -> tuple[list[SiteRow], list[PooledRow], CountBlock, Reals]:
    """Carriers by gene and consequence; also returns n of each cell, (site, column).

    A withheld count lies between 0 and the patients in whom the gene was read: it may be
    small, or leave a small remainder.
    """
    block = count_block(parties, table, "count")
    read = count_block(parties, table, "n")
    column = {str(key): c for c, key in enumerate(read.keys)}
    places = [column.get(str(without(key, "consequence")), -1) for key in block.keys]
    padded = np.concatenate([read.value, np.full((len(parties), 1), np.nan)], axis=1)
    total = padded[:, places]
    low, high = bounds(block, set_sizes(parties), {}, smallest(parties))
    high = np.where(np.isnan(block.value) & np.isfinite(low), np.fmin(high, total), high)
    return (*_tally(parties, block, "carriers", low, high, total), block, total)


def analyse_variants(
    parties: list[Party], table: str
) -> tuple[list[SiteRow], list[PooledRow], CountBlock]:
    """Copies of listed alleles; n of a cell is the number of copies of the locus.

    A withheld number of copies lies between 0 and those of the locus, or, where these are
    withheld too, twice the patients.
    """
    block = count_block(parties, table, "ac")
    locus = count_block(parties, table, "an")
    column = {str(key): c for c, key in enumerate(locus.keys)}
    places = [column.get(str(key), -1) for key in block.keys]
    total = np.concatenate([locus.value, np.full((len(parties), 1), np.nan)], axis=1)[:, places]
    copies = [{s: 2 * n for s, n in own.items()} for own in set_sizes(parties)]
    low, high = bounds(block, copies, {}, smallest(parties))
    high = np.where(np.isnan(block.value) & np.isfinite(low), np.fmin(high, total), high)
    return (*_tally(parties, block, "variants", low, high, total, "ac"), block)


def smallest(parties: list[Party]) -> list[int]:
    """Smallest publishable count of each site."""
    return [party.bundle.about.k for party in parties]


def _tally(
    parties: list[Party],
    block: CountBlock,
    kind: str,
    low: Reals,
    high: Reals,
    total: Reals,
    measure: str = "count",
) -> tuple[list[SiteRow], list[PooledRow]]:
    """Rows of one table of counts; low, high, total: (site, column)."""
    used = np.array([p.pooled for p in parties], dtype=bool)
    exact = low == high
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(exact, low / total, np.nan)
    share_low, share_high = wilson(np.where(exact, low, np.nan), total)
    rows = [
        SiteRow(
            block.table,
            kind,
            key.get("analysis_set") or "",
            str(key),
            party.site,
            party.pooled,
            str(block.status[s, c]) or ABSENT,
            float(total[s, c]),
            float(block.value[s, c]),
            float(low[s, c]),
            float(high[s, c]),
            share=float(share[s, c]),
            share_low=float(share_low[s, c]),
            share_high=float(share_high[s, c]),
        )
        for c, key in enumerate(block.keys)
        for s, party in enumerate(parties)
    ]
    sites, sum_low, sum_high = pool_counts(low[used], high[used])
    here = np.isfinite(low[used])
    patients = np.where(
        (here & np.isnan(total[used])).any(axis=0),
        np.nan,
        np.where(here, np.nan_to_num(total[used]), 0.0).sum(axis=0),
    )
    lower, _ = wilson(sum_low, patients)
    _, upper = wilson(sum_high, patients)
    pooled = []
    for c, key in enumerate(block.keys):
        known = bool(sum_low[c] == sum_high[c])
        status = OK if known else INTERVAL if sites[c] else ABSENT
        pooled.append(
            PooledRow(
                block.table,
                kind,
                key.get("analysis_set") or "",
                str(key),
                measure,
                int(sites[c]),
                status,
                float(patients[c]),
                float(sum_low[c]) if known else np.nan,
                float(sum_low[c]),
                float(sum_high[c]),
                share=float(sum_low[c] / patients[c]) if known and patients[c] > 0 else np.nan,
                share_low=float(lower[c]),
                share_high=float(upper[c]),
            )
        )
    return rows, pooled


def analyse_histograms(
    parties: list[Party], table: str, book: Codebook
) -> tuple[list[SiteRow], list[PooledRow], CountBlock]:
    """Histograms of each feature at the coarsest level that a pooled site sent.

    A site with a withheld bin is shown and not added; pooled medians are given as the bin
    in which they lie.
    """
    block = count_block(parties, table, "bin")
    groups: dict[str, dict[int, list[tuple[int, int]]]] = {}
    bases: dict[str, Key] = {}
    for c, key in enumerate(block.keys):
        base = without(key, "level", "bin")
        bases[str(base)] = base
        by_level = groups.setdefault(str(base), {})
        by_level.setdefault(int(key.get("level") or 0), []).append(
            (int(key.get("bin") or 0), c)
        )
    rows: list[SiteRow] = []
    pooled: list[PooledRow] = []
    for text in sorted(groups):
        own = [_bins_of(block, groups[text], s) for s in range(len(parties))]
        levels = [level for level, _ in own if level]
        pooled_levels = [o[0] for o, p in zip(own, parties, strict=True) if o[0] and p.pooled]
        target = min(pooled_levels or levels or [0])
        if not target:
            continue
        base = bases[text]
        stack = []
        for party, (level, counts) in zip(parties, own, strict=True):
            fits = level >= target and level > 0
            shown = coarsened(counts, level, target) if fits else np.full(target + 2, np.nan)
            rows += _bin_rows(table, base, target, party, shown)
            if party.pooled and fits and np.isfinite(shown).all():
                stack.append(shown)
        if stack:
            pooled += _pooled_bins(table, base, target, np.array(stack), book)
    return rows, pooled, block


def _bins_of(
    block: CountBlock, levels: dict[int, list[tuple[int, int]]], site: int
) -> tuple[int, Reals]:
    """Level and bins that a site sent for one feature; level 0 when it sent none."""
    for level in sorted(levels, reverse=True):
        counts = np.full(level + 2, np.nan)
        sent = False
        for place, c in levels[level]:
            if block.status[site, c]:
                sent = True
                counts[place] = block.value[site, c]
        if sent:
            return level, counts
    return 0, np.zeros(0)


def _bin_key(base: Key, level: int, place: int) -> Key:
    return make_key({**dict(base.pairs), "level": level, "bin": place})


def _bin_rows(table: str, base: Key, level: int, party: Party, counts: Reals) -> list[SiteRow]:
    total = float(counts.sum())
    return [
        SiteRow(
            table,
            "hist",
            base.get("analysis_set") or "",
            str(_bin_key(base, level, place)),
            party.site,
            party.pooled,
            OK if np.isfinite(count) else ABSENT,
            total,
            float(count),
            share=float(count / total) if total > 0 else np.nan,
        )
        for place, count in enumerate(counts)
    ]


def _pooled_bins(
    table: str, base: Key, level: int, stack: Reals, book: Codebook
) -> list[PooledRow]:
    summed = stack.sum(axis=0)
    total = float(summed.sum())
    sites = stack.shape[0]
    analysis_set = base.get("analysis_set") or ""
    rows = [
        PooledRow(
            table,
            "hist",
            analysis_set,
            str(_bin_key(base, level, place)),
            "bin",
            sites,
            OK,
            total,
            float(count),
            share=float(count / total) if total > 0 else np.nan,
        )
        for place, count in enumerate(summed)
    ]
    constant = book.constant(base.get("feature") or "")
    edges = np.concatenate([[-np.inf], constant.edges(level), [np.inf]])
    if total > 0:
        place = quantile_bin(summed, MEDIAN)
        low, high = edges[place], edges[place + 1]
        rows.append(
            PooledRow(
                table,
                "hist",
                analysis_set,
                str(base),
                "median",
                sites,
                INTERVAL,
                total,
                low=float(low) if np.isfinite(low) else np.nan,
                high=float(high) if np.isfinite(high) else np.nan,
            )
        )
    return rows
