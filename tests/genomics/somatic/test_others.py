"""Other callers' calls as evidence: what they add, what is left out and why."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_calls import LOFREQ, MUTECT2, REFERENCE, SEQUENCE, snv, swap, vcf

from equisite.genomics.samples import Sample
from equisite.genomics.somatic import given_rows
from equisite.genomics.somatic.call_lines import vcf_lines
from equisite.genomics.somatic.calls import Found, call_tumour
from equisite.genomics.somatic.filters import Setting
from equisite.genomics.somatic.given_rows import GivenRow, Order, inside, merged, write_runs
from equisite.genomics.somatic.others import allele_of, given_alleles
from equisite.genomics.somatic.panel import Allele
from equisite.intake.index import SequencingItem
from equisite.protocol.somatic import Somatic
from equisite.variants.alleles import Edit, left_shifted, trim
from equisite.variants.intervals import Territory

SEEN = [("c1", 0, 300)]
Given = dict[Allele, dict[str, GivenRow]]


def lane(number: int, kind: str, calls: str = "") -> SequencingItem:
    name = "T" if kind == "tumour" else "N"
    files = ("", "", "" if calls else "/x.bam", calls)
    return SequencingItem("p", name, name, number, kind, "", "", *files, "exome", "unknown", "")


def pair(*calls: Path) -> tuple[Sample, Sample]:
    evidence = tuple(lane(n, "tumour", str(path)) for n, path in enumerate(calls, start=2))
    tumour = Sample("T", "p", "T", "tumour", (lane(1, "tumour"),), evidence)
    return tumour, Sample("N", "p", "N", "normal", (lane(1, "normal"),))


def found(tmp_path: Path, *calls: Path, alone: bool = False) -> tuple[Given, list[str]]:
    tumour, normal = pair(*calls)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    told = given_alleles(tumour, None if alone else normal, REFERENCE, SEEN, scratch)
    alleles: Given = {}
    for row in told.alleles:
        alleles.setdefault(row.allele, {})[row.caller] = row
    reasons = [f"{r.code} {r.numbers['number']} {r.numbers['reason']}" for r in told.remarks]
    return alleles, reasons


def test_passed_alleles_of_callable_bases_by_caller(tmp_path: Path) -> None:
    mutect2 = vcf(
        tmp_path / "m.vcf",
        MUTECT2,
        ("N", "T"),
        snv(50, "TLOD=9 AD 30,0 20,9"),
        snv(60, "TLOD=9 AD 30,0 20,9", "weak_evidence"),
        snv(350, "TLOD=9 AD 30,0 20,9"),
    )
    lofreq = vcf(
        tmp_path / "l.vcf", LOFREQ, (), snv(50, "DP4=10,10,4,5"), snv(70, "DP4=1,1,2,3")
    )
    alleles, remarks = found(tmp_path, mutect2, lofreq)
    assert remarks == []
    assert {a[1]: sorted(by) for a, by in alleles.items()} == {
        50: ["LoFreq", "Mutect2"],
        70: ["LoFreq"],
    }


def test_what_is_no_evidence_is_told_by_number(tmp_path: Path) -> None:
    unknown = vcf(tmp_path / "u.vcf", ["##source=other"], ("T",))
    germline = vcf(tmp_path / "g.vcf", ["##source=HaplotypeCaller"], ("T",))
    alone = vcf(tmp_path / "a.vcf", MUTECT2[:2], ("T",), snv(50, "TLOD=9 AD 20,9"))
    manta = vcf(tmp_path / "s.vcf", ["##source=GenerateSVCandidates 1"], ("N", "T"))
    broken = tmp_path / "b.vcf"
    broken.write_text("no VCF\n", encoding="utf-8")
    alleles, remarks = found(tmp_path, unknown, germline, alone, manta, broken)
    assert alleles == {}
    assert [r.split()[:2] for r in remarks] == [["EVIDENCE_LEFT_OUT", n] for n in "12345"]
    for remark, word in zip(
        remarks, ["known are Mutect2", "germline", "without its normal", "structural", "VCF"],
        strict=True,
    ):  # fmt: skip
        assert word in remark


def test_calls_of_a_tumour_alone_are_evidence_for_a_tumour_alone(tmp_path: Path) -> None:
    alone = vcf(tmp_path / "a.vcf", MUTECT2[:2], ("T",), snv(50, "TLOD=9 AD 20,9"))
    alleles, remarks = found(tmp_path, alone, alone=True)
    assert (len(alleles), remarks) == (1, [])


DEEPSOMATIC = [
    "##DeepVariant_version=1.10.0",
    "##FILTER=<ID=GERMLINE,Description=x>",
    "##FORMAT=<ID=NAD,Number=R>",
]


def test_deepsomatic_is_evidence_where_it_counted_the_normal(tmp_path: Path) -> None:
    paired = vcf(
        tmp_path / "p.vcf",
        DEEPSOMATIC,
        ("T",),
        snv(50, ". GT:AD:NAD 1/1:20,9:30,0"),
        snv(60, ". GT:AD 1/1:20,9"),  # no word of the normal
    )
    older = vcf(tmp_path / "o.vcf", DEEPSOMATIC[:2], ("T",), snv(70, ". GT:AD 1/1:20,9"))
    alleles, remarks = found(tmp_path, paired, older)
    assert [(a[1], r["DeepSomatic"].ref_normal) for a, r in alleles.items()] == [(50, 30)]
    assert remarks == ["EVIDENCE_LEFT_OUT 2 DeepSomatic called the tumour without its normal"]


def test_a_file_whose_alleles_the_normal_carries_is_left_out(tmp_path: Path) -> None:
    # SAGE in germline mode, or names exchanged in the sheet.
    lines = [snv(50 + 10 * n, "LPS=1 AD 16,14 15,15") for n in range(4)]
    lines.append(snv(100, "LPS=1 AD 30,0 20,9"))
    sage = vcf(tmp_path / "s.vcf", ["##sageVersion=3.4"], ("N", "T"), *lines)
    alleles, remarks = found(tmp_path, sage)
    assert alleles == {}
    assert remarks == ["EVIDENCE_LEFT_OUT 1 the normal carries most of its alleles"]


def test_a_few_alleles_in_the_normal_do_not_condemn_a_file(tmp_path: Path) -> None:
    lines = [snv(50, "LPS=1 AD 16,14 15,15"), snv(60, "LPS=1 AD 3,3 15,15")]
    lines += [snv(70 + 10 * n, "LPS=1 AD 30,0 20,9") for n in range(2)]
    sage = vcf(tmp_path / "s.vcf", ["##sageVersion=3.4"], ("N", "T"), *lines)
    alleles, remarks = found(tmp_path, sage)
    assert (len(alleles), remarks) == (4, [])


def test_an_allele_written_twice_counts_with_its_larger_count(tmp_path: Path) -> None:
    lines = [snv(50, f"LPS=1 AD 30,0 20,{alt}") for alt in (4, 9, 6)]
    sage = vcf(tmp_path / "s.vcf", ["##sageVersion=3.2.3"], ("N", "T"), *lines)
    alleles, _ = found(tmp_path, sage)
    assert [r["SAGE"].alt_tumour for r in alleles.values()] == [9]


def row(caller: str, tumour: tuple[int | None, int | None]) -> GivenRow:
    allele = ("c1", 50, SEQUENCE[50], swap(SEQUENCE[50]))
    return GivenRow(*allele, caller, *tumour, None, None)


@pytest.mark.parametrize(("callers", "grade"), [(("X",), "low"), (("X", "Y"), "medium")])
def test_classes_without_our_own_evidence(callers: tuple[str, ...], grade: str) -> None:
    told = [row(c, (20, 5) if c == "X" else (None, None)) for c in callers]
    setting = Setting(Somatic(), alone=False, panel=False)
    calls = list(call_tumour(Found((), (), ["c1"], told), setting, None, None))
    assert [(c.callers, c.grade) for c in calls] == [(callers, grade)]
    last = list(vcf_lines(calls, {"c1": 400}, setting))[-1].split("\t")
    assert f"EVID={','.join(callers)};CLASS={grade}" in last[7]
    assert last[9:] == ["0/1:20,5:25", "0/0:.,.:."]
    assert list(call_tumour(Found((), (), ["c1"]), setting, None, None)) == []


@given(st.integers(1, 380), st.integers(0, 4), st.text("ACGT", max_size=4))
def test_alleles_are_written_as_vcf_does(start: int, length: int, alt: str) -> None:
    ref = SEQUENCE[start : start + length]
    edit = trim("c1", start, ref, alt)
    if edit is None or edit.start == 0:
        return
    allele = allele_of(edit, REFERENCE)
    assert allele is not None
    contig, position, written_ref, written_alt = allele
    assert SEQUENCE[position : position + len(written_ref)] == written_ref
    assert written_ref and written_alt
    again = trim(contig, position, written_ref, written_alt)
    assert again is not None
    assert left_shifted(again, REFERENCE) == left_shifted(edit, REFERENCE)


def test_an_insertion_before_the_first_base_has_no_allele() -> None:
    assert allele_of(Edit("c1", 0, 0, "A"), REFERENCE) is None


rows = st.builds(
    GivenRow,
    st.sampled_from(["b", "a"]),
    st.integers(0, 30),
    st.sampled_from("AC"),
    st.sampled_from("GT"),
    st.sampled_from(["X", "Y"]),
    *(st.none() | st.integers(0, 9) for _ in range(4)),
)


@given(st.lists(st.lists(rows, max_size=12), max_size=4), st.integers(1, 5))
def test_runs_of_any_size_give_each_allele_of_each_caller_once_and_in_order(
    files: list[list[GivenRow]], size: int
) -> None:
    order = Order(["b", "a"])
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(given_rows, "RUN", size)
        runs = [
            run
            for number, file in enumerate(files)
            for run in write_runs(file, order, Path(name) / str(number))
        ]
        found = list(merged(runs, order))
    assert found == sorted(found, key=order.of)
    every = [row for file in files for row in file]
    assert len(found) == len({(row.allele, row.caller) for row in every})
    for row in found:
        same = [r for r in every if (r.allele, r.caller) == (row.allele, row.caller)]
        assert (row.alt_tumour or 0) == max(r.alt_tumour or 0 for r in same)


@given(
    st.lists(rows, max_size=30),
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.integers(1, 9))),
)
def test_rows_outside_of_callable_bases_are_left_out(
    every: list[GivenRow], spans: list[tuple[str, int, int]]
) -> None:
    order = Order(["b", "a"])
    territory = Territory.of((contig, start, start + size) for contig, start, size in spans)
    ordered = sorted(every, key=order.of)
    bed = sorted(territory, key=lambda s: ("ba".index(s[0]), s[1]))
    expected = [row for row in ordered if territory.holds(row.contig, row.position)]
    assert list(inside(ordered, bed, order)) == expected
