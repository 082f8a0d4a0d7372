"""What the sites found of the variants planted in the public pack, and how unlike they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from equisite.compare.cells import Party
from equisite.compare.conformance import SiteConformance
from equisite.compare.heterogeneity import (
    gene_discordance,
    h_score,
    performance_heterogeneity,
)
from equisite.compare.results import ABSENT, OK, PooledRow, SiteRow

SCORE = "score"
"""Kind of the rows."""
MEASURES = ("recall", "precision", "f1", "n", "hit")
GENES = "/genes/"
"""Stands in the item of one gene, behind the room."""

Items = Mapping[str, Mapping[str, float]]
"""Values of one site by item and measure."""


def score_rows(
    parties: Sequence[Party], judged: Mapping[str, SiteConformance]
) -> list[SiteRow]:
    """One row of `sites.tsv` per site, item and measure of the planted variants."""
    return [
        SiteRow(item, SCORE, "", measure, party.site, party.pooled, OK, value=values[measure])
        for party in parties
        for item, values in sorted(_items(judged[party.site]).items())
        for measure in MEASURES
        if measure in values
    ]


def heterogeneity_rows(judged: Mapping[str, SiteConformance]) -> list[PooledRow]:
    """Rows of `pooled.tsv`: phs and H_score of each kind of variant, GDR of each room.

    All admitted sites take part, pooled or not: a site that is left out of the pools is one
    to be told of. A site without the item gives no point and no set.
    """
    sites = [_items(found) for _, found in sorted(judged.items())]
    return [*_of_points(sites), *_of_genes(sites)]


def _items(found: SiteConformance) -> dict[str, Mapping[str, float]]:
    return {
        item.item: item.values
        for item in found.items
        if any(measure in item.values for measure in MEASURES)
    }


def _of_points(sites: Sequence[Items]) -> Iterator[PooledRow]:
    for name in sorted({item for items in sites for item in items}):
        points = [
            (values["recall"], values["precision"])
            for items in sites
            if "recall" in (values := items.get(name, {})) and "precision" in values
        ]
        if points:
            yield _row(name, "phs", len(points), performance_heterogeneity(points))
            yield _row(name, "h_score", len(points), h_score(points))


def _of_genes(sites: Sequence[Items]) -> Iterator[PooledRow]:
    rooms = {item.partition(GENES)[0] for items in sites for item in items if GENES in item}
    for room in sorted(rooms):
        start = f"{room}{GENES}"
        sets = [
            {item for item in own if items[item].get("hit") == 1.0}
            for items in sites
            if (own := [item for item in items if item.startswith(start)])
        ]
        yield _row(start.rstrip("/"), "gdr", len(sets), gene_discordance(sets))


def _row(item: str, measure: str, sites: int, value: float) -> PooledRow:
    status = ABSENT if math.isnan(value) else OK
    return PooledRow("conformance", SCORE, "", item, measure, sites, status, value=value)
