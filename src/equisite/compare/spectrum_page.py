"""Mutational spectra in the report: 96 bars per site and of all, and how alike sites are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from equisite.bundle.keys import parse_key
from equisite.codebook.channels import CHANNELS, CODES, LABELS, SUBSTITUTIONS
from equisite.compare import numbers
from equisite.compare.results import ABSENT, PooledRow, SiteRow
from equisite.compare.spectra import COSINE, KIND, cosine, spectra_of
from equisite.compare.texts import SITES_SIDE_BY_SIDE, TextTable, Titles, by_cell

COLOURS = ("$site0", "$site5", "$alarm", "$calm", "$site1", "$site2")
"""Of the six substitutions, close to those that such charts have everywhere."""
_EACH = len(CHANNELS) // len(SUBSTITUTIONS)

_Row = SiteRow | PooledRow


def spectrum_charts(
    table: str, sites: Sequence[SiteRow], pooled: Sequence[PooledRow], names: Titles
) -> dict[str, dict[str, Any]]:
    """One chart of all pooled sites, and one of each site that sent a spectrum."""
    every = _by_code(r for r in pooled if r.table == table and r.measure == "sum")
    charts = {"All pooled sites": spectrum_chart(every)} if every else {}
    sizes = {r.site: r.n for r in sites if (r.table, r.kind) == (table, COSINE)}
    for site, name in names.items():
        own = _by_code(
            r
            for r in sites
            if (r.table, r.kind, r.site) == (table, KIND, site) and r.status != ABSENT
        )
        if own:
            charts[f"{name}, n = {numbers.whole(sizes[site])}"] = spectrum_chart(own)
    return charts


def _by_code(rows: Iterable[SiteRow] | Iterable[PooledRow]) -> dict[str, _Row]:
    return {parse_key(row.key).get("channel") or "": row for row in rows}


def spectrum_chart(rows: Mapping[str, _Row]) -> dict[str, Any]:
    """96 bars: what is known of each channel, in per cent of all that is known.

    Withheld channels carry a mark: theirs are lower bounds.
    """
    known = [_known(rows.get(code)) for code in CODES]
    total = math.fsum(known)
    height = [100 * value / total if total else 0.0 for value in known]
    withheld = [place for place, code in enumerate(CODES) if not _is_exact(rows.get(code))]
    text = [f"{LABELS[code]}: {_told(rows.get(code))}" for code in CODES]
    bars = {
        "type": "bar",
        "name": "substitutions",
        "x": list(range(len(CODES))),
        "y": height,
        "text": text,
        "textposition": "none",
        "hovertemplate": "%{text}, %{y:.1f} %<extra></extra>",
        "marker": {"color": [COLOURS[place // _EACH] for place in range(len(CODES))]},
    }
    marks = {
        "type": "scatter",
        "mode": "markers",
        "name": "withheld",
        "x": withheld,
        "y": [height[place] for place in withheld],
        "text": [text[place] for place in withheld],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"color": "$muted", "symbol": "x-thin-open", "size": 5},
    }
    layout = {
        "height": 250,
        "margin": {"t": 26, "b": 40, "l": 50, "r": 10},
        "bargap": 0.25,
        "xaxis": {
            "tickvals": list(range(len(CODES))),
            "ticktext": [code[:3] for code in CODES],
            "tickangle": -90,
            "tickfont": {"size": 8},
            "range": [-0.7, len(CODES) - 0.3],
            "showgrid": False,
            "zeroline": False,
        },
        "yaxis": {"title": {"text": "Share of substitutions (%)"}, "rangemode": "tozero"},
        "annotations": [
            {
                "x": (place + 0.5) * _EACH - 0.5,
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "text": name.replace(">", "&gt;"),
                "showarrow": False,
                "font": {"color": COLOURS[place]},
            }
            for place, name in enumerate(SUBSTITUTIONS)
        ],
        "showlegend": False,
    }
    return {"data": [bars, marks], "layout": layout}


def _known(row: _Row | None) -> float:
    return row.low if row is not None and math.isfinite(row.low) else 0.0


def _is_exact(row: _Row | None) -> bool:
    return row is not None and row.low == row.high


def _told(row: _Row | None) -> str:
    if row is None or (row.low != row.high and row.low == 0):
        return "withheld"
    return numbers.bounds(row.low, row.high)


def spectrum_tables(
    table: str, sites: Sequence[SiteRow], pooled: Sequence[PooledRow], titles: Titles
) -> list[TextTable]:
    """How alike the spectra of sites are, and all their numbers; nothing without a spectrum."""
    spectra = spectra_of(sites, table)
    if not spectra:
        return []
    return [_alike(table, sites, titles), _numbers(table, sites, pooled, titles)]


def _alike(table: str, sites: Sequence[SiteRow], titles: Titles) -> TextTable:
    """Cosines of each site with the others together, and with each where they are few."""
    spectra = spectra_of(sites, table)
    wide = [s for s in titles if s in spectra] if len(titles) <= SITES_SIDE_BY_SIDE else []
    rest = {r.site: r for r in sites if (r.table, r.kind) == (table, COSINE)}
    rows = []
    for site in (s for s in titles if s in spectra):
        row = rest[site]
        pairs = ["" if site == o else _pair(cosine(spectra[site], spectra[o])) for o in wide]
        together = f"{numbers.fixed(row.value, 3)} ({row.text})" if row.status != ABSENT else ""
        rows.append((titles[site], numbers.whole(row.n), together or numbers.DASH, *pairs))
    head = ("Site", "Patients", "With all others", *(titles[s] for s in wide))
    return TextTable(f"Cosines of spectra (table {table})", head, tuple(rows))


def _pair(found: tuple[float, int]) -> str:
    return f"{numbers.fixed(found[0], 3)} ({found[1]})"


def _numbers(
    table: str, sites: Sequence[SiteRow], pooled: Sequence[PooledRow], titles: Titles
) -> TextTable:
    """Substitutions by channel: each site's, and their sum."""
    cells = by_cell([r for r in sites if r.table == table], KIND)
    wide = list(titles) if len(titles) <= SITES_SIDE_BY_SIDE else []
    every = _by_code(r for r in pooled if r.table == table and r.measure == "sum")
    rows = []
    for code in CODES:
        total = every.get(code)
        if total is None:
            continue
        own = cells.get((table, total.key), {})
        rows.append(
            (
                LABELS[code],
                *(_cell(own.get(site)) for site in wide),
                numbers.bounds(total.low, total.high),
            )
        )
    head = ("Channel", *(titles[s] for s in wide), "All pooled sites")
    caption = f"Substitutions by channel (table {table})"
    return TextTable(caption, head, tuple(rows))


def _cell(row: SiteRow | None) -> str:
    if row is None or row.status == ABSENT:
        return numbers.DASH
    return "withheld" if row.status == "suppressed" else numbers.whole(row.value)
