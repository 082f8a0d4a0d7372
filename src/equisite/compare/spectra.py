"""Mutational spectra: sums by channel of each site and of all, and how alike sites are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from equisite.bundle.keys import parse_key
from equisite.codebook.channels import CODES
from equisite.compare.cells import CountBlock, Party, Reals, count_block, without
from equisite.compare.pooling import pool_counts
from equisite.compare.results import ABSENT, INTERVAL, OK, PooledRow, SiteRow

KIND = "spectrum"
COSINE = "spectrum_cosine"
FEWEST_CHANNELS = 20
"""Spectra that share fewer published channels are not compared."""


def analyse_spectrum(
    parties: list[Party], table: str
) -> tuple[list[SiteRow], list[PooledRow], CountBlock]:
    """Substitutions by channel, and the cosine of each site with the others that are pooled.

    A withheld channel may hold any number: a sum over sites with one is a lower bound.
    Shares are of the channels that a site, or all of them, published.
    """
    block, read = count_block(parties, table, "sum"), count_block(parties, table, "n")
    used = np.array([p.pooled for p in parties], dtype=bool)
    sent = block.status != ""
    low = np.where(sent, np.nan_to_num(block.value), np.nan)
    high = np.where(sent, block.value, np.nan)
    n = read.value[:, 0] if read.keys else np.full(len(parties), np.nan)
    share = _shares(block.value)
    rows = [
        SiteRow(
            table,
            KIND,
            key.get("analysis_set") or "",
            str(key),
            party.site,
            party.pooled,
            str(block.status[s, c]) or ABSENT,
            float(n[s]),
            float(block.value[s, c]),
            float(low[s, c]),
            float(high[s, c]),
            share=float(share[s, c]),
        )
        for c, key in enumerate(block.keys)
        for s, party in enumerate(parties)
    ]
    rows += _cosine_rows(parties, block, n)
    sites, sum_low, sum_high = pool_counts(low[used], high[used])
    known = np.where(sum_low == sum_high, sum_low, np.nan)
    pooled_share = _shares(known[None, :])[0]
    patients = np.where(sent[used], n[used][:, None], 0.0).sum(axis=0)
    pooled = [
        PooledRow(
            table,
            KIND,
            key.get("analysis_set") or "",
            str(key),
            "sum",
            int(sites[c]),
            OK if np.isfinite(known[c]) else INTERVAL if sites[c] else ABSENT,
            float(patients[c]) if sites[c] else math.nan,
            float(known[c]),
            float(sum_low[c]),
            float(sum_high[c]),
            share=float(pooled_share[c]),
        )
        for c, key in enumerate(block.keys)
    ]
    return rows, pooled, block


def _shares(values: Reals) -> Reals:
    """Values of (site, channel) over the sum of those that are there."""
    totals = np.nansum(values, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(totals > 0, values / totals, np.nan))


def _cosine_rows(parties: list[Party], block: CountBlock, n: Reals) -> list[SiteRow]:
    """Cosine of each site's spectrum with the sum of the other pooled sites."""
    if not block.keys:
        return []
    whole = without(block.keys[0], "channel")
    rows = []
    for s, party in enumerate(parties):
        others = [o for o, p in enumerate(parties) if p.pooled and o != s]
        rest = [o for o in others if np.isfinite(block.value[o]).any()]
        value, channels = math.nan, 0
        if rest and np.isfinite(block.value[s]).any():
            value, channels = cosine(block.value[s], block.value[rest].sum(axis=0))
        rows.append(
            SiteRow(
                block.table,
                COSINE,
                whole.get("analysis_set") or "",
                str(whole),
                party.site,
                party.pooled,
                OK if math.isfinite(value) else ABSENT,
                float(n[s]),
                value,
                text=f"{channels} channels",
            )
        )
    return rows


def cosine(one: Reals, other: Reals) -> tuple[float, int]:
    """Cosine of two spectra over the channels that both have, and how many these are.

    one, other: (channel,), NaN where not published. NaN below 20 common channels.
    """
    both = np.isfinite(one) & np.isfinite(other)
    channels = int(both.sum())
    if channels < FEWEST_CHANNELS:
        return math.nan, channels
    a, b = one[both], other[both]
    length = math.sqrt(float(a @ a) * float(b @ b))
    return (float(a @ b) / length if length else math.nan), channels


def spectra_of(rows: Sequence[SiteRow], table: str) -> dict[str, Reals]:
    """Spectra of the sites of a table in the order of the channels, NaN where not published.

    Sites that sent none are left out.
    """
    found: dict[str, Reals] = {}
    place = {code: number for number, code in enumerate(CODES)}
    for row in rows:
        if row.table == table and row.kind == KIND and row.status != ABSENT:
            own = found.setdefault(row.site, np.full(len(CODES), np.nan))
            own[place[parse_key(row.key).get("channel") or ""]] = row.value
    return found
