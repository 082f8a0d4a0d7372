"""Tables of the report on the public pack's planted variants, as texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from equisite.compare import numbers
from equisite.compare.results import PooledRow, SiteRow
from equisite.compare.scores import GENES, SCORE
from equisite.compare.texts import SITES_SIDE_BY_SIDE, TextTable, Titles

ROOMS = {"genomics": "Germline", "somatic": "Somatic"}
PARTS = {
    "snp": "SNVs",
    "indel": "indels",
    "insertion": "insertions",
    "deletion": "deletions",
    "size-2-5": "indels of 2 to 5 bases",
    "size-6-20": "indels of 6 to 20 bases",
    "size-over-20": "indels of more than 20 bases",
}
"""Kinds of variant by their name in an item, in the order of the table."""
CLASSES = {"high": "calls of high confidence", "medium": "calls of medium confidence"}

Scores = dict[str, dict[str, dict[str, float]]]
"""Value by item, site and measure."""


def scores_of(rows: Sequence[SiteRow]) -> Scores:
    """The scores of `sites.tsv`."""
    scores: Scores = {}
    for row in rows:
        if row.kind == SCORE:
            scores.setdefault(row.table, {}).setdefault(row.site, {})[row.key] = row.value
    return scores


def planted_table(
    rows: Sequence[SiteRow], pooled: Sequence[PooledRow], titles: Titles, caption: str
) -> TextTable:
    """Recall, precision and F1 by kind of variant, and how unlike the sites are."""
    scores = scores_of(rows)
    unlike = _values(pooled)
    out = []
    for item, name in _scored(scores, PARTS):
        cells = _cells(scores[item], titles, "f1", _found)
        ends = (unlike.get((item, "phs")), unlike.get((item, "h_score")))
        out.append((name, *cells, *map(_measure, ends)))
    head = ("Variants", *_heads(titles), "phs (0 to 1)", "H_score of the article")
    return TextTable(caption, head, tuple(out))


def class_table(rows: Sequence[SiteRow], titles: Titles, caption: str) -> TextTable:
    """Precision of each class of confidence, with the number of calls it stands on."""
    scores = scores_of(rows)
    out = [
        (name, *_cells(scores[item], titles, "precision", _right))
        for item, name in _scored(scores, CLASSES)
    ]
    return TextTable(caption, ("Class", *_heads(titles)), tuple(out))


def _scored(scores: Scores, parts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Items of these parts that have scores, room by room, with their name for readers."""
    for room, name in ROOMS.items():
        for part, words in parts.items():
            if f"{room}/{part}" in scores:
                yield f"{room}/{part}", f"{name} {words}"


def gene_table(
    rows: Sequence[SiteRow], pooled: Sequence[PooledRow], titles: Titles, caption: str
) -> TextTable:
    """Genes that each site found changed, and GDR."""
    scores = scores_of(rows)
    unlike = _values(pooled)
    out = []
    for room, name in ROOMS.items():
        start = f"{room}{GENES}"
        hits: dict[str, dict[str, float]] = {}
        for item in sorted(item for item in scores if item.startswith(start)):
            for site, values in scores[item].items():
                hits.setdefault(site, {})[item.removeprefix(start)] = values["hit"]
        if hits:
            cells = [_genes(hits.get(site)) for site in titles]
            if len(titles) > SITES_SIDE_BY_SIDE:
                cells = [_most(cells)]
            gdr = unlike.get((start.rstrip("/"), "gdr"))
            out.append((f"{name} variants", *cells, _measure(gdr)))
    head = ("Genes hit", *_heads(titles), "GDR (0 to 1)")
    return TextTable(caption, head, tuple(out), words=_heads(titles))


def _values(pooled: Sequence[PooledRow]) -> dict[tuple[str, str], PooledRow]:
    return {(row.key, row.measure): row for row in pooled if row.kind == SCORE}


def _heads(titles: Titles) -> tuple[str, ...]:
    return tuple(titles.values()) if len(titles) <= SITES_SIDE_BY_SIDE else ("Sites",)


def _cells(
    own: Mapping[str, Mapping[str, float]],
    titles: Titles,
    by: str,
    words: Callable[[Mapping[str, float]], str],
) -> list[str]:
    """One cell per site; of many sites the lowest by one measure, named, and the highest.

    words: of the values of one site.
    """
    if len(titles) <= SITES_SIDE_BY_SIDE:
        return [words(own.get(site, {})) for site in titles]
    known = sorted((own[site][by], site) for site in titles if by in own.get(site, {}))
    if not known:
        return [numbers.DASH]
    lowest, highest = known[0][1], known[-1][1]
    return [f"{words(own[lowest])} ({titles[lowest]}) to {words(own[highest])}"]


def _found(values: Mapping[str, float]) -> str:
    if "f1" not in values:
        return numbers.DASH
    shares = (numbers.percent(values[name]) for name in ("recall", "precision"))
    return f"{' / '.join(shares)}, {numbers.fixed(values['f1'], 3)}"


def _right(values: Mapping[str, float]) -> str:
    if "n" not in values:
        return numbers.DASH
    if "precision" not in values:
        return "no calls"
    calls = "call" if values["n"] == 1 else "calls"
    return f"{numbers.percent(values['precision'])} of {numbers.whole(values['n'])} {calls}"


def _genes(hits: Mapping[str, float] | None) -> str:
    if hits is None:
        return numbers.DASH
    return ", ".join(gene for gene, hit in sorted(hits.items()) if hit) or "none"


def _most(cells: Sequence[str]) -> str:
    """How many of many sites have each set of genes, the most common first."""
    times = Counter(cells)
    return "; ".join(f"{times[c]} {c}" for c in sorted(times, key=lambda c: (-times[c], c)))


def _measure(row: PooledRow | None) -> str:
    return numbers.fixed(row.value, 3) if row is not None else numbers.DASH
