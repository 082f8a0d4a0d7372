import gzip
from pathlib import Path

import pytest

from equisite.variants.vcf import VcfError, read_genotypes

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"


def written(path: Path, *rows: str, samples: str = "s") -> Path:
    names = "\t".join(["", *samples.split()])
    text = HEADER + names + "\n" + "".join(row.replace(" ", "\t") + "\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["a.vcf", "a.vcf.gz"])
def test_records_that_change_nothing_are_left_out(tmp_path: Path, name: str) -> None:
    path = written(
        tmp_path / name,
        "c 5 . A G . . DP=3 GT:DP 0/1:9",
        "c 6 . A G . . . GT 0/0",
        "c 7 . A G . . . GT ./.",
        "c 8 . A <DEL> . . . GT 0/1",
        "c 9 . A *,T . . X GT 1|2",
        "c 10 . a g . . . DP 4",
        "c 11 . AT A . . . GT ./1",
    )
    found = list(read_genotypes(path))
    assert [(r.position, r.copies) for r in found] == [
        (4, (0, 1)),
        (8, (1, 2)),
        (10, (None, 1)),
    ]
    assert found[0].info == {"DP": "3"}
    assert found[1].info == {"X": ""}
    assert [r.is_indel for r in found] == [False, False, True]
    assert found[1].edits[0] is None


def test_one_of_several_samples_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.vcf", "c 5 . A G . . . GT 0/0 1/1", samples="one two")
    assert [r.copies for r in read_genotypes(path, "two")] == [(1, 1)]
    assert list(read_genotypes(path, "one")) == []
    with pytest.raises(VcfError, match="2 samples"):
        list(read_genotypes(path))
    with pytest.raises(VcfError, match="no such sample"):
        list(read_genotypes(path, "three"))


@pytest.mark.parametrize(
    "row",
    [
        "c five . A G . . . GT 0/1",
        "c 5 . A G",
        "c 5 . A G . . . GT 0/2",
        "c 5 . A G . . . GT 0/1/1",
    ],
)
def test_what_is_no_record_is_an_error(tmp_path: Path, row: str) -> None:
    with pytest.raises(VcfError):
        list(read_genotypes(written(tmp_path / "a.vcf", row)))


def test_a_file_without_header_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.vcf").write_text("c\t5\t.\tA\tG\t.\t.\t.\tGT\t0/1\n")
    with pytest.raises(VcfError, match="header"):
        list(read_genotypes(tmp_path / "a.vcf"))


def test_a_phase_may_stand_before_the_first_allele(tmp_path: Path) -> None:
    path = written(tmp_path / "a.vcf", "c 5 . A G . . . GT /0/1", "c 6 . A G . . . GT |1|0")
    assert [r.copies for r in read_genotypes(path)] == [(0, 1), (1, 0)]


def test_a_compressed_file_that_is_cut_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "a.vcf.gz", "c 5 . A G . . . GT 0/1")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match="cut short"):
        list(read_genotypes(path))
