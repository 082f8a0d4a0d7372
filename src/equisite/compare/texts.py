"""The plain tables of the report, as texts: readable without scripts, and on paper."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from equisite.bundle.format import TABLE_REASONS
from equisite.bundle.keys import Key, parse_key
from equisite.codebook.book import Codebook
from equisite.codebook.labels import column_label
from equisite.compare import numbers
from equisite.compare.results import MetaRow, PooledRow, SiteRow
from equisite.compare.words import (
    cell_label,
    scale_label,
    set_label,
    strata_label,
)

SITES_SIDE_BY_SIDE = 8
"""With more sites, tables show the pooled numbers and the range over the sites."""
STATIC_ROWS = 200
"""Longer tables show the rows with the largest I2; all stand in the TSV files."""
SHOWN = ("ok", "structural", "merged")
"""Statuses of a count that the site gave."""


@dataclass(frozen=True)
class TextTable:
    """A table of texts. head: column titles. The first cell of each row is its header.

    words: titles of the columns that hold words; the others hold numbers.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    words: tuple[str, ...] = ()


Titles = Mapping[str, str]
"""Names of the admitted sites by id, in the order of the columns."""


def by_cell(rows: Sequence[SiteRow], *kinds: str) -> dict[tuple[str, str], dict[str, SiteRow]]:
    """Rows of some kinds by (table, key), then by site; order of first occurrence."""
    cells: dict[tuple[str, str], dict[str, SiteRow]] = {}
    for row in rows:
        if row.kind in kinds:
            cells.setdefault((row.table, row.key), {})[row.site] = row
    return cells


def feature_table(
    meta: Sequence[MetaRow],
    cells: Mapping[tuple[str, str], Mapping[str, SiteRow]],
    pooled: Mapping[tuple[str, str], PooledRow],
    titles: Titles,
    book: Codebook,
    caption: str,
) -> TextTable:
    """Means of the sites side by side, with I2, the pooled mean and its interval."""
    chosen = sorted(meta, key=lambda m: (-_sortable(m.i2), m.table, m.key))[:STATIC_ROWS]
    kept = {(m.table, m.key) for m in chosen}
    wide = len(titles) <= SITES_SIDE_BY_SIDE
    rows = []
    for m in meta:
        if (m.table, m.key) not in kept:
            continue
        key = parse_key(m.key)
        own = cells.get((m.table, m.key), {})
        total = pooled[m.table, m.key]
        rows.append(
            (
                feature_label(book, key),
                scale_of(book, key),
                numbers.percent(m.i2, 0),
                numbers.p_value(m.p_adjusted),
                *(_mean(own.get(site)) for site in (titles if wide else ())),
                numbers.whole(m.n),
                numbers.apart(total.value, m.low, m.high)[0],
                numbers.mean_and_interval(m.mean, m.low, m.high),
            )
        )
    note = (
        ""
        if len(chosen) == len(meta)
        else f"The {STATIC_ROWS} rows with the largest I² of {len(meta)}."
    )
    head = (
        "Variable",
        "Scale",
        "I²",
        "P, adjusted",
        *(titles.values() if wide else ()),
        "Patients",
        "Mean of all patients",
        "Random-effects mean (95 %)",
    )
    return TextTable(caption, head, tuple(rows), note, ("Scale",))


def _sortable(value: float) -> float:
    return value if value == value else -1.0


def _mean(row: SiteRow | None) -> str:
    if row is None or row.status == "absent":
        return numbers.DASH
    if row.status != "ok":
        return f"withheld ({row.status})"
    mark = "" if row.pooled else " (not pooled)"
    return f"{numbers.mean_and_sd(row.value, row.sd)}{mark}"


def feature_label(book: Codebook, key: Key) -> str:
    """Label of a feature with its stratum."""
    label = column_label(book, key.get("feature") or "")
    strata = strata_label(book, key)
    return f"{label} ({strata})" if strata else label


def scale_of(book: Codebook, key: Key) -> str:
    """Scale of a feature's means in words."""
    name = key.get("feature") or ""
    return scale_label(book.constant(name), book.variable(name).unit)


