"""Traps of `bcftools csq` 1.16, with the program itself and the options of the rule."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from equisite.genomics.consequences import count_alleles
from equisite.variants.vcf import read_genotypes

CHECKOUT = Path(__file__).parents[2]
CODON = "GCTGAAAAACGTTTGCCA"  # six codons without a stop in this frame
EXON_1 = "ATG" + (CODON * 5)[:-3]
INTRON = "GT" + "ACGATTCAGC" * 10 + "AG"
EXON_2 = (CODON * 5)[:-3] + "TAA"
BEFORE = "CATTACGGAC" * 10
BASES = BEFORE + EXON_1 + INTRON + EXON_2 + BEFORE
FIRST = len(BEFORE) + 1
DONOR = FIRST + len(EXON_1)
SECOND = DONOR + len(INTRON)
OPTIONS = ["--no-version", "-p", "a", "-B", "10"]

pytestmark = pytest.mark.skipif(
    shutil.which("bcftools") is None,
    reason="the tools of the image are not on the PATH; `run.py test` has them",
)


def models() -> str:
    spans = [(FIRST, DONOR - 1), (SECOND, SECOND + len(EXON_2) - 1)]
    whole = f"{FIRST}\t{spans[1][1]}"
    rows = [
        f"a\tx\tgene\t{whole}\t.\t+\t.\tID=gene:G;Name=G;biotype=protein_coding",
        f"a\tx\tmRNA\t{whole}\t.\t+\t.\tID=transcript:T;Parent=gene:G;biotype=protein_coding",
    ]
    for kind, phase in (("exon", "."), ("CDS", "0")):
        rows += [
            f"a\tx\t{kind}\t{s}\t{e}\t.\t+\t{phase}\tParent=transcript:T" for s, e in spans
        ]
    return "##gff-version 3\n" + "\n".join(rows) + "\n"


def substitution(at: int, base: str, genotype: str) -> str:
    return record(at, BASES[at - 1], base, genotype)


def deletion(at: int, length: int, genotype: str) -> str:
    return record(at, BASES[at - 1 : at + length], BASES[at - 1], genotype)


def record(at: int, ref: str, alt: str, genotype: str, contig: str = "a") -> str:
    return f"{contig}\t{at}\t.\t{ref}\t{alt}\t50\t.\t.\tGT\t{genotype}\n"


def annotated(folder: Path, *records: str) -> tuple[int, Path]:
    """Exit code of csq and the file that it left."""
    (folder / "r.fa").write_text(f">a\n{BASES}\n>bare\n{BASES}\n")
    (folder / "g.gff3").write_text(models())
    contigs = "".join(f"##contig=<ID={n},length={len(BASES)}>\n" for n in ("a", "bare"))
    head = (
        "##fileformat=VCFv4.2\n"
        + contigs
        + '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n'
    )
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
    (folder / "in.vcf").write_text(head + columns + "".join(records))
    out = folder / "out.vcf"
    done = subprocess.run(
        ["bcftools", "csq", *OPTIONS, "-f", "r.fa", "-g", "g.gff3", "-o", "out.vcf", "in.vcf"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return done.returncode, out


def counted(folder: Path, *records: str) -> dict[tuple[str, str], int]:
    code, out = annotated(folder, *records)
    assert code == 0
    return count_alleles(read_genotypes(out))


def test_the_rule_has_the_options_that_are_tried_here() -> None:
    rules = (CHECKOUT / "workflow/rules/genomics.smk").read_text()
    (line,) = re.findall(r"bcftools csq ([^\\]*)\\", rules)
    assert line.split() == OPTIONS


def test_splice_donors_count_although_format_is_empty(tmp_path: Path) -> None:
    assert counted(tmp_path, substitution(DONOR, "A", "0/1")) == {("G", "truncating"): 1}
    assert counted(tmp_path, substitution(SECOND - 1, "C", "1/1")) == {("G", "truncating"): 2}


def test_what_is_not_carried_does_not_count(tmp_path: Path) -> None:
    at = FIRST + 3
    assert counted(tmp_path, substitution(at, "A", "0/0")) == {}
    assert counted(tmp_path, substitution(at, "A", "./.")) == {}
    assert counted(tmp_path, substitution(at, "A", "0/1")) == {("G", "missense"): 1}


def test_unphased_shifts_of_the_frame_are_two(tmp_path: Path) -> None:
    one, other = FIRST + 15, FIRST + 33
    _, out = annotated(tmp_path, deletion(one, 1, "0/1"), deletion(other, 2, "0/1"))
    assert "inframe" in out.read_text()  # what csq makes of them
    assert count_alleles(read_genotypes(out)) == {("G", "truncating"): 2}
    both = counted(tmp_path, deletion(one, 1, "1/1"), deletion(other, 2, "1/1"))
    assert set(both) == {("G", "inframe")}


def test_a_second_record_of_a_codon_is_looked_up(tmp_path: Path) -> None:
    at = FIRST + 3  # GCT
    code, out = annotated(
        tmp_path, substitution(at, "A", "1/1"), substitution(at + 1, "A", "1/1")
    )
    assert code == 0
    assert f"BCSQ=@{at}" in out.read_text()
    assert count_alleles(read_genotypes(out)) == {("G", "missense"): 4}


def test_the_protein_behind_a_shift_is_cut_short(tmp_path: Path) -> None:
    _, out = annotated(tmp_path, deletion(FIRST + 15, 1, "0/1"))
    (line,) = (x for x in out.read_text().splitlines() if not x.startswith("#"))
    assert "frameshift" in line
    assert len(line) < 200


def test_a_contig_without_models_says_nothing(tmp_path: Path) -> None:
    """1.16 is silent there: that a gene is missing comes from the models, not from csq."""
    there = record(FIRST + 3, "G", "A", "0/1", contig="bare")
    assert counted(tmp_path, there) == {}


@pytest.mark.parametrize(
    "records",
    [
        [record(FIRST + 3, "T", "A", "0/1")],  # REF is not there
        [substitution(FIRST + 9, "T", "0/1"), substitution(FIRST + 3, "A", "0/1")],
        [record(5, "A", "G", "0/1", contig="gone")],
    ],
)
def test_what_csq_cannot_read_ends_with_an_error_and_is_no_result(
    tmp_path: Path, records: list[str]
) -> None:
    code, _ = annotated(tmp_path, *records)
    assert code == 255
