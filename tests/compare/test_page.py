"""The page: strict policy, everything of the tables in it, nothing of a bundle trusted."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
import struct
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml

import made_bundles as made
from equisite.bundle.codec import encode, read_bundle
from equisite.compare import charts, numbers, packing
from equisite.compare.methods import bibliography, cited, methods, plain_reference, references
from equisite.compare.results import SiteRow
from equisite.compare.stages import run_admit, run_pool, run_report
from equisite.compare.suspects import faults

HOSTILE = "<script>alert(1)</script>&\"'%{x}"


def whole(lead: Path) -> str:
    run_admit(lead)
    run_pool(lead)
    return run_report(lead).read_text(encoding="utf-8")


class Text(HTMLParser):
    """Text, tags and scripts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif not self._inside:
            self.words.append(data)


def parsed(page: str) -> Text:
    text = Text()
    text.feed(page)
    return text


def unpacked(page: str, name: str) -> bytes:
    block = re.search(f'id="{name}">([^<]+)<', page)
    assert block is not None
    return content_of(block[1])


def content_of(packed: str) -> bytes:
    form, text = packed.split(":")
    content = base64.b64decode(text)
    return {"plain": bytes, "gzip": gzip.decompress}[form](content)


def test_scripts_run_by_their_hash_only(consortium) -> None:
    page = whole(consortium()[0])
    text = parsed(page)
    policy = next(
        a["content"]
        for t, a in text.tags
        if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    own = text.scripts[-1].encode()
    plotly = text.scripts[-2].encode()
    for script in (own, plotly):
        digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert plotly[:200].find(b"plotly.js v") > 0
    links = [a.get("href") or a.get("src") or "" for t, a in text.tags]
    assert all(link == "" or link.startswith("#") for link in links), "nothing is fetched"
    assert "eval(" not in own.decode() and "innerHTML" not in own.decode()


def test_names_of_the_keyring_are_escaped_everywhere(consortium) -> None:
    lead, _ = consortium(titles={"north": HOSTILE, "south": "Hospital South", "west": "W"})
    page = whole(lead)
    assert HOSTILE not in page
    assert "<script>alert" not in page
    assert any(HOSTILE in word for word in parsed(page).words)
    figures = json.loads(unpacked(page, "figures"))
    hover = json.dumps(figures)
    assert "%{x}<extra>" not in hover and "alert(1)</script>&amp;" not in hover


def test_every_site_is_in_every_chart_and_table(consortium) -> None:
    lead, _ = consortium()
    page = whole(lead)
    figures = json.loads(unpacked(page, "figures"))
    titles = {"Hospital North", "Hospital South", "Clinic West"}
    for name, figure in figures.items():
        shown = set()
        for trace in figure["data"]:
            shown |= {trace.get("name", "")} | set(map(str, trace.get("y", [])))
        assert titles <= {text.partition(", n = ")[0] for text in shown}, name
    head = unpacked(page, "data")
    size = struct.unpack("<I", head[:4])[0]
    header = json.loads(head[4 : 4 + size])
    assert [s["title"] for s in header["sites"]] == sorted(titles, key=header_order)
    assert len(header["features"]) == 16


def header_order(title: str) -> str:
    return {"Hospital North": "north", "Hospital South": "south", "Clinic West": "west"}[title]


def test_a_site_without_a_table_is_still_in_its_charts(consortium) -> None:
    lead, _ = consortium()
    withhold(lead, "west", {"germline_carriers"})
    page = whole(lead)
    words = " ".join(parsed(page).words)
    assert "too few patients" in words
    figures = json.loads(unpacked(page, "figures"))
    for figure in (f for name, f in figures.items() if name.startswith("Carriers")):
        west = next(t for t in figure["data"] if t["name"] == "Clinic West, not given")
        assert west["x"] == [None] * len(made.GENES)
        assert "not given" in west["text"][0]


def test_packed_columns_are_the_numbers_of_the_tables() -> None:
    values = np.array([1.5, np.nan, -3.0, 1e-30])
    packed = packing.packed_columns({"a": 1}, {"x": values, "y": np.array([[1.0, 2.0]])})
    raw = content_of(packed)
    size = struct.unpack("<I", raw[:4])[0]
    assert json.loads(raw[4 : 4 + size])["columns"] == [["x", 4], ["y", 2]]
    first = np.frombuffer(raw[4 + size : 4 + size + 16], dtype=np.uint8).reshape(4, 4).T
    got = np.frombuffer(first.tobytes(), dtype="<f4")
    np.testing.assert_array_equal(got, values.astype(np.float32))


def test_many_numbers_are_compressed_and_few_are_there_at_once() -> None:
    few, many = b"1" * packing.PLAIN_BYTES, b"1" * (packing.PLAIN_BYTES + 1)
    assert packing.packed_text(few).startswith("plain:")
    assert packing.packed_text(many).startswith("gzip:")
    assert content_of(packing.packed_text(many)) == many
    assert content_of(packing.packed_text(few)) == few


def test_the_page_says_what_it_is_and_is_readable_without_scripts(consortium) -> None:
    lead, _ = consortium(titles={"north": "N", "south": "S", "west": "W", "east": "Far East"})
    (lead / "inbox" / "rubbish.bundle").write_bytes(b"not a bundle")
    words = " ".join(parsed(whole(lead)).words)
    for text in (
        "Look at W first",
        "Open data under small minimums; never pooled with patients' data",
        "V_NAME",
        "Far East",
        "Nothing admitted yet",
        "not approved",
        "Restricted",
        "✓ same bytes",
        "cannot say",
        "BRCA1 truncating",
        "Sex: Female",
        "Chan, Golub and LeVeque (1983)",
    ):
        assert (text in words) == (text != "Restricted"), text
    assert not re.search(r"\bnan\b|None\b", words)


def test_methods_of_what_did_not_run_leave_no_sentence(consortium) -> None:
    lead, _ = consortium((made.Plan("north", 60),))
    whole(lead)
    about = json.loads((lead / "report" / "summary.json").read_bytes())
    assert "distance" not in about["methods"] and "tau2_interval" not in about["methods"]
    assert not any("ranked by D" in s for s in about["methods_text"])
    assert "viechtbauer2007" not in (lead / "report" / "consortium.bib").read_text()


def test_every_reference_exists_and_is_cited() -> None:
    keys = cited(m.method for m in methods())
    assert set(keys) == set(references())
    entries = bibliography(m.method for m in methods())
    assert entries.count("@article{") == len(keys)
    assert plain_reference("wilson1927").startswith("Wilson (1927). Probable Inference")


def test_every_fault_has_words_and_a_next_step() -> None:
    for key, fault in faults().items():
        assert (key == "none") == (fault.words == "")
        assert fault.next_step


def test_short_names_stay_different() -> None:
    long = "University Hospital of the Northern Region, "
    names = charts.shorts({"a": long + "East", "b": long + "West", "c": "Clinic"})
    assert names == {
        "a": "University…rn Region, East",
        "b": "University…rn Region, West",
        "c": "Clinic",
    }


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (3.0, 3.0, "3"),
        (0.0, 9.0, "0 to 9"),
        (np.nan, np.nan, "–"),
        (2.0, np.nan, "at least 2"),
        (0.0, np.nan, "not known"),
    ],
)
def test_bounds_in_words(low: float, high: float, text: str) -> None:
    assert numbers.bounds(low, high) == text


