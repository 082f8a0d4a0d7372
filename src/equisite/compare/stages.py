"""The three steps of a comparison, as the rules call them: admit, pool, report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from equisite.bundle.format import STAMPS
from equisite.compare import lead as places
from equisite.compare.admission import ADMITTED, AdmittedRow, admit
from equisite.compare.analyse import Analysis, analyse, parties_of
from equisite.compare.conformance import judge
from equisite.compare.lead import LeadFolder, load_folder
from equisite.compare.methods import bibliography, sentences
from equisite.compare.numbers import real
from equisite.compare.results import MetaRow, PooledRow, SiteRow, silent_sites
from equisite.compare.suspects import SuspectRow
from equisite.compare.verdict import coverage, headline, honesty
from equisite.core.atomic import write_bytes, write_text
from equisite.core.canonical import canonical_json
from equisite.core.errors import BundleError
from equisite.core.tables import read_rows, write_rows

RESULTS = (
    places.SITES,
    places.POOLED,
    places.META,
    places.SUSPECTS,
    places.SUMMARY,
    places.BIBLIOGRAPHY,
    places.PAGE,
)


def run_admit(folder: Path) -> list[AdmittedRow]:
    """Judge all bundles and write `admitted.tsv`.

    When nothing is admitted, results of an earlier comparison are removed: they would be
    taken for those of this one.
    """
    lead = load_folder(folder)
    rows, _ = admit(lead)
    write_rows(lead.report / places.ADMITTED, AdmittedRow, rows)
    if not any(row.verdict == ADMITTED for row in rows):
        for name in RESULTS:
            (lead.report / name).unlink(missing_ok=True)
    return rows


def run_pool(folder: Path) -> None:
    """Pool and compare the admitted bundles; write the result tables and the summary.

    Raises BundleError NOTHING_ADMITTED.
    """
    lead = load_folder(folder)
    rows = read_rows(lead.report / places.ADMITTED, AdmittedRow)
    parties = parties_of(lead, rows)
    if not parties:
        refused = sum(bool(row.bundle_sha256) for row in rows)
        raise BundleError("NOTHING_ADMITTED", bundles=refused)
    tolerance = lead.protocol.conformance.relative_tolerance
    found = analyse(lead, parties, judge({p.site: p.bundle for p in parties}, tolerance))
    write_rows(lead.report / places.SITES, SiteRow, found.sites)
    write_rows(lead.report / places.POOLED, PooledRow, found.pooled)
    write_rows(lead.report / places.META, MetaRow, found.meta)
    write_rows(lead.report / places.SUSPECTS, SuspectRow, found.suspects)
    write_bytes(
        lead.report / places.SUMMARY, canonical_json(summary(lead, rows, found)) + b"\n"
    )


def summary(lead: LeadFolder, rows: list[AdmittedRow], found: Analysis) -> dict[str, Any]:
    """Content of `summary.json`: the verdict, what it stands on and how it was made."""
    head = lead.protocol.protocol
    silent = silent_sites(found.sites)
    values: dict[str, object] = {
        "protocol": head.id,
        "version": head.version,
        "sha256": lead.sha256[:12],
        "tolerance": real(lead.protocol.conformance.relative_tolerance),
        "watch": found.limits.watch,
        "look": found.limits.look,
        "trials": found.limits.trials,
    }
    return {
        "schema": "equisite-comparison-v1",
        "protocol": {
            "id": head.id,
            "version": head.version,
            "title": head.title,
            "contact": head.contact,
            "licence": head.licence,
            "sha256": lead.sha256,
        },
        "data": head.data,
        "stamp": STAMPS[head.data],
        "k": lead.rules.k,
        "minimum_n": lead.rules.minimum_n,
        "sites": len(found.suspects),
        "pooled_sites": sum(row.pooled and row.site not in silent for row in rows),
        "patients": found.patients,
        "limits": {"watch": found.limits.watch, "look": found.limits.look},
        "headline": headline(found.suspects),
        "coverage": coverage(rows, silent, found.patients),
        "honesty": honesty(found.suspects),
        "methods": found.methods,
        "methods_text": sentences(found.methods, values),
        "bundles": sorted(r.bundle_sha256 for r in rows if r.verdict == ADMITTED),
    }


def run_report(folder: Path) -> Path:
    """Write `report.html` and `consortium.bib` from the result tables alone."""
    from equisite.compare.page import render_page

    lead = load_folder(folder)
    about = json.loads((lead.report / places.SUMMARY).read_bytes())
    write_text(lead.report / places.BIBLIOGRAPHY, bibliography(about["methods"]))
    page = lead.report / places.PAGE
    write_text(page, render_page(lead.report, lead.protocol, lead.book, about))
    return page
