from pathlib import Path

import pytest
from made_reads import protocol

from equisite.core.errors import ConfigError
from equisite.genomics.frequencies import read_alleles, read_common, read_depths
from equisite.genomics.reference import prepare_frequencies

BASES = {"a": "ACGTACGTAC", "b": "GGGG"}
HEAD = """##fileformat=VCFv4.2
##INFO=<ID=AF,Number=A,Type=Float,Description="all">
##INFO=<ID=AF_X,Number=A,Type=Float,Description="people X">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
"""


def prepared(folder: Path, rows: str) -> Path:
    (folder / "panel.vcf").write_text(HEAD + rows)
    plan = protocol(BASES, frequencies="panel.vcf")
    prepare_frequencies(plan, folder, BASES, folder / "out")
    return folder / "out/frequencies.tsv"


def row(contig: str, position: int, ref: str, alt: str, info: str) -> str:
    return f"{contig}\t{position}\t.\t{ref}\t{alt}\t.\t.\t{info}\n"


def test_alleles_and_common_substitutions(tmp_path: Path) -> None:
    rows = (
        row("a", 1, "A", "G", "AF=0.3;AF_X=0.1")
        + row("a", 2, "C", "CT", "AF=0.5;AF_X=0.5")
        + row("a", 3, "G", "A,C", "AF=0.2,0.1;AF_X=0.2,0.1")
        + row("a", 4, "T", "C", "AF=0.01;AF_X=0.2")
        + row("a", 5, "A", "T", "AF=0.4")
        + row("a", 6, "C", "<DEL>", "AF=0.4")
        + row("elsewhere", 1, "C", "G", "AF=0.4")
    )
    table = prepared(tmp_path, rows)
    assert table.read_text().splitlines()[0] == "contig\tposition\tref\talt\tAF\tAF_X"
    assert read_alleles(table) == {
        ("a", 1, "A", "G"),
        ("a", 2, "C", "CT"),
        ("a", 3, "G", "A"),
        ("a", 3, "G", "C"),
        ("a", 4, "T", "C"),
        ("a", 5, "A", "T"),
    }
    snps = read_common(table)
    assert snps.sites == (("a", 1, "A", "G"), ("a", 5, "A", "T"))
    assert snps.populations.tolist() == [[0.3, 0.1], [0.4, 0.4]]
    assert (tmp_path / "out/common.tsv").read_text() == "a\t1\na\t5\n"
    pileup = ["a\t1\tA\tG,<*>\t7,3,1\n", "a\t2\tC\t<*>\t9,0\n", "a\t5\tA\t<*>\t8,0\n"]
    assert read_depths(pileup, snps).tolist() == [[7, 3], [8, 0]]
    assert read_depths([], snps).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("rows", "line", "problem"),
    [
        (row("a", 1, "C", "G", "AF=0.1"), 5, "REF is not what stands in the reference"),
        (row("a", 1, "A", "G", "AF=1.1"), 5, "AF is no frequency"),
        (row("a", 1, "A", "G", "AF=x"), 5, "AF is no frequency"),
        (row("a", 5, "A", "G", "AF=0") + row("a", 1, "A", "G", "AF=0"), 6, "do not rise"),
        ("a\tb\n", 5, "no VCF record"),
        (row("chra", 1, "A", "G", "AF=0.1"), 0, "no record lies on a sequence"),
        ("", 0, "no record lies on a sequence"),
    ],
)
def test_a_wrong_panel_is_told_with_its_line(
    tmp_path: Path, rows: str, line: int, problem: str
) -> None:
    with pytest.raises(ConfigError, match="FREQUENCIES_INVALID") as caught:
        prepared(tmp_path, rows)
    (finding,) = caught.value.findings
    assert finding.numbers["line"] == line
    assert problem in str(finding.numbers["problem"])
    assert not (tmp_path / "out/frequencies.tsv").exists()


def test_without_a_panel_the_tables_are_empty(tmp_path: Path) -> None:
    prepare_frequencies(protocol(BASES), tmp_path, BASES, tmp_path / "out")
    assert (tmp_path / "out/common.tsv").read_bytes() == b""
    assert read_alleles(tmp_path / "out/frequencies.tsv") == set()
    assert read_common(tmp_path / "out/frequencies.tsv").sites == ()