def test_an_override_is_shown_with_its_reason(consortium) -> None:
    plans = (*made_plans(), made.Plan("west", 60, conformance="e" * 64, difference=0.1))
    lead, _ = consortium(plans)
    sha = next(r.bundle_sha256 for r in run_admit(lead) if r.site == "west")
    config = yaml.safe_load((lead / "compare.yaml").read_text())
    config["admit_overrides"] = {sha: "agreed on by the board"}
    (lead / "compare.yaml").write_text(yaml.safe_dump(config))
    words = " ".join(parsed(whole(lead)).words)
    assert "CONFORMANCE_OVERRIDDEN" in words and "agreed on by the board" in words


def made_plans() -> tuple[made.Plan, made.Plan]:
    """Two sites with which a third is compared."""
    return made.Plan("north", 60), made.Plan("south", 90)


def withhold(lead: Path, site: str, tables: set[str] | None = None) -> None:
    """Let a bundle in the inbox withhold these tables, or all."""
    path = lead / "inbox" / f"{site}-r0001.bundle"
    bundle = read_bundle(path.read_bytes())
    kept_back = {t.table for t in bundle.tables if tables is None or t.table in tables}
    rows = tuple(
        replace(t, status="withheld", reason="minimum", rank=0, cells=0)
        if t.table in kept_back
        else t
        for t in bundle.tables
    )
    cells, quality = (
        tuple(c for c in own if c.table not in kept_back)
        for own in (bundle.cells, bundle.quality)
    )
    path.write_bytes(encode(replace(bundle, tables=rows, cells=cells, quality=quality)))


