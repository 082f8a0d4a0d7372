"""Who carries what inside the regions: one name per change, whatever the caller wrote."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from equisite.genomics.alleles import Allele
from equisite.genomics.carried import CarriedRow, carried_alleles, gather_carried

BASES = {"c": "GATTTACAGATTTACA" + "C" * 100, "d": "ACGT" * 10}
HEAD = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"


def carried(folder: Path, calls: dict[str, list[str]], *regions: str) -> dict[str, str]:
    """calls: by patient, `contig position ref alt genotype`."""
    samples: list[Any] = []
    for patient, lines in calls.items():
        rows = []
        for line in lines:
            contig, position, ref, alt, genotype = line.split()
            rows.append(f"{contig}\t{position}\t.\t{ref}\t{alt}\t9\t.\t.\tGT\t{genotype}\n")
        (folder / f"t{patient}.vcf.gz").write_text(HEAD + "".join(rows))
        samples.append(SimpleNamespace(token=f"t{patient}", patient=patient))
    samples.append(SimpleNamespace(patient="nobody", **{"token": "refused"}))
    found = carried_alleles(samples, folder, regions or ("c:1-116", "d:1-40"), BASES)
    assert [row.allele for row in found] == sorted(row.allele for row in found)
    return {row.allele.name: row.patients for row in found}


def test_carriers_are_named_once_whatever_their_copies(tmp_path: Path) -> None:
    calls = {
        "a": ["c 2 A G 0/1", "d 1 A C 1|1"],
        "b": ["c 2 A G 1/1"],
        "e": ["c 2 A G 0/0", "d 1 A C ./."],
        "f": ["c 2 A G 1"],
    }
    assert carried(tmp_path, calls) == {"c:2:A:G": "a,b,f", "d:1:A:C": "a"}


def test_two_alleles_of_one_record_are_two(tmp_path: Path) -> None:
    assert carried(tmp_path, {"a": ["c 2 A G,T 1/2"], "b": ["c 2 A G,T 0/2"]}) == {
        "c:2:A:G": "a",
        "c:2:A:T": "a,b",
    }


def test_one_change_written_in_three_ways_is_one_allele(tmp_path: Path) -> None:
    # A T of c:3-5 goes: leftmost, rightmost, and with bases that do not change.
    calls = {"a": ["c 2 AT A 0/1"], "b": ["c 4 TT T 0/1"], "e": ["c 1 GATTT GATT 0/1"]}
    assert carried(tmp_path, calls) == {"c:2:AT:A": "a,b,e"}


def test_what_has_no_name_or_lies_outside_is_left_out(tmp_path: Path) -> None:
    calls = {
        "a": [
            "c 2 A * 1/1",
            "c 3 T <DEL> 0/1",
            "c 4 T N 0/1",
            f"c 16 A A{'C' * 60} 0/1",
            "c 20 C G 0/1",
        ]
    }
    assert carried(tmp_path, calls, "c:1-19") == {}
    assert carried(tmp_path, calls, "c:1-20") == {"c:20:C:G": "a"}
    assert carried(tmp_path, calls, "d:1-20") == {}


def test_an_allele_is_judged_by_its_leftmost_place(tmp_path: Path) -> None:
    calls = {"a": ["c 4 TT T 0/1"]}
    assert carried(tmp_path, calls, "c:3-6") == {}
    assert carried(tmp_path, calls, "c:2-2") == {"c:2:AT:A": "a"}


def row(position: int, *patients: str) -> CarriedRow:
    return CarriedRow("c", position, "A", "G", ",".join(patients), math.nan)


def test_batches_meet_and_rare_or_listed_alleles_are_not_written_down(tmp_path: Path) -> None:
    one = [row(1, "a", "b"), row(2, "a"), row(3, "a", "b")]
    two = [row(1, "e"), row(3, "e", "f"), row(4, "e", "f")]
    panel = tmp_path / "frequencies.tsv"
    panel.write_text("contig\tposition\tref\talt\tAF\nc\t1\tA\tG\t0.25\nc\t9\tA\tG\t0.5\n")
    found = gather_carried([one, two], [Allele("c", 3, "A", "G")], panel, least=3)
    assert [(r.position, r.patients, r.frequency) for r in found] == [(1, "a,b,e", 0.25)]
    again = gather_carried([two, one], [], panel, least=3)
    assert [(r.position, r.patients) for r in again] == [(1, "a,b,e"), (3, "a,b,e,f")]
    assert math.isnan(again[1].frequency)


@pytest.mark.parametrize("content", [None, ""])
def test_without_a_panel_no_frequency_is_known(tmp_path: Path, content: str | None) -> None:
    panel = None
    if content is not None:
        panel = tmp_path / "frequencies.tsv"
        panel.write_text(content)
    (found,) = gather_carried([[row(1, "a")]], [], panel, least=1)
    assert math.isnan(found.frequency)
