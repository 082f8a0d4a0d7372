"""The report: one HTML file from the result tables, offline, equal bytes each time."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from equisite.bundle.keys import parse_key
from equisite.codebook.book import Codebook
from equisite.compare import charts, numbers, score_texts, texts, words
from equisite.compare.admission import ADMITTED, AWAITED, REFUSED
from equisite.compare.feature_data import FEATURE_KINDS, feature_data
from equisite.compare.methods import cited, plain_reference
from equisite.compare.packing import packed_columns, packed_text
from equisite.compare.positions import opt_in_table
from equisite.compare.reading import Results, read_results, titles_of
from equisite.compare.results import silent_sites
from equisite.compare.shipped import FOLDER, read_text
from equisite.compare.spectrum_page import spectrum_charts, spectrum_tables
from equisite.compare.suspects import FEWEST_SITES, QUIET, UNRANKED, SuspectRow
from equisite.core.canonical import canonical_json
from equisite.core.markup import told_in_html
from equisite.protocol.models import Protocol

CARRIERS = "Carriers: "
SPECTRA = "Spectrum: "
VERDICTS = {
    "hard": ("▲", "Hard finding"),
    "look": ("●", "Look first"),
    "watch": ("◐", "Watch"),
    "quiet": ("○", "Unremarkable"),
    "unranked": ("–", "Not ranked"),
}


def plotly_script() -> str:
    """The script of Plotly as its wheel carries it."""
    script = resources.files("plotly").joinpath("package_data/plotly.min.js")
    return script.read_text(encoding="utf-8").rstrip("\n")


def script_hash(script: str) -> str:
    """The source expression that allows exactly this inline script."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def policy(*scripts: str) -> str:
    """The content policy of the page: these scripts, inline styles, pictures made by them."""
    return (
        f"default-src 'none'; script-src {' '.join(script_hash(s) for s in scripts)}; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def render_page(
    report: Path, protocol: Protocol, book: Codebook, about: Mapping[str, Any]
) -> str:
    """The page's text; everything in it stands in the tables of `report` and in `about`."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    found = read_results(report)
    environment = Environment(
        loader=PackageLoader("equisite.compare", FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["num"] = numbers
    environment.filters["told"] = lambda text: Markup(told_in_html(text))  # noqa: S704
    plotly = plotly_script()
    script, style = read_text("report.js"), read_text("report.css")
    figures = page_figures(found, protocol, book, about)
    return environment.get_template("report.html.j2").render(
        policy=policy(script, plotly),
        script=script,
        style=style,
        plotly=plotly,
        data=packed_columns(*feature_data(found, book)),
        figures=packed_text(canonical_json(figures)),
        figure_names=list(figures),
        about=about,
        cards=cards(found, protocol),
        verdicts=VERDICTS,
        calm=(QUIET, UNRANKED),
        ranked=any(s.verdict != UNRANKED for s in found.suspects),
        compared=_is_compared(found.suspects),
        features=feature_names(found, book),
        refused=[r for r in found.admitted if r.verdict == REFUSED],
        **page_tables(found, protocol, book),
        references=[plain_reference(key) for key in cited(about["methods"])],
        first=chosen_first(found),
        carriers_prefix=CARRIERS,
        spectra_prefix=SPECTRA,
    )


def cards(found: Results, protocol: Protocol) -> list[dict[str, Any]]:
    """One card per site: ranked ones first, then those that are awaited."""
    rows = {r.site: r for r in found.admitted if r.verdict == ADMITTED}
    sizes = {
        r.site: r.low for r in found.sites if r.kind == "count" and r.key == "analysis_set=all"
    }
    silent = silent_sites(found.sites)
    notes: dict[str, list[str]] = {}
    withheld: dict[str, int] = {}
    for row in found.sites:
        if row.kind == "note":
            notes.setdefault(row.site, []).append(row.key)
        if row.kind == "table" and row.status == "withheld":
            withheld[row.site] = withheld.get(row.site, 0) + 1
    out: list[dict[str, Any]] = [
        {
            "suspect": suspect,
            "row": rows[suspect.site],
            "patients": numbers.whole(sizes.get(suspect.site, float("nan"))),
            "notes": notes.get(suspect.site, []),
            "withheld": withheld.get(suspect.site, 0),
            "tables": len(protocol.tables),
            "pooled": _pooled_words(rows[suspect.site].pooled, suspect.site in silent),
            "family": words.family_label(suspect.family) if suspect.family else "",
        }
        for suspect in found.suspects
    ]
    out += [{"suspect": None, "row": r} for r in found.admitted if r.verdict == AWAITED]
    return out


def _is_compared(suspects: Sequence[SuspectRow]) -> bool:
    """Whether D says something: of two sites it is the same."""
    return sum(bool(np.isfinite(s.d)) for s in suspects) >= FEWEST_SITES


def _pooled_words(pooled: bool, silent: bool) -> str:
    if silent:
        return "✗ nothing was sent"
    return "✓ yes" if pooled else "✗ no"


def feature_names(found: Results, book: Codebook) -> list[dict[str, Any]]:
    """Entries of the feature selector, in the order of the packed columns."""
    return [
        {
            "index": index,
            "label": texts.feature_label(book, parse_key(row.key)),
            "group": words.family_label(row.family),
        }
        for index, row in enumerate(found.meta)
    ]


def page_tables(found: Results, protocol: Protocol, book: Codebook) -> dict[str, Any]:
    """All plain tables of the page."""
    titles = titles_of(found)
    cells = texts.by_cell(found.sites, *FEATURE_KINDS)
    pooled = {(r.table, r.key): r for r in found.pooled if r.measure == "mean"}
    quality = {r.table for r in found.sites if r.kind == "quality"}
    kinds = {table.id: table.kind for table in protocol.tables}
    counts = [
        texts.count_table(
            name, found.sites, found.pooled, titles, book, f"Counts (table {name})"
        )
        for name, kind in kinds.items()
        if kind == "count"
    ]
    carriers = [
        texts.count_table(
            name, found.sites, found.pooled, titles, book, f"Carriers (table {name})", "Gene"
        )
        for name, kind in kinds.items()
        if kind == "carriers"
    ]
    variants = [
        texts.count_table(
            name,
            found.sites,
            found.pooled,
            titles,
            book,
            f"Copies of alleles (table {name})",
            "Allele",
            "Copies of the locus",
        )
        for name, kind in kinds.items()
        if kind == "variants"
    ]
    return {
        "feature_table": texts.feature_table(
            [m for m in found.meta if m.table not in quality],
            cells,
            pooled,
            titles,
            book,
            "Means ± SD of the sites, of all patients, and their random-effects mean",
        ),
        "quality_table": texts.feature_table(
            [m for m in found.meta if m.table in quality],
            cells,
            pooled,
            titles,
            book,
            "Technical quality: means ± SD of the sites",
        ),
        "counts": [t for t in counts if t.rows],
        "carriers": [t for t in carriers if t.rows],
        "variants": [t for t in variants if t.rows],
        "spectra": [
            made
            for name, kind in kinds.items()
            if kind == "spectrum"
            for made in spectrum_tables(name, found.sites, found.pooled, titles)
        ],
        "slopes": texts.slope_table(
            found.pooled, book, "Linear models over all sites, one intercept per site"
        ),
        "repeatability": texts.repeatability_table(
            found.pooled,
            found.sites,
            titles,
            book,
            "Intraclass correlation of perturbed copies",
        ),
        "conformance": texts.conformance_table(
            found.sites, titles, "The same public input at every site"
        ),
        "planted": score_texts.planted_table(
            found.sites,
            found.pooled,
            titles,
            "Variants planted in the public pack: recall / precision, F1",
        ),
        "classes": score_texts.class_table(
            found.sites, titles, "Expected precision of each class of confidence"
        ),
        "genes_hit": score_texts.gene_table(
            found.sites, found.pooled, titles, "Genes hit by protein-affecting variants"
        ),
        "opt_in": opt_in_table(found.sites, titles, "What left by approval of a site"),
        "withheld": texts.withheld_table(found.sites, titles, "What sites kept back"),
    }


def page_figures(
    found: Results, protocol: Protocol, book: Codebook, about: Mapping[str, Any]
) -> dict[str, charts.Figure]:
    """All charts that do not depend on the chosen feature, by name."""
    titles = titles_of(found)
    names = charts.shorts(titles)
    colour = charts.colours(titles, found.suspects)
    figures = {}
    if _is_compared(found.suspects):
        figures["distance"] = charts.distance_chart(found.suspects, about["limits"], names)
    for kind, figure in charts.carrier_charts(found.sites, names, colour).items():
        figures[f"{CARRIERS}{kind}"] = figure
    for table in protocol.tables:
        if table.kind == "spectrum":
            drawn = spectrum_charts(table.id, found.sites, found.pooled, names)
            for name, figure in drawn.items():
                figures[f"{SPECTRA}{name} (table {table.id})"] = figure
        if table.kind == "count":
            made = charts.count_charts(table.id, found.sites, names, colour, book)
            for name, figure in made.items():
                figures[f"{name or 'All groups'} (table {table.id})"] = figure
    return figures


def chosen_first(found: Results) -> int:
    """The feature shown at first: that with the largest I2 among those of the first suspect."""
    family = found.suspects[0].family if found.suspects else ""
    own = [f for f, m in enumerate(found.meta) if m.family == family] or list(
        range(len(found.meta))
    )
    return max(own, key=lambda f: (np.nan_to_num(found.meta[f].i2), -f), default=0)
