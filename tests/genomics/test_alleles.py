"""The list of alleles, and what reads and calls say of it."""

import pytest

from equisite.core.errors import ConfigError
from equisite.genomics.alleles import (
    Allele,
    listed_alleles,
    read_names,
    target_rows,
    write_name,
)
from equisite.genomics.genotype import FLAT, Seen, depths, genotyped, snp_likelihoods
from equisite.variants.vcf import Genotype

REFERENCE = {"b": "GATTTTTACA" * 20, "a": "CCGTGTGTAA" * 20}


def test_alleles_are_split_and_written_leftmost() -> None:
    lines = [
        "##fileformat=VCFv4.2",
        "a\t5\t.\tG\tT,<DEL>,*\t.\t.\t.",
        "b\t3\t.\tT\tG,C\t.\t.\t.",
        "b\t6\t.\tTT\tT\t.\t.\t.",  # one T of the five less
        "a\t1\t.\tC\tAC\t.\t.\t.",
    ]
    found = listed_alleles(lines, REFERENCE)
    assert [a.name for a in found] == [
        "b:2:AT:A", "b:3:T:C", "b:3:T:G", "a:1:C:AC", "a:5:G:T",
    ]  # fmt: skip
    assert list(target_rows(found)) == ["b\t3\tT,C,G\n", "a\t5\tG,T\n"]
    assert read_names(write_name(a) for a in found) == found


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("b\t3\tT\tG", "no VCF record"),
        ("b\tx\t.\tT\tG", "no VCF record"),
        ("c\t3\t.\tT\tG", "no such sequence"),
        ("b\t3\t.\tA\tG", "REF is not"),
        ("b\t3\t.\t\tG", "REF is not"),
    ],
)
def test_what_is_wrong_with_a_list(line: str, problem: str) -> None:
    with pytest.raises(ConfigError, match="ALLELES_INVALID") as caught:
        listed_alleles([line], REFERENCE)
    assert problem in caught.value.findings[0].sentence
    twice = ["b\t6\t.\tTT\tT\t.\t.\t.", "b\t5\t.\tTT\tT\t.\t.\t."]
    with pytest.raises(ConfigError, match="stands in line 1"):
        listed_alleles(twice, REFERENCE)


def vcf(alts: str, phred: str) -> str:
    return f"b\t3\t.\tT\t{alts}\t0\t.\t.\tGT:PL\t0/0:{phred}\n"


def test_likelihoods_of_one_allele_among_several() -> None:
    one = snp_likelihoods(["#CHROM\n", vcf("G", "30,0,40")])
    assert one == {("b", 3, "T", "G"): (30, 0, 40)}
    # Order of PL: 0/0 0/1 1/1 0/2 1/2 2/2; the person has one C and one G.
    two = snp_likelihoods([vcf("C,G", "90,50,60,40,0,70")])
    assert two == {("b", 3, "T", "C"): (40, 0, 60), ("b", 3, "T", "G"): (50, 0, 70)}
    assert snp_likelihoods([vcf("G", "0,50")]) == {("b", 3, "T", "G"): (0, 50, 255)}
    assert snp_likelihoods([vcf("G", ".")]) == {}


def call(position: int, ref: str, alt: str, *copies: int) -> Genotype:
    return Genotype("b", position - 1, (ref, alt), copies, "")


def test_gaps_come_from_calls_and_their_absence_from_depth() -> None:
    deletion, far, snp = (
        Allele("b", 2, "AT", "A"),
        Allele("b", 102, "AT", "A"),
        Allele("b", 3, "T", "G"),
    )
    alleles = [deletion, snp, far]
    deep = {("b", 2): 12, ("b", 102): 12, ("b", 3): 12}

    def of(calls: list[Genotype], depth: dict[tuple[str, int], int]) -> list[Seen]:
        return genotyped(alleles, {}, depth, calls, REFERENCE, 10)

    written_elsewhere = call(6, "TT", "T", 0, 1)
    first, middle, last = of([written_elsewhere], deep)
    assert first.phred == (255, 0, 255)
    assert middle.phred == FLAT  # a substitution needs likelihoods
    assert last.phred == (0, 255, 255)
    assert of([call(2, "AT", "A", 1, 1)], deep)[0].phred == (255, 255, 0)
    # Another gap at the place may be the same change in another writing: nothing is known.
    assert of([call(8, "A", "AGG", 0, 1)], deep)[0].phred == FLAT
    # A substitution nearby says nothing about the gap; too few reads do not either.
    assert of([call(8, "A", "G", 0, 1)], deep)[0].phred == (0, 255, 255)
    assert of([], {("b", 2): 9})[0].phred == FLAT
    assert of([written_elsewhere], {("b", 2): 3})[0] == Seen((255, 0, 255), 3)


@pytest.mark.parametrize(
    ("calls", "phred"),
    [
        ([call(8, "ACA", "GCT", 0, 1)], (255, 0, 255)),  # as it is listed
        ([call(8, "A", "G", 1, 1), call(10, "A", "T", 1, 1)], (255, 255, 0)),
        ([call(8, "A", "G", 0, 1), call(10, "A", "T", 1, 1)], (255, 0, 255)),
        ([call(8, "A", "G", 0, 1), call(10, "A", "T", 0, 1)], FLAT),  # one chromosome, or both
        ([call(8, "A", "G", 0, 1)], (0, 255, 255)),
        ([call(8, "A", "C", 1, 1), call(10, "A", "T", 1, 1)], (0, 255, 255)),
        ([], (0, 255, 255)),
    ],
)
def test_bases_that_change_together_may_be_called_apart(
    calls: list[Genotype], phred: tuple[int, int, int]
) -> None:
    alleles = [Allele("b", 8, "ACA", "GCT")]
    (seen,) = genotyped(alleles, {}, {("b", 8): 12}, calls, REFERENCE, 10)
    assert seen.phred == phred


def test_cells_and_depths() -> None:
    assert depths([b"b\t3\t12\n", b"a\t1\t0\n"]) == {("b", 3): 12, ("a", 1): 0}
    assert Seen((0, 9, 99), 9).cell(1, 10) == "1:0:0,9,99"
    assert Seen(FLAT, 12).cell(2, 10) == ""
