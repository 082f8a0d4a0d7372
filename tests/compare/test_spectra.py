"""Mutational spectra at the lead: sums, lower bounds, cosines, and what the report shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import made_bundles as made
from equisite.bundle.codec import Bundle
from equisite.bundle.format import CellRow
from equisite.bundle.keys import make_key
from equisite.bundle.verify import verify
from equisite.codebook.book import codebook
from equisite.codebook.channels import CHANNELS, CODES
from equisite.compare.cells import Party
from equisite.compare.spectra import KIND, analyse_spectrum, cosine, spectra_of
from equisite.compare.spectrum_page import spectrum_chart, spectrum_charts, spectrum_tables
from equisite.compare.stages import run_admit, run_pool, run_report

BASE = {"analysis_set": "genomics", "feature": "sbs96"}


def cells_of(values: Sequence[int | None], n: int = 40) -> tuple[CellRow, ...]:
    """A spectrum as a bundle has it; None is withheld."""
    rows = [CellRow("spectrum", str(make_key(BASE)), "n", str(n), "ok")]
    for code, value in zip(CODES, values, strict=True):
        key = str(make_key({**BASE, "channel": code}))
        shown = ("", "suppressed") if value is None else (str(value), "ok")
        rows.append(CellRow("spectrum", key, "sum", *shown))
    return tuple(rows)


def party(
    name: str, values: Sequence[int | None] | None, bundle: Bundle, *, pooled: bool = True
) -> Party:
    cells = () if values is None else cells_of(values)
    return Party(name, name.title(), pooled, replace(bundle, cells=cells, quality=()))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    book = codebook()
    protocol = made.Protocol.model_validate(made.protocol_content(book, rich=False))
    plan = made.Plan("north", 30)
    patients = made.draw(plan, book, book.columns_of("mr__gtv__core"), seed=1)
    return made.bundle_of(plan, patients, protocol, book)


FLAT = [10] * 96
STEEP = [10 * (1 + n % 7) for n in range(96)]


def test_sums_are_added_and_a_withheld_channel_makes_a_lower_bound(bundle: Bundle) -> None:
    parties = [
        party("a", FLAT, bundle),
        party("b", [None, *STEEP[1:]], bundle),
        party("c", [99] * 96, bundle, pooled=False),
        party("d", None, bundle),
    ]
    rows, pooled, _ = analyse_spectrum(parties, "spectrum")
    by_code = {row.key.rpartition("=")[2]: row for row in pooled}
    first, second = by_code[CODES[0]], by_code[CODES[1]]
    assert (first.status, first.low, math.isnan(first.high)) == ("interval", 10, True)
    assert (second.status, second.value, second.n) == ("ok", 10 + STEEP[1], 80)
    assert math.fsum(r.share for r in pooled if r.status == "ok") == pytest.approx(1)
    absent = [r for r in rows if r.site == "d" and r.kind == KIND]
    assert {r.status for r in absent} == {"absent"}
    assert set(spectra_of(rows, "spectrum")) == {"a", "b", "c"}


def test_cosine_is_over_channels_that_both_have() -> None:
    one, other = np.array(FLAT, float), np.array(STEEP, float)
    expected = one @ other / np.sqrt((one @ one) * (other @ other))
    assert cosine(one, other) == (pytest.approx(expected), 96)
    assert cosine(other, other * 3) == (pytest.approx(1.0), 96)
    other[5:] = np.nan
    assert math.isnan(cosine(one, other)[0])
    assert cosine(one, other)[1] == 5
    assert math.isnan(cosine(np.zeros(96), one)[0])


def test_each_site_is_compared_with_the_other_pooled_ones(bundle: Bundle) -> None:
    parties = [party("a", FLAT, bundle), party("b", FLAT, bundle), party("c", STEEP, bundle)]
    rows, *_ = analyse_spectrum(parties, "spectrum")
    own = {r.site: r for r in rows if r.kind == "spectrum_cosine"}
    assert own["a"].value > own["c"].value
    assert own["c"].value == pytest.approx(cosine(np.array(STEEP), np.array(FLAT))[0])
    alone, *_ = analyse_spectrum(parties[:1], "spectrum")
    assert [r.status for r in alone if r.kind == "spectrum_cosine"] == ["absent"]


def test_charts_have_96_bars_and_mark_what_is_withheld(bundle: Bundle) -> None:
    parties = [party("a", [None, *STEEP[1:]], bundle), party("b", None, bundle)]
    rows, pooled, _ = analyse_spectrum(parties, "spectrum")
    charts = spectrum_charts("spectrum", rows, pooled, {"a": "A", "b": "B"})
    assert list(charts) == ["All pooled sites", "A, n = 40"]
    bars, marks = charts["A, n = 40"]["data"]
    assert len(bars["y"]) == 96
    assert math.fsum(bars["y"]) == pytest.approx(100)
    assert marks["x"] == [0]
    assert bars["text"][0] == f"{CHANNELS[0]}: withheld"
    assert spectrum_chart({})["data"][0]["y"] == [0.0] * 96
    alike, numbers = spectrum_tables("spectrum", rows, pooled, {"a": "A", "b": "B"})
    assert alike.rows == (("A", "40", "–", ""),)
    assert numbers.rows[0] == (CHANNELS[0], "withheld", "–", "not known")
    assert spectrum_tables("other", rows, pooled, {"a": "A"}) == []


def lead_with(folder: Path, spectra: Mapping[str, Sequence[int]]) -> Path:
    book = codebook()
    content = made.protocol_content(book, rich=False)
    content["tables"].append({"id": "spectrum", "kind": "spectrum"})
    content["genomics"]["somatic"] = {}
    protocol = made.write_lead(folder, content, {site: site.title() for site in spectra})
    columns = book.columns_of("mr__gtv__core")
    for site, values in spectra.items():
        plan = made.Plan(site, 40, spectrum=tuple(values))
        found = made.bundle_of(plan, made.draw(plan, book, columns, seed=7), protocol, book)
        assert verify(made.encode(found), protocol, book).findings == ()
        made.put_bundle(folder, found)
    return folder


def test_the_report_shows_spectra_and_cosines(tmp_path: Path) -> None:
    lead = lead_with(tmp_path / "lead", {"north": FLAT, "south": FLAT, "west": STEEP})
    run_admit(lead)
    run_pool(lead)
    page = run_report(lead).read_text(encoding="utf-8")
    assert "Mutational spectra of the tumours" in page
    assert page.count('data-chart="Spectrum: ') == 4
    assert "Cosines of spectra (table spectrum)" in page
    assert "1.000 (96)" in page
    assert "Alexandrov" in page
    assert page.count("A[C&gt;A]A") == 1
