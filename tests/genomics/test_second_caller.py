import io
import random
from pathlib import Path

import pytest
from made_reads import md5

from equisite.genomics.second_caller import (
    CachedReference,
    answers,
    settled_lines,
    windows,
    write_answers,
)
from equisite.variants.intervals import Territory
from equisite.variants.vcf import open_text, read_genotypes

BASES = {
    "b": "".join(random.Random(1).choices("ACGT", k=5000)),
    "a": "".join(random.Random(2).choices("ACGT", k=3000)),
}
NOWHERE = Territory.of([])
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ttok\n"


@pytest.fixture
def reference(tmp_path: Path) -> CachedReference:
    header = ""
    for name, bases in BASES.items():
        (tmp_path / md5(bases)).write_text(bases)
        header += f"@SQ\tSN:{name}\tLN:{len(bases)}\tM5:{md5(bases)}\n"
    (tmp_path / "header.sam").write_text(header)
    return CachedReference(tmp_path / "header.sam", tmp_path)


def other(contig: str, position: int) -> str:
    return "ACGT"["ACGT".index(BASES[contig][position - 1]) - 1]


def bcftools(contig: str, position: int, genotype: str = "0/1", quality: float = 200) -> str:
    ref = BASES[contig][position - 1]
    return (
        f"{contig}\t{position}\t.\t{ref}\t{other(contig, position)}\t{quality}\t.\tDP=30\t"
        f"GT:PL:DP:SP:ADF:ADR:AD\t{genotype}:255,0,255:30:0:8,7:8,7:16,14\n"
    )


def freebayes(contig: str, position: int, genotype: str, quality: float = 200) -> str:
    ref = BASES[contig][position - 1]
    return (
        f"{contig}\t{position}\t.\t{ref}\t{other(contig, position)}\t{quality}\t.\tAB=0;DP=9\t"
        f"GT:DP:AD:RO:QR:AO:QA:GL\t{genotype}:9:4,5:4:1:5:1:-30.26,-2.4,-0.04\n"
    )


def write(path: Path, *records: str) -> Path:
    path.write_text(HEAD + "".join(records))
    return path


def test_windows_are_merged_and_in_the_reference_s_order(
    tmp_path: Path, reference: CachedReference
) -> None:
    calls = write(
        tmp_path / "1.vcf",
        *(bcftools("b", p, quality=q) for p, q in ((100, 200), (1000, 3), (1060, 3))),
        bcftools("b", 4990, quality=3),
        bcftools("a", 20, quality=3),
    )
    assert list(windows(calls, reference)) == [
        ("b", 959, 1100),
        ("b", 4949, 5000),
        ("a", 0, 60),
    ]


def test_both_files_become_one_with_labels(tmp_path: Path, reference: CachedReference) -> None:
    first = write(
        tmp_path / "1.vcf",
        bcftools("b", 100),
        bcftools("b", 1000, quality=3),
        bcftools("a", 30, quality=3),
    )
    second = write(
        tmp_path / "2.vcf",
        freebayes("b", 1000, "1/1", 44.12345678),
        freebayes("b", 3000, "0/1"),
        freebayes("a", 30, "0/1"),
        freebayes("a", 2000, "0/1", 19),
    )
    asked = Territory.of([("b", 900, 1100), ("b", 2990, 3010), ("a", 0, 3000)])
    out = io.StringIO()
    assert write_answers(first, answers(first, second, asked, reference), out.write) == 4
    (tmp_path / "3.vcf").write_text(out.getvalue())
    records = list(read_genotypes(tmp_path / "3.vcf"))
    assert [(r.contig, r.position + 1, r.info["CONS"]) for r in records] == [
        ("b", 100, "clear"),
        ("b", 1000, "hom"),
        ("b", 3000, "single"),
        ("a", 30, "both"),
    ]
    fields = records[1].line.split("\t")
    assert fields[5:] == ["255", ".", "DP=9;CONS=hom", "GT:PL:DP:AD", "1/1:255,24,0:9:4,5"]
    assert records[0].line.split("\t")[8].startswith("GT:PL:DP:SP")
    header = [line for line in open_text(tmp_path / "3.vcf") if line.startswith("#")]
    assert header[1].startswith("##INFO=<ID=CONS,")
    assert header[2].startswith("#CHROM")


def test_without_any_call_there_is_a_header(tmp_path: Path, reference: CachedReference) -> None:
    empty = write(tmp_path / "1.vcf")
    assert list(windows(empty, reference)) == []
    out = io.StringIO()
    assert write_answers(empty, answers(empty, empty, NOWHERE, reference), out.write) == 0
    assert out.getvalue().splitlines()[-1].startswith("#CHROM")


def test_what_depends_on_the_place_of_the_call_is_left_out() -> None:
    kept = '##INFO=<ID=DP,Number=1,Type=Integer,Description="Raw read depth">\n'
    left = '##INFO=<ID=BQBZ,Number=1,Type=Float,Description="x">\n##reference=file:///x.fa\n'
    record = "b\t9\t.\tAC\tA\t50\t.\t{}\tGT:PL\t0/1:9,0,9\n"
    written = kept + left + HEAD + record.format("INDEL;IDV=4;DP=9;BQBZ=0;MQ=60")
    lines = settled_lines(written.encode().splitlines(keepends=True))
    assert b"".join(lines).decode() == kept + HEAD + record.format("INDEL;DP=9")


def test_no_vcf_is_told(tmp_path: Path, reference: CachedReference) -> None:
    bad = tmp_path / "1.vcf"
    bad.write_text("nothing\n")
    with pytest.raises(ValueError, match="header"):
        write_answers(bad, answers(bad, bad, NOWHERE, reference), io.StringIO().write)