def test_a_site_that_withheld_everything_is_not_called_unremarkable(consortium) -> None:
    lead, _ = consortium((*made_plans(), made.Plan("west", 60)))
    withhold(lead, "west")
    words = re.sub(r"\s+", " ", " ".join(parsed(whole(lead)).words))
    assert "3 bundles admitted, 2 pooled, 150 patients. 1 site withheld all tables." in words
    card = words[words.index("3. Clinic West") :][:400]
    assert "Not ranked" in card and "✗ nothing was sent" in card and "Distance D –" in card
    assert "Unremarkable" not in words, "of the other two, numbers do not tell which is off"
    assert "Two sites can be compared but not ranked; they differ most in" in words
    assert "too few patients" in words and "whole tables" in words


def test_one_site_has_no_chart_of_distances(consortium) -> None:
    page = whole(consortium((made.Plan("north", 60),))[0])
    assert not {"distance", "map"} & charts_of(page)
    assert charts_of(whole(consortium()[0])) >= {"distance", "map"}


def charts_of(page: str) -> set[str]:
    return {a["data-chart"] or "" for _, a in parsed(page).tags if "data-chart" in a}


def test_a_group_is_drawn_where_some_site_may_have_patients(consortium) -> None:
    lead, _ = consortium()
    withhold(lead, "west", {"clinical_base"})
    figures = json.loads(unpacked(whole(lead), "figures"))
    figure = figures["Sex (table clinical_base)"]
    assert figure["layout"]["yaxis"]["ticktext"] == ["Female", "Male"]
    assert [t["name"] for t in figure["data"]] == [
        "Hospital North, n = 60",
        "Hospital South, n = 90",
        "Clinic West, not given",
    ]


def test_the_headline_names_the_fact_alone(consortium) -> None:
    plans = (*made_plans(), made.Plan("west", 60, conformance="e" * 64, difference=0.1))
    lead, _ = consortium(plans)
    whole(lead)
    about = json.loads((lead / "report" / "summary.json").read_bytes())
    assert about["headline"] == (
        "Look at Clinic West first: 1 of 2 conformance items differ (radiomics_phantom); "
        "probably another pipeline, version or reference."
    )


def test_no_table_calls_a_group_of_patients_a_cell(consortium) -> None:
    words = " ".join(parsed(whole(consortium()[0])).words)
    assert not re.search(r"\bcells?\b", words.replace("Choose a cell", ""), re.IGNORECASE)
    assert re.search(r"\b\d+ of 60\b", words), "carriers stand beside who was read"


def test_a_withheld_count_is_a_bar_without_a_marker() -> None:
    known = SiteRow("t", "count", "all", "a", "n", True, "ok", n=50.0, low=10.0, high=10.0,
                    share=0.2, share_low=0.1, share_high=0.3)  # fmt: skip
    hidden = replace(known, status="suppressed", low=0.0, high=9.0, share=math.nan)
    anything = replace(hidden, high=50.0)
    cells = {
        ("t", key): {"n": row}
        for key, row in zip("abc", (known, hidden, anything), strict=True)
    }
    labels = {cell: cell[1] for cell in cells}
    (trace,) = charts.share_chart(cells, labels, {"n": "North"}, {"n": "$site0"})["data"]
    assert trace["x"] == [20.0, 9.0, None]
    assert trace["marker"]["size"] == [charts.MARKER, 0, 0]
    assert trace["name"] == "North, n = 50"
