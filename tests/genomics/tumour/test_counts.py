"""Calls, gene hits and burden on made calls with known answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from equisite.core.errors import InputError
from equisite.genomics.tumour.burden import burden, median_fraction
from equisite.genomics.tumour.calls import SomaticCall, read_calls
from equisite.genomics.tumour.gene_hits import gene_hits, hit_of
from equisite.genomics.tumour.gene_regions import gene_regions
from equisite.variants.alleles import Edit
from equisite.variants.intervals import Territory

HEAD = "##x\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tN\tT\n"


def call(start: int = 10, *consequences: str, alt: int = 10, ref: int = 10) -> SomaticCall:
    return SomaticCall(Edit("c", start, start + 1, "T"), "high", ref, alt, consequences)


def test_calls_are_read_with_class_counts_and_consequences(tmp_path: Path) -> None:
    path = tmp_path / "x.vcf"
    body = (
        "c\t5\t.\tA\tAT\t.\tPASS\tCLASS=medium;BCSQ=frameshift|G1|t,intron|G2\tAD\t9,0\t6,3\n"
    )
    path.write_text(HEAD + body, encoding="utf-8")
    (one,) = read_calls(path, "T")
    assert one.edit == Edit("c", 5, 5, "T")
    assert one.place == ("c", 4)
    assert (one.confidence, one.ref_count, one.alt_count) == ("medium", 6, 3)
    assert one.consequences == ("frameshift|G1|t", "intron|G2")
    assert one.fraction == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("record", "sample"),
    [
        ("c\t5\t.\tA\tT\t.\tPASS\tCLASS=high\tAD\t9,0\t6,3\n", "other"),
        ("c\t5\t.\tA\tT\t.\tPASS\tX=1\tAD\t9,0\t6,3\n", "T"),
        ("c\t5\t.\tA\tT\t.\tPASS\tCLASS=high\tDP\t9\t6\n", "T"),
        ("c\t5\t.\tA\tA\t.\tPASS\tCLASS=high\tAD\t9,0\t6,3\n", "T"),
    ],
)
def test_what_is_no_somatic_vcf_is_refused(tmp_path: Path, record: str, sample: str) -> None:
    path = tmp_path / "x.vcf"
    path.write_text(HEAD + record, encoding="utf-8")
    with pytest.raises(InputError, match="CALLS_UNREADABLE"):
        list(read_calls(path, sample))


@pytest.mark.parametrize(
    ("consequences", "hits"),
    [
        (("missense|A|t",), {"A": "missense"}),
        (("missense|A|t1", "stop_gained&frameshift|A|t2"), {"A": "truncating"}),
        (("splice_donor|A|t", "missense|A|t"), {"A": "splice"}),
        (("inframe_deletion|A|t", "missense|B|t"), {"A": "inframe", "B": "missense"}),
        (("intron|A|t", "synonymous|B|t", "*missense|C|t", "@55"), {}),
    ],
)
def test_worst_class_by_gene(consequences: tuple[str, ...], hits: dict[str, str]) -> None:
    assert hit_of(call(10, *consequences)) == hits


def test_not_known_not_callable_and_zero_are_three_things() -> None:
    coding = {"A": Territory.of([("c", 0, 100)]), "B": Territory.of([("c", 200, 300)])}
    promoters = {"A": Territory.of([("c", 300, 400)])}
    seen = Territory.of([("c", 0, 80), ("c", 200, 279), ("c", 300, 400)])
    found = gene_hits(
        [call(10, "stop_gained|A|t"), call(350)], ["A", "B", "D"], coding, promoters, seen
    )
    assert found["A", "truncating"] == 1
    assert found["A", "missense"] == 0
    assert found["A", "promoter"] == 1
    assert found["B", "truncating"] is None  # 79 of 100 bases
    assert found["B", "promoter"] is None  # no promoter known
    assert found["D", "missense"] is None  # no model


def test_regions_of_genes_on_both_strands() -> None:
    row = "c\tx\t{0}\t{1}\t{2}\t.\t{3}\t.\t{4}"
    rows = [
        row.format("gene", 2001, 3000, "+", "ID=gene:1;Name=A;biotype=protein_coding"),
        row.format("mRNA", 2001, 3000, "+", "ID=transcript:1;Parent=gene:1;biotype=x"),
        row.format("gene", 5001, 6000, "-", "ID=gene:2;biotype=protein_coding"),
        row.format("mRNA", 5001, 5900, "-", "ID=transcript:2;Parent=gene:2;biotype=x"),
    ]
    found = gene_regions(rows)
    assert found.spans == {"A": ("c", 2000, 3000), "2": ("c", 5000, 6000)}
    assert found.promoters["A"] == Territory.of([("c", 1000, 2000)])
    assert found.promoters["2"] == Territory.of([("c", 5900, 6900)])


def test_burden_by_arithmetic() -> None:
    coding = Territory.of([("c", 0, 2_000_000)])
    seen = Territory.of([("c", 0, 1_000_000), ("c", 3_000_000, 4_000_000)])
    calls = [
        call(10, "missense|A|t"),
        call(20, "synonymous|A|t"),
        call(30, "missense|A|t", alt=1, ref=19),  # 5 %
        call(40, "missense|A|t", alt=1, ref=20),  # less
        call(1_500_000, "missense|A|t"),  # not callable
        call(3_500_000, "missense|A|t"),  # not coding
    ]
    every = burden(calls, coding, seen, silent=True)
    assert (every.mutations, every.coding_mb) == (3, 1.0)
    assert every.per_mb(0.5) == 3.0
    assert burden(calls, coding, seen, silent=False).mutations == 2
    assert every.per_mb(1.1) is None
    assert burden([], coding, Territory.of([]), silent=True).per_mb(0) is None


def test_no_calls_in_enough_bases_is_zero_not_missing() -> None:
    coding = Territory.of([("c", 0, 1_000_000)])
    assert burden([], coding, coding, silent=True).per_mb(0.5) == 0.0


def test_median_fraction() -> None:
    assert median_fraction([call(1, alt=1, ref=3), call(2, alt=3, ref=1)]) == 0.5
    assert median_fraction([]) is None