def count_table(
    table: str,
    rows: Sequence[SiteRow],
    pooled: Sequence[PooledRow],
    titles: Titles,
    book: Codebook,
    caption: str,
    what: str = "Group",
    of: str = "Patients",
) -> TextTable:
    """Counts, carriers or copies of one table: each site's, and their sum with its share.

    what: the first column. of: what the counted ones are a share of.
    """
    cells = by_cell([r for r in rows if r.table == table], "count", "carriers", "variants")
    wide = len(titles) <= SITES_SIDE_BY_SIDE
    out: list[tuple[tuple[object, ...], tuple[str, ...]]] = []
    nowhere = 0
    for total in pooled:
        if total.table != table or total.measure not in ("count", "ac"):
            continue
        own = cells.get((table, total.key), {})
        key = parse_key(total.key)
        if key.variables and total.high == 0:
            nowhere += 1
            continue
        label, share = cell_label(book, key), _share(total)
        if not (key.variables or key.get("gene") or key.get("variant")):
            label, share = set_label(book, total.analysis_set), numbers.DASH
        cell = (
            label,
            *(_count(own.get(site)) for site in (titles if wide else ())),
            numbers.bounds(total.low, total.high),
            numbers.whole(total.n),
            share,
            str(total.sites),
        )
        out.append((_place(key, book), cell))
    out.sort(key=lambda r: r[0])
    sites = tuple(titles.values()) if wide else ()
    head = (what, *sites, "All pooled sites", of, "Share (95 %)", "Sites")
    if all(cell[-2] == numbers.DASH for _, cell in out):
        # Sets of patients are no shares of anything in their table.
        head = (*head[:-3], head[-1])
        out = [(place, (*cell[:-3], cell[-1])) for place, cell in out]
    note = f"Empty at every site: {numbers.counted(nowhere, 'group')}." if nowhere else ""
    return TextTable(caption, head, tuple(cell for _, cell in out), note)


def _place(key: Key, book: Codebook) -> tuple[object, ...]:
    """Totals first, then the codes in the order of the codebook."""
    codes = []
    for name, code in key.variables.items():
        known = list(book.variable(name).codes)
        codes.append((name, known.index(code) if code in known else len(known), code))
    names = [name for name, _, _ in codes]
    gene = (key.get("gene") or "", key.get("consequence") or "")
    return (len(codes), names, [place for _, place, _ in codes], gene, str(key))


def _count(row: SiteRow | None) -> str:
    if row is None or row.status == "absent":
        return numbers.DASH
    if row.status not in SHOWN and row.low == 0 and not math.isfinite(row.high):
        return "withheld"
    text = numbers.bounds(row.low, row.high)
    if row.kind != "count":
        text = f"{text} of {numbers.whole(row.n)}"
    return text if row.status in SHOWN else f"{text} (withheld)"


def _share(row: PooledRow) -> str:
    interval = numbers.percent_interval(row.share_low, row.share_high)
    if row.status == "ok":
        return f"{numbers.percent(row.share)} ({interval})"
    return interval if row.share_low == row.share_low else numbers.DASH


def slope_table(pooled: Sequence[PooledRow], book: Codebook, caption: str) -> TextTable:
    """Slopes of the linear models."""
    rows = []
    for row in pooled:
        if row.measure != "slope":
            continue
        key = parse_key(row.key)
        if row.status == "ok":
            cells = (
                *numbers.apart(row.value, row.low, row.high),
                numbers.whole(row.n),
                numbers.percent(row.share),
            )
        else:
            cells = (numbers.DASH, row.text, numbers.DASH, numbers.DASH)
        rows.append(
            (
                column_label(book, key.get("feature") or ""),
                column_label(book, key.get("covariates") or ""),
                *cells,
            )
        )
    head = ("Feature", "Covariate", "Slope", "95 % interval", "Patients", "R² inside sites")
    note = ""
    if len(rows) > STATIC_ROWS:
        note = f"The first {STATIC_ROWS} of {len(rows)} rows."
    return TextTable(caption, head, tuple(rows[:STATIC_ROWS]), note, ("Covariate",))


