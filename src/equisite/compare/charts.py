"""Charts of the report as Plotly figures, made from the result tables.

Colours are names that the page's script turns into those of the light, dark or print look.
Every admitted site appears in every chart, also when it has no value in it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from equisite.bundle.keys import parse_key
from equisite.codebook.book import Codebook
from equisite.codebook.labels import code_label
from equisite.compare.results import ABSENT, SiteRow
from equisite.compare.suspects import HARD, LOOK, QUIET, UNRANKED, WATCH, SuspectRow
from equisite.compare.texts import Titles, by_cell
from equisite.compare.words import cell_label

Figure = dict[str, Any]
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon", "x")
SITE_COLOURS = 6
MARKER = 8
VERDICT_COLOURS = {
    HARD: "$alarm",
    LOOK: "$alarm",
    WATCH: "$warn",
    QUIET: "$calm",
    UNRANKED: "$calm",
}
TITLE_LETTERS, FIRST_LETTERS = 26, 10
ROW_PIXELS = 30


def short(title: str) -> str:
    """A site's name that fits beside a chart.

    >>> short("University Hospital of Northern Anywhere")
    'University Hospital of No…'
    """
    return title if len(title) <= TITLE_LETTERS else title[: TITLE_LETTERS - 1] + "…"


def middle_cut(title: str) -> str:
    """A long name without its middle, for names that differ at the end.

    >>> middle_cut("University Hospital of Northern Anywhere, Department of Surgery")
    'University…ment of Surgery'
    """
    if len(title) <= TITLE_LETTERS:
        return title
    last = TITLE_LETTERS - FIRST_LETTERS - 1
    return f"{title[:FIRST_LETTERS].rstrip()}…{title[-last:].lstrip()}"


def shorts(titles: Titles) -> dict[str, str]:
    """Short names of all sites, each once: what begins alike keeps its end, or a number."""
    begun = Counter(short(title) for title in titles.values())
    out: dict[str, str] = {}
    for site, title in titles.items():
        once = middle_cut(title) if begun[short(title)] > 1 else short(title)
        name, again = once, 2
        while name in out.values():
            name, again = f"{once} ({again})", again + 1
        out[site] = name
    return out


def colours(titles: Titles, suspects: Sequence[SuspectRow]) -> dict[str, str]:
    """Name of the colour of every site; that of an alarm belongs to the first suspect."""
    first = {row.site for row in suspects[:1] if row.verdict not in (QUIET, UNRANKED)}
    rest = [site for site in titles if site not in first]
    named = {site: f"$site{i % SITE_COLOURS}" for i, site in enumerate(rest)}
    return {site: named.get(site, "$alarm") for site in titles}


def distance_chart(
    suspects: Sequence[SuspectRow], limits: Mapping[str, float], names: Titles
) -> Figure:
    """D of every site that has one, the site to look at first on top, and the two limits."""
    order = [row for row in reversed(suspects) if math.isfinite(row.d)]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [row.d for row in order],
        "y": [names[row.site] for row in order],
        "text": [f"{row.d:.2f}" for row in order],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": [VERDICT_COLOURS[row.verdict] for row in order]},
        "hovertemplate": "%{y}: D = %{x:.2f}<extra></extra>",
    }
    lines = [
        {
            "type": "line",
            "x0": limits[name],
            "x1": limits[name],
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": "$muted", "dash": dash, "width": 1.5},
        }
        for name, dash in (("watch", "dot"), ("look", "dash"))
    ]
    marks = [
        {
            "x": limits[name],
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "xanchor": anchor,
            "text": name,
            "showarrow": False,
        }
        for name, anchor in (("watch", "right"), ("look", "left"))
    ]
    top = max([limits["look"] + 0.5, *(row.d + 0.4 for row in order)])
    layout = {
        "height": 70 + ROW_PIXELS * len(order),
        "margin": {"t": 26, "b": 40, "l": 10, "r": 10},
        "xaxis": {"title": {"text": "D"}, "range": [0, top]},
        "yaxis": {"automargin": True},
        "shapes": lines,
        "annotations": marks,
        "showlegend": False,
    }
    return {"data": [trace], "layout": layout}


def share_chart(
    cells: Mapping[tuple[str, str], Mapping[str, SiteRow]],
    labels: Mapping[tuple[str, str], str],
    names: Titles,
    colour: Mapping[str, str],
) -> Figure:
    """Shares with Wilson intervals, one row per cell, the sites side by side.

    A withheld count is drawn as the bar of what it may be, without a marker; it is not drawn
    where it may be anything.
    """
    places = list(labels)
    step = 0.7 / max(len(names), 1)
    traces = []
    for index, site in enumerate(names):
        x: list[float | None] = []
        y, low, high, size, text = [], [], [], [], []
        for row_place, cell in enumerate(places):
            row = cells[cell].get(site)
            share = _span(row)
            height = row_place + (index - (len(names) - 1) / 2) * step
            y.append(height)
            x.append(share[1] if share else None)
            low.append(share[1] - share[0] if share else 0.0)
            high.append(share[2] - share[1] if share else 0.0)
            size.append(MARKER if row is not None and math.isfinite(row.share) else 0)
            text.append(f"{labels[cell]}, {_counted(row)}")
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{names[site]}, {_patients(site, cells, places)}",
                "x": x,
                "y": y,
                "text": text,
                "hovertemplate": "%{text}<extra>" + _plain(names[site]) + "</extra>",
                "marker": {
                    "color": colour[site],
                    "symbol": SYMBOLS[index % len(SYMBOLS)],
                    "size": size,
                    "opacity": 1,
                },
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": high,
                    "arrayminus": low,
                    "thickness": 1.2,
                    "width": 3,
                    "color": colour[site],
                },
            }
        )
    layout = {
        "height": 110 + len(places) * max(26, 9 * len(names)),
        "margin": {"t": 10, "b": 40, "l": 10, "r": 10},
        "xaxis": {
            "title": {"text": "Share of patients (%)"},
            "rangemode": "tozero",
        },
        "yaxis": {
            "tickvals": list(range(len(places))),
            "ticktext": [labels[c] for c in places],
            "range": [len(places) - 0.4, -0.6],
            "automargin": True,
            "zeroline": False,
        },
        "showlegend": True,
    }
    return {"data": traces, "layout": layout}


def _patients(
    site: str,
    cells: Mapping[tuple[str, str], Mapping[str, SiteRow]],
    places: Sequence[tuple[str, str]],
) -> str:
    """How many patients a site's shares are of; they may differ from row to row.

    A site that gave none of the rows has no marker, and is told to have none.
    """
    rows = [row for place in places if (row := cells[place].get(site)) is not None]
    sizes = sorted(row.n for row in rows if _span(row) is not None)
    if not sizes:
        return "not given"
    few, many = f"{sizes[0]:.0f}", f"{sizes[-1]:.0f}"
    return f"n = {few}" if few == many else f"n = {few} to {many}"


def _plain(name: str) -> str:
    """A name inside a Plotly template, which knows a few tags of its own."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")


