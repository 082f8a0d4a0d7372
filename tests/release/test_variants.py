"""Copies of alleles through the checks of a bundle, and added by the lead."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from made_cohort import TABLES, columns, protocol, write_site

from equisite.bundle.arithmetic import impossible_numbers, small_counts
from equisite.bundle.format import CellRow
from equisite.bundle.outputs import register_of
from equisite.bundle.ruleset import rules_of
from equisite.bundle.verify import verify
from equisite.codebook.book import codebook
from equisite.compare.cells import Party
from equisite.compare.tallies import analyse_variants
from equisite.release.prepare import prepare

NAME = "chr1:100:A:G"
KEY = f"analysis_set=genomics|variant={NAME}"
TABLE = {"id": "v", "kind": "variants", "alleles": [NAME]}
SET = CellRow("cohort", "analysis_set=genomics", "count", "60", "ok")


def bundle(ac: str, an: str = "120", n: str = "60", k: int = 10) -> SimpleNamespace:
    cells = [SET]
    for measure, value in (("ac", ac), ("an", an), ("n", n)):
        cells.append(CellRow("v", KEY, measure, value, "ok" if value else "suppressed"))
    return SimpleNamespace(cells=cells, quality=[], tables=[], about=SimpleNamespace(k=k))


def faults(found: SimpleNamespace, *, public: bool = False) -> list[str]:
    cohort = {"id": "cohort", "kind": "count", "keys": ["analysis_set"]}
    made = protocol(tables=[cohort, TABLE], public=public)
    register = register_of(made, codebook())
    small = small_counts(found, register, rules_of(made))
    return small + impossible_numbers(found, register, codebook())


@pytest.mark.parametrize(
    ("ac", "an", "n", "wrong"),
    [
        ("20", "120", "60", 0),
        ("61", "120", "60", 0),  # more copies than patients are no fault
        ("", "120", "60", 0),
        ("", "", "", 0),
        ("3", "120", "60", 1),
        ("0", "120", "60", 1),
        ("115", "120", "60", 1),
        ("120", "120", "60", 1),
        ("20", "122", "60", 1),  # more than two copies of the locus per patient
        ("20", "", "60", 3),
        ("130", "120", "60", 3),
        ("20", "120", "55", 1),  # a small rest of the patients
    ],
)
def test_what_copies_a_bundle_may_hold(ac: str, an: str, n: str, wrong: int) -> None:
    found = faults(bundle(ac, an, n))
    assert bool(found) == bool(wrong), found
    assert set(found) <= {"v"}


def test_open_data_may_show_none_and_few() -> None:
    assert faults(bundle("0"), public=True) == []
    assert faults(bundle("3"), public=True) == []


def test_copies_of_sites_are_added_and_withheld_ones_are_an_interval() -> None:
    parties = [
        Party("north", "North", True, bundle("20")),
        Party("south", "South", True, bundle("30", "100", "50")),
        Party("west", "West", True, bundle("", "80", "40")),
        Party("east", "East", True, bundle("", "", "")),
    ]
    rows, (both,), _ = analyse_variants(parties[:2], "v")
    assert (both.measure, both.value, both.n) == ("ac", 50, 220)
    assert both.share == pytest.approx(50 / 220)
    assert [row.share for row in rows] == [20 / 120, 30 / 100]
    _, (all_but_one,), _ = analyse_variants(parties[:3], "v")
    assert (all_but_one.status, all_but_one.low, all_but_one.high) == ("interval", 50, 130)
    _, (every,), _ = analyse_variants(parties, "v")
    assert (every.low, every.high) == (50, 250)
    assert np.isnan(every.value)


def test_alleles_of_real_sequences_pass_the_last_scan(tmp_path: Path) -> None:
    """A listed allele looks like the position of a patient; it is public by the protocol."""
    name = "chr17:7674220:C:T"
    table = {"id": "listed", "kind": "variants", "alleles": [name]}
    found = columns(60)
    found[f"genotype__{name}"] = ["2:1:99,0,255"] * 20 + ["2:1:0,99,255"] * 40
    made = protocol(tables=[*TABLES, table])
    prepared = prepare(write_site(tmp_path, found, made), "0" * 64)
    assert verify(prepared.content, made).findings == ()
    shown = {c.measure: c.value for c in prepared.bundle.cells if c.table == "listed"}
    assert shown == {"ac": "20", "an": "120", "n": "60"}