VERDICT_WORDS = {"robust": "✓ robust", "below": "✗ below the limit", "": "not judged"}


def repeatability_table(
    pooled: Sequence[PooledRow],
    rows: Sequence[SiteRow],
    titles: Titles,
    book: Codebook,
    caption: str,
) -> TextTable:
    """Features with their ICC over perturbed copies, those below the limit marked."""
    cells = by_cell(rows, "repeatability")
    wide = len(titles) <= SITES_SIDE_BY_SIDE
    out = []
    for row in pooled:
        if row.measure != "icc":
            continue
        own = cells.get((row.table, row.key), {})
        out.append(
            (
                feature_label(book, parse_key(row.key)),
                VERDICT_WORDS[row.text],
                _interval(row),
                numbers.whole(row.n),
                *(_icc(own.get(site)) for site in (titles if wide else ())),
            )
        )
    head = (
        "Feature",
        "Verdict",
        "ICC of all pooled sites (95 %)",
        "Patients",
        *(titles.values() if wide else ()),
    )
    note = f"The first {STATIC_ROWS} of {len(out)} rows." if len(out) > STATIC_ROWS else ""
    return TextTable(caption, head, tuple(out[:STATIC_ROWS]), note, ("Verdict",))


def _interval(row: PooledRow) -> str:
    low, high = numbers.fixed(row.low), numbers.fixed(row.high)
    return f"{numbers.fixed(row.value)} ({low} to {high})"


def _icc(row: SiteRow | None) -> str:
    if row is None or row.status == "absent":
        return numbers.DASH
    if row.status != "ok":
        return f"withheld ({row.status})"
    return f"{numbers.fixed(row.value)} (from {numbers.fixed(row.low)})"


LEVEL_WORDS = {
    "digest": "✓ same bytes",
    "value": "✓ same values",
    "fails": "✗ differs",
    "absent": "✗ absent",
}


def conformance_table(rows: Sequence[SiteRow], titles: Titles, caption: str) -> TextTable:
    """Items by sites: same bytes, same values, or different."""
    cells = by_cell(rows, "conformance")
    out = []
    for (_, item), own in sorted(cells.items()):
        words = [LEVEL_WORDS[own[s].status] if s in own else "✗ absent" for s in titles]
        if len(titles) > SITES_SIDE_BY_SIDE:
            counted = Counter(words)
            words = [
                "; ".join(f"{counted[w]} {w}" for w in LEVEL_WORDS.values() if w in counted)
            ]
        scores = sorted({r.text for r in own.values() if r.text})
        out.append((item.replace("_", " "), *words, " | ".join(scores[:3])))
    sites = tuple(titles.values()) if len(titles) <= SITES_SIDE_BY_SIDE else ("Sites",)
    last = "Scores and digests"
    return TextTable(caption, ("Item", *sites, last), tuple(out), words=(*sites, last))


CELLS_REASON = "small groups, others hidden to protect them, or values beyond the limits"


def withheld_table(rows: Sequence[SiteRow], titles: Titles, caption: str) -> TextTable:
    """Tables that a site kept back, and how many single numbers; by site and reason."""
    hidden: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.kind not in ("table", "note", "conformance") and row.status in (
            "suppressed",
            "clipped",
        ):
            hidden[row.table, row.site] += 1
    tables = [row for row in rows if row.kind == "table"]
    whole: dict[tuple[str, str], list[str]] = {}
    for row in tables:
        if row.status == "withheld":
            whole.setdefault((row.site, row.text), []).append(row.table)
    out = [
        (titles[site], "whole tables", ", ".join(sorted(names)), TABLE_REASONS[reason])
        for (site, reason), names in whole.items()
    ]
    out += [
        (titles[row.site], numbers.counted(cells, "number"), row.table, CELLS_REASON)
        for row in tables
        if row.status != "withheld" and (cells := hidden[row.table, row.site])
    ]
    head = ("Site", "Withheld", "Tables", "Reason")
    return TextTable(caption, head, tuple(sorted(out)), words=head[1:])
