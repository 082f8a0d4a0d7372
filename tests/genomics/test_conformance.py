from pathlib import Path

import pytest

from equisite.core.errors import InputError
from equisite.core.tables import write_table
from equisite.genomics.conformance import digest_of_calls, score

HEADER = "##fileformat=VCFv4.2\n{}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
ROWS = ["a\t5\t.\tA\tG\t.\t.\t.\tGT\t0/1", "a\t20\t.\tA\tAC\t.\t.\t.\tGT\t1/1"]


def vcf(path: Path, rows: list[str], note: str = "") -> Path:
    path.write_text(HEADER.format(note) + "".join(f"{row}\n" for row in rows))
    return path


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    (tmp_path / "r.fa").write_text(">a\nGATTACAGATTACAGATTACAGATTACA\n")
    (tmp_path / "t.bed").write_text("a\t0\t28\n")
    vcf(tmp_path / "truth.vcf", ROWS)
    write_table(tmp_path / "v.tsv", ["patient", "n_snv"], [{"patient": "pack", "n_snv": 1}])
    return tmp_path


def scores(pack: Path, calls: Path) -> dict[tuple[str, str], str]:
    found = score(calls, pack / "truth.vcf", pack / "r.fa", pack / "t.bed", pack / "v.tsv")
    assert found == sorted(found)
    return {(s.item, s.measure): s.value for s in found}


def test_shares_by_kind(pack: Path) -> None:
    wrong = [ROWS[0], ROWS[1].replace("1/1", "0/1")]
    found = scores(pack, vcf(pack / "c.vcf", wrong))
    assert found["genomics/snp", "recall"] == found["genomics/snp", "precision"] == "1"
    assert found["genomics/indel", "recall"] == found["genomics/indel", "precision"] == "0"
    assert scores(pack, vcf(pack / "n.vcf", []))["genomics/snp", "precision"] == "0"


def test_digests_see_records_and_not_headers_or_names(pack: Path) -> None:
    plain = scores(pack, vcf(pack / "c.vcf", ROWS))
    write_table(pack / "v.tsv", ["patient", "n_snv"], [{"patient": "other", "n_snv": 1}])
    noted = scores(pack, vcf(pack / "d.vcf", ROWS[::-1], "##note=1\n"))
    assert noted == plain
    changed = vcf(pack / "e.vcf", [ROWS[0], ROWS[1].replace("AC", "AT")])
    assert digest_of_calls(changed) != plain["genomics/calls", "digest"]
    write_table(pack / "v.tsv", ["patient", "n_snv"], [{"patient": "pack", "n_snv": 2}])
    digest = scores(pack, pack / "c.vcf")["genomics/features", "digest"]
    assert digest != plain["genomics/features", "digest"]


def test_a_pack_without_features_has_no_score(pack: Path) -> None:
    write_table(pack / "v.tsv", ["patient", "n_snv"], [])
    with pytest.raises(InputError, match="PACK_INCOMPLETE"):
        scores(pack, vcf(pack / "c.vcf", ROWS))
