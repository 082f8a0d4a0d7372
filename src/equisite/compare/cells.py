"""The cells of all admitted bundles as arrays: one row per site, one column per cell name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.bundle.codec import Bundle
from equisite.bundle.format import CellRow
from equisite.bundle.keys import Key, make_key, parse_key

Reals = NDArray[np.float64]
MOMENT_KINDS = ("moment", "quality")


@dataclass(frozen=True)
class Party:
    """A site whose bundle was admitted. pooled: its numbers enter the pooled ones."""

    site: str
    title: str
    pooled: bool
    bundle: Bundle


@dataclass(frozen=True)
class MomentBlock:
    """Moments of all features at all sites.

    names: (table, key) of each column. kinds: moment or quality. n, mean, m2: (site, column),
    NaN where a site has none; mean is about the centre. status: (site, column) text, empty
    where the site has no such cell. clipped: (side, site, column) low and high counts.
    beyond: (site, column) `low` or `high` where a feature was withheld because too many
    values lie on that side of the limits.
    """

    names: tuple[tuple[str, Key], ...]
    kinds: tuple[str, ...]
    n: Reals
    mean: Reals
    m2: Reals
    status: NDArray[np.str_]
    clipped: Reals
    beyond: NDArray[np.str_]


@dataclass(frozen=True)
class CountBlock:
    """Counts of one table at all sites.

    keys: of each column. value: (site, column), NaN where not published. status: as given,
    empty where the site has no such cell.
    """

    table: str
    keys: tuple[Key, ...]
    value: Reals
    status: NDArray[np.str_]


def kinds_of(parties: Iterable[Party]) -> dict[str, str]:
    """Kind of every table, in the order of the bundles' sorted names."""
    return {row.table: row.kind for party in parties for row in party.bundle.tables}


def without(key: Key, *names: str) -> Key:
    """The key without some of its names."""
    return make_key({n: v for n, v in key.pairs if n not in names})


def _rows(party: Party) -> tuple[CellRow, ...]:
    return (*party.bundle.cells, *party.bundle.quality)


def moment_block(parties: list[Party]) -> MomentBlock:
    """Read all moment and quality tables."""
    kinds = {t: k for t, k in kinds_of(parties).items() if k in MOMENT_KINDS}
    parsed: dict[str, Key] = {}
    places: dict[tuple[str, str], Key] = {}
    found: list[tuple[int, CellRow, str, str]] = []
    for index, party in enumerate(parties):
        for row in _rows(party):
            if row.table not in kinds:
                continue
            text, side = row.key, ""
            if row.measure == "clipped":
                text, _, side = row.key.rpartition("|side=")
            if (row.table, text) not in places:
                places[row.table, text] = parsed.setdefault(text, parse_key(text))
            found.append((index, row, text, side))
    order = sorted(places)
    column = {name: c for c, name in enumerate(order)}
    shape = (len(parties), len(order))
    arrays = {m: np.full(shape, np.nan) for m in ("n", "mean_off", "m2")}
    clipped = np.full((2, *shape), np.nan)
    status = np.full(shape, "", dtype="U10")
    beyond = np.full(shape, "", dtype="U4")
    for index, row, text, side in found:
        place = (index, column[row.table, text])
        if row.measure == "clipped":
            clipped[(int(side == "high"), *place)] = row.number
            if row.status == "clipped":
                beyond[place] = side
            continue
        arrays[row.measure][place] = row.number
        if row.measure == "mean_off" or (row.status != "ok" and status[place] == ""):
            status[place] = row.status
    return MomentBlock(
        tuple((table, places[table, text]) for table, text in order),
        tuple(kinds[table] for table, _ in order),
        arrays["n"],
        arrays["mean_off"],
        arrays["m2"],
        status,
        clipped,
        beyond,
    )


def count_block(parties: list[Party], table: str, measure: str) -> CountBlock:
    """Read one measure of a table of counts, carriers or histograms."""
    rows = [
        (index, row)
        for index, party in enumerate(parties)
        for row in party.bundle.cells
        if row.table == table and row.measure == measure
    ]
    texts = sorted({row.key for _, row in rows})
    column = {text: c for c, text in enumerate(texts)}
    value = np.full((len(parties), len(texts)), np.nan)
    status = np.full(value.shape, "", dtype="U10")
    for index, row in rows:
        value[index, column[row.key]] = row.number
        status[index, column[row.key]] = row.status
    return CountBlock(table, tuple(parse_key(t) for t in texts), value, status)


def set_sizes(parties: list[Party]) -> list[dict[str, float]]:
    """Published number of patients of each analysis set, per site; absent where hidden.

    It is the count of a key that holds nothing but the analysis set, of any table.
    """
    sizes: list[dict[str, float]] = []
    for party in parties:
        own: dict[str, float] = {}
        for row in party.bundle.cells:
            if row.measure == "count" and row.value and "|" not in row.key:
                own[row.key.partition("=")[2]] = row.number
        sizes.append(own)
    return sizes