def _span(row: SiteRow | None) -> tuple[float, float, float] | None:
    """Low end, point and high end in per cent."""
    if row is None or not math.isfinite(row.low) or not row.n > 0:
        return None
    if math.isfinite(row.share):
        return 100 * row.share_low, 100 * row.share, 100 * row.share_high
    if not math.isfinite(row.high) or row.high - row.low >= row.n:
        return None
    low, high = 100 * row.low / row.n, 100 * row.high / row.n
    return low, (low + high) / 2, high


def _is_there(row: SiteRow) -> bool:
    """Whether a site has patients in a group, or may have: it may be withheld."""
    return row.status != ABSENT and row.high != 0


def _counted(row: SiteRow | None) -> str:
    if row is None or not math.isfinite(row.low):
        return "not given"
    of = f" of {row.n:.0f}" if row.n > 0 else ""
    if row.low == row.high:
        return f"{row.low:.0f}{of}"
    high = f"{row.high:.0f}" if math.isfinite(row.high) else "?"
    return f"withheld: {row.low:.0f} to {high}{of}"


def carrier_charts(
    rows: Sequence[SiteRow], names: Titles, colour: Mapping[str, str]
) -> dict[str, Figure]:
    """One chart per consequence: genes by sites."""
    cells = by_cell(rows, "carriers")
    kinds = sorted({parse_key(key).get("consequence") or "" for _, key in cells})
    charts = {}
    for kind in kinds:
        labels = {
            cell: parse_key(cell[1]).get("gene") or ""
            for cell in cells
            if (parse_key(cell[1]).get("consequence") or "") == kind
        }
        charts[kind] = share_chart(cells, labels, names, colour)
    return charts


def count_charts(
    table: str,
    rows: Sequence[SiteRow],
    names: Titles,
    colour: Mapping[str, str],
    book: Codebook,
) -> dict[str, Figure]:
    """One chart per coded variable of a table, or one of all cells where it has no margins."""
    cells = {c: own for c, own in by_cell(rows, "count").items() if c[0] == table}
    single: dict[str, dict[tuple[str, str], str]] = {}
    for cell in cells:
        key = parse_key(cell[1])
        if len(key.variables) == 1:
            ((name, code),) = key.variables.items()
            single.setdefault(name, {})[cell] = code_label(book, name, code)
    if not single:
        labels = {
            c: cell_label(book, parse_key(c[1]))
            for c, own in cells.items()
            if parse_key(c[1]).variables and any(map(_is_there, own.values()))
        }
        return {"": share_chart(cells, labels, names, colour)} if labels else {}
    charts = {}
    for name, found in sorted(single.items()):
        codes = list(book.variable(name).codes)
        ordered = sorted(
            found,
            key=lambda c: (
                codes.index(code)
                if (code := parse_key(c[1]).variables[name]) in codes
                else len(codes),
                code,
            ),
        )
        shown = [c for c in ordered if any(map(_is_there, cells[c].values()))]
        if not shown:
            continue
        labels = {c: found[c] for c in shown}
        charts[book.variable(name).label] = share_chart(cells, labels, names, colour)
    return charts
