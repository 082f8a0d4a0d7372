"""Pairs of samples: who is told what, and that nothing is said where little is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from equisite.core.tables import write_rows
from equisite.genomics.people import MeasuredBatch, compare_people
from equisite.intake.index import SequencingItem

SITES = 3500
Copies = NDArray[np.int64]


def item(patient: str, sample: str, kind: str = "normal") -> SequencingItem:
    return SequencingItem(
        patient,
        sample,
        f"tok{sample}",
        1,
        kind,
        "",
        "",
        "1",
        "2",
        "",
        "",
        "genome",
        "female",
        "",
    )


def people(seed: int = 5) -> dict[str, Copies]:
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(0.2, 0.8, SITES)
    mother, father, other = (rng.random((2, SITES)) < frequency for _ in range(3))
    pick = rng.integers(0, 2, (2, SITES))
    child = np.stack([mother, father])[np.arange(2)[:, None], pick, np.arange(SITES)]
    return {
        name: haplotypes.sum(axis=0)
        for name, haplotypes in (("mother", mother), ("child", child), ("other", other))
    }


@pytest.fixture
def compare(tmp_path: Path):
    panel = tmp_path / "frequencies.tsv"
    rows = "".join(f"a\t{10_000 * n + 1}\tA\tC\t0.5\n" for n in range(SITES))
    panel.write_text("contig\tposition\tref\talt\tAF\n" + rows)

    def run(samples: list[tuple[SequencingItem, Copies]], sites: int = SITES):
        batches = []
        for number, (row, copies) in enumerate(samples):
            folder = tmp_path / f"measured{number}"
            folder.mkdir()
            write_rows(tmp_path / f"{number}.tsv", SequencingItem, [row])
            lines = [
                f"a\t{10_000 * n + 1}\tA\tC\t{20 - 10 * c},{10 * c}\n"
                for n, c in enumerate(copies[:sites])
            ]
            (folder / f"{row.token}.panel.tsv").write_text("".join(lines))
            batches.append(MeasuredBatch(tmp_path / f"{number}.tsv", folder))
        found = compare_people(batches, panel)
        return {(o.patient, o.code): o for o in found}

    return run


def test_the_same_person_and_relatives_are_told_to_both(compare) -> None:
    made = people()
    found = compare(
        [
            (item("p1", "s1"), made["child"]),
            (item("p2", "s2"), made["other"]),
            (item("p3", "s3"), made["child"]),
            (item("p4", "s4"), made["mother"]),
        ]
    )
    assert set(found) == {
        ("p1", "SAME_PERSON"),
        ("p3", "SAME_PERSON"),
        *((p, "CLOSE_RELATIVES") for p in ("p1", "p3", "p4")),
    }
    told = found["p1", "SAME_PERSON"]
    assert (told.outcome, told.item) == ("flagged", "s1")
    assert "patient p3 (kinship 0.50 at 3500 sites)" in told.sentence


def test_own_samples_of_two_people_hold_the_patient(compare) -> None:
    made = people()
    found = compare(
        [
            (item("p1", "s1"), made["child"]),
            (item("p1", "s2", "tumour"), made["other"]),
            (item("p2", "s3"), made["mother"]),
            (item("p2", "s4", "tumour"), made["mother"]),
        ]
    )
    assert {key: o.outcome for key, o in found.items() if o.outcome == "refused"} == {
        ("p1", "OWN_SAMPLES_DIFFER"): "refused"
    }
    assert ("p2", "CLOSE_RELATIVES") in found


def test_below_three_thousand_sites_nothing_is_said(compare) -> None:
    made = people()
    pair = [(item("p1", "s1"), made["child"]), (item("p2", "s2"), made["child"])]
    assert compare(pair, 2999) == {}
