"""Scores of the public pack: into the tables, into the report, and how unlike sites are."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import made_scores
import pytest

import made_bundles as made
from equisite.bundle.codec import encode, read_bundle
from equisite.compare.conformance import judge
from equisite.compare.reading import read_results, titles_of
from equisite.compare.results import PooledRow
from equisite.compare.score_texts import class_table, gene_table, planted_table
from equisite.compare.scores import heterogeneity_rows
from equisite.compare.stages import run_admit, run_pool, run_report

GOOD = made_scores.rows(
    {"somatic/snp": (1.0, 1.0), "somatic/indel": (0.9, 1.0), "genomics/snp": (1.0, 1.0)},
    {"somatic/genes/PACKA": 1, "somatic/genes/PACKB": 1, "genomics/genes/PACKA": 0},
    {"somatic/high": (50, 1.0), "somatic/medium": (0, 0.0)},
)
SPOILED = made_scores.rows(
    {"somatic/snp": (0.7, 0.6), "somatic/indel": (0.0, 0.0), "genomics/snp": (1.0, 1.0)},
    {"somatic/genes/PACKA": 1, "somatic/genes/PACKB": 0, "genomics/genes/PACKA": 0},
    {"somatic/high": (1, 1.0), "somatic/medium": (9, 0.5)},
)


def compared(lead: Path, **sites: tuple[object, ...]) -> str:
    """The page after the conformance rows of some sites were put in place of the made ones."""
    for site, rows in sites.items():
        path = lead / "inbox" / f"{site}-r0001.bundle"
        bundle = read_bundle(path.read_bytes())
        path.write_bytes(encode(replace(bundle, conformance=rows)))
    run_admit(lead)
    run_pool(lead)
    return run_report(lead).read_text(encoding="utf-8")


def values(rows: list[PooledRow]) -> dict[tuple[str, str], float]:
    return {(row.key, row.measure): row.value for row in rows if row.kind == "score"}


def test_the_spoiled_site_is_seen_in_the_report(consortium) -> None:
    lead, _ = consortium()
    page = compared(lead, north=GOOD, south=GOOD, west=SPOILED)
    found = read_results(lead / "report")
    unlike = values(found.pooled)
    # Points (1,1), (1,1), (.7,.6): the mean is (.9, .866667); distances .166667 twice and
    # .333333, mean .222222, over sqrt(2)/2; the median is (1,1), the mean distance .5 / 3.
    assert unlike["somatic/snp", "phs"] == pytest.approx(2 / 9 * math.sqrt(2))
    assert unlike["somatic/snp", "h_score"] == pytest.approx(0.5 / 3)
    assert unlike["genomics/snp", "phs"] == 0.0
    assert unlike["somatic/genes", "gdr"] == 0.5
    assert math.isnan(unlike["genomics/genes", "gdr"]), "no site has a gene"
    titles = titles_of(found)
    table = planted_table(found.sites, found.pooled, titles, "c")
    rows = {row[0]: row[1:] for row in table.rows}
    assert list(rows) == ["Germline SNVs", "Somatic SNVs", "Somatic indels"]
    assert rows["Somatic SNVs"] == (
        "100.0\u202f% / 100.0\u202f%, 1.000",
        "100.0\u202f% / 100.0\u202f%, 1.000",
        "70.0\u202f% / 60.0\u202f%, 0.646",
        "0.314",
        "0.167",
    )
    classes = {row[0]: row[1:] for row in class_table(found.sites, titles, "c").rows}
    assert classes["Somatic calls of high confidence"] == (
        "100.0\u202f% of 50 calls",
        "100.0\u202f% of 50 calls",
        "100.0\u202f% of 1 call",
    )
    assert classes["Somatic calls of medium confidence"] == (
        "no calls",
        "no calls",
        "50.0\u202f% of 9 calls",
    )
    genes = {row[0]: row[1:] for row in gene_table(found.sites, found.pooled, titles, "c").rows}
    assert genes["Somatic variants"] == ("PACKA, PACKB", "PACKA, PACKB", "PACKA", "0.500")
    assert genes["Germline variants"] == ("none", "none", "none", "–")
    for text in ("phs", "H_score of the article", "GDR (0 to 1)", "Martín and others (2024)"):
        assert text in page
    assert "✗ differs" in page
    assert "@article{martin2024" in (lead / "report" / "consortium.bib").read_text()


def test_a_spoiled_site_is_shown_and_not_pooled(consortium) -> None:
    lead, _ = consortium()
    compared(lead, north=GOOD, south=GOOD, west=SPOILED)
    rows = {row.site: row for row in read_results(lead / "report").admitted}
    assert (rows["north"].pooled, rows["west"].pooled) == (True, False)
    assert rows["west"].code == "CONFORMANCE_DIFFERS"


def test_alike_sites_are_at_zero(consortium) -> None:
    lead, _ = consortium()
    compared(lead, north=GOOD, south=GOOD, west=GOOD)
    unlike = values(read_results(lead / "report").pooled)
    assert {v for v in unlike.values() if not math.isnan(v)} == {0.0}


def test_without_planted_variants_the_page_is_silent(consortium) -> None:
    lead, _ = consortium()
    page = compared(lead)
    assert "What each site finds of what was planted" not in page
    assert "martin2024" not in (lead / "report" / "consortium.bib").read_text()


def test_many_sites_are_told_by_the_lowest_and_the_highest(consortium) -> None:
    names = [f"s{n:02d}" for n in range(10)]
    plans = tuple(made.Plan(name, 60) for name in names)
    lead, _ = consortium(plans, {name: f"Site {name}" for name in names})
    compared(lead, **{**dict.fromkeys(names, GOOD), "s04": SPOILED})
    found = read_results(lead / "report")
    titles = titles_of(found)
    table = planted_table(found.sites, found.pooled, titles, "c")
    assert table.head[:2] == ("Variants", "Sites")
    cell = next(row for row in table.rows if row[0] == "Somatic SNVs")[1]
    assert cell == (
        "70.0\u202f% / 60.0\u202f%, 0.646 (Site s04) to 100.0\u202f% / 100.0\u202f%, 1.000"
    )
    genes = gene_table(found.sites, found.pooled, titles, "c").rows
    assert genes[1][1] == "9 PACKA, PACKB; 1 PACKA"
    medium = class_table(found.sites, titles, "c").rows[1]
    assert medium[1] == "50.0\u202f% of 9 calls (Site s04) to 50.0\u202f% of 9 calls"


def bundles(**sites: tuple[object, ...]) -> dict[str, SimpleNamespace]:
    return {site: SimpleNamespace(conformance=rows) for site, rows in sites.items()}


def test_a_site_that_found_no_gene_is_the_empty_set_and_one_without_rows_is_not() -> None:
    hit = made_scores.rows({}, {"somatic/genes/A": 1})
    none = made_scores.rows({}, {"somatic/genes/A": 0})
    other = made_scores.rows({"somatic/snp": (1.0, 1.0)})
    for rows, sites, expected in (
        (bundles(a=hit, b=none), 2, 1.0),
        (bundles(a=hit, b=hit, c=other), 2, 0.0),
        (bundles(a=hit, c=other), 1, math.nan),
    ):
        judged = {found.site: found for found in judge(rows, 1e-6)}
        (row,) = (r for r in heterogeneity_rows(judged) if r.measure == "gdr")
        assert (row.sites, row.value) == (sites, pytest.approx(expected, nan_ok=True))
        assert row.status == ("absent" if math.isnan(expected) else "ok")


def test_numbers_of_calls_are_compared_with_what_most_sites_have() -> None:
    usual = made_scores.rows({}, {}, {"somatic/high": (50, 1.0)})
    more = made_scores.rows({}, {}, {"somatic/high": (51, 1.0)})
    levels = {f.site: f.level for f in judge(bundles(a=usual, b=usual, c=more), 1e-6)}
    assert levels == {"a": "digest", "b": "digest", "c": "fails"}
