"""Delly and Manta: ends, orientation, counts, and when two events are the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.core.errors import InputError
from equisite.genomics.adapters.breakpoints import (
    Breakend,
    Junction,
    distinct,
    ordered,
    same_event,
)
from equisite.genomics.adapters.delly import slack
from equisite.genomics.adapters.records import UNKNOWN, Counts
from equisite.genomics.adapters.structural import read_junctions

DELLY = [
    *(f"##INFO=<ID={k},Number=1>" for k in ("CT", "SVMETHOD", "CHR2")),
    *(f"##FORMAT=<ID={k},Number=1>" for k in ("DR", "DV", "RR", "RV")),
]
MANTA = ["##source=GenerateSVCandidates 1.4.0"]
NAMES = ["chr1", "chr2"]


def write(path: Path, head: list[str], samples: tuple[str, ...], *records: str) -> Path:
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    lines = [*head, "\t".join((*columns, *samples))]
    lines += [record.replace(" ", "\t") for record in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def delly(
    path: Path, info: str, fields: str = "0/0:PASS:9:4:0:0", passed: str = "PASS"
) -> Path:
    record = f"1 101 X N <X> 90 {passed} {info} GT:FT:DR:DV:RR:RV {fields}"
    return write(path, DELLY, ("only",), record)


@pytest.mark.parametrize(
    ("info", "kind", "first", "second"),
    [
        ("SVTYPE=DEL;END=501;CT=3to5", "DEL", ("chr1", 100, "3"), ("chr1", 500, "5")),
        ("SVTYPE=DUP;END=501;CT=5to3", "DUP", ("chr1", 100, "5"), ("chr1", 500, "3")),
        ("SVTYPE=INV;END=501;CT=3to3", "INV", ("chr1", 100, "3"), ("chr1", 500, "3")),
        (
            "SVTYPE=BND;END=102;CHR2=2;POS2=51;CT=5to3",
            "BND",
            ("chr1", 100, "5"),
            ("chr2", 50, "3"),
        ),
        ("SVTYPE=TRA;CHR2=2;END=51;CT=5to3", "BND", ("chr1", 100, "5"), ("chr2", 50, "3")),
        ("SVTYPE=INS;END=102;CT=NtoN", "INS", ("chr1", 100, "3"), ("chr1", 101, "5")),
    ],
)
def test_delly_ends(
    tmp_path: Path,
    info: str,
    kind: str,
    first: tuple[str, int, str],
    second: tuple[str, int, str],
) -> None:
    (junction,) = read_junctions(delly(tmp_path / "x.vcf", info), NAMES)
    assert (junction.kind, junction.first[:3], junction.second[:3]) == (kind, first, second)
    assert junction.tumour == Counts(9, 4)
    assert junction.normal == UNKNOWN
    assert junction.passed


def test_precise_events_count_reads_through_the_junction(tmp_path: Path) -> None:
    path = delly(tmp_path / "x.vcf", "PRECISE;SVTYPE=DEL;END=501;CT=3to5", "0/1:PASS:9:4:20:6")
    (junction,) = read_junctions(path, NAMES)
    assert junction.tumour == Counts(20, 6)


@pytest.mark.parametrize(
    ("fields", "passed"), [("0/1:LowQual:9:4:0:0", "PASS"), ("0/1:PASS:9:4:0:0", "LowQual")]
)
def test_both_filters_must_pass(tmp_path: Path, fields: str, passed: str) -> None:
    path = delly(tmp_path / "x.vcf", "SVTYPE=DEL;END=501;CT=3to5", fields, passed)
    (junction,) = read_junctions(path, NAMES)
    assert not junction.passed


def test_roles_of_structural_callers_are_named_by_the_sheet(tmp_path: Path) -> None:
    record = "1 101 X N <X> 90 PASS SVTYPE=DEL;END=501;CT=3to5 DR:DV:RR:RV 9:0:0:0 7:5:0:0"
    path = write(tmp_path / "x.vcf", DELLY, ("a", "b"), record)
    (junction,) = read_junctions(path, NAMES, tumour="b", normal="a")
    assert (junction.tumour, junction.normal) == (Counts(7, 5), Counts(9, 0))
    with pytest.raises(InputError, match="CALLER_ROLES"):
        list(read_junctions(path, NAMES))


@pytest.mark.parametrize(
    ("alt", "sides"),
    [
        ("T[2:51[", ("3", "5")),
        ("T]2:51]", ("3", "3")),
        ("]2:51]T", ("5", "3")),
        ("[2:51[T", ("5", "5")),
    ],
)
def test_manta_breakends(tmp_path: Path, alt: str, sides: tuple[str, str]) -> None:
    info = "SVTYPE=BND;MATEID=B;SOMATICSCORE=35;CIPOS=-2,5"
    record = f"1 101 A T {alt} . PASS {info} PR:SR 9,0:5,0 8,3:4,2"
    path = write(tmp_path / "x.vcf", MANTA, ("NORMAL", "TUMOR"), record)
    (junction,) = read_junctions(path, NAMES)
    assert (junction.first.side, junction.second.side) == sides
    assert (junction.first.position, junction.second.position) == (100, 50)
    assert junction.first.slack == 5
    assert (junction.tumour, junction.normal) == (Counts(12, 5), Counts(14, 0))
    assert junction.score == 35


def test_a_pair_of_breakends_is_one_event(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.vcf",
        MANTA,
        ("TUMOR",),
        "1 101 A T T[2:51[ . PASS SVTYPE=BND;MATEID=B PR 8,3",
        "2 51 B T ]1:101]T . PASS SVTYPE=BND;MATEID=A PR 8,3",
        "1 201 C T <DEL> . PASS SVTYPE=DEL;END=901 PR 8,3",
        "3 201 D T <DEL> . PASS SVTYPE=DEL;END=901 PR 8,3",
        "1 301 E T .TTT . PASS SVTYPE=BND PR 8,3",
    )
    assert [j.kind for j in read_junctions(path, NAMES)] == ["BND", "DEL"]


def test_unknown_structural_caller_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.vcf", ["##source=LUMPY"], ("a",))
    with pytest.raises(InputError, match="Delly, Manta"):
        list(read_junctions(path, NAMES))


def junction(one: Breakend, other: Breakend, *, passed: bool = True, alt: int = 3) -> Junction:
    tumour = Counts(9, alt)
    return Junction(*ordered(one, other), tumour, UNKNOWN, False, (), passed, None, "x")


ENDS = st.builds(
    Breakend,
    st.sampled_from(["chr1", "chr2"]),
    st.integers(0, 10_000),
    st.sampled_from(["3", "5"]),
    st.integers(0, 400),
)


@given(ENDS, ENDS)
def test_both_ways_of_writing_are_one_event(one: Breakend, other: Breakend) -> None:
    there, back = junction(one, other), junction(other, one)
    if one[:2] != other[:2]:
        assert (there.first, there.second) == (back.first, back.second)
        assert same_event(there, back)


@given(ENDS, ENDS, st.integers(0, 1000))
def test_events_match_within_the_tolerance(one: Breakend, other: Breakend, far: int) -> None:
    moved = one._replace(position=one.position + far)
    here = junction(one, other)
    there = junction(moved, other)
    if one.contig != other.contig:
        assert same_event(here, there) == (far <= max(300, one.slack))
        assert same_event(here, there) == same_event(there, here)


def test_distinct_keeps_the_record_that_passed() -> None:
    one, other = Breakend("chr1", 100, "3"), Breakend("chr2", 50, "5")
    near = one._replace(position=300)
    turned = one._replace(side="5")
    kept = distinct(
        [junction(near, other, passed=False), junction(one, other), junction(turned, other)]
    )
    assert [(j.first.position, j.first.side, j.passed) for j in kept] == [
        (100, "3", True),
        (100, "5", True),
    ]


@pytest.mark.parametrize(("text", "width"), [("-3,7", 7), ("", 0), ("-382,382", 382)])
def test_slack(text: str, width: int) -> None:
    assert slack(text) == width
