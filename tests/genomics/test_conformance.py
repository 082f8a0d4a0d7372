from pathlib import Path

import pytest

from equisite.core.errors import InputError
from equisite.core.tables import write_table
from equisite.genomics.conformance import digest_of_calls, hits_of, read_genome, score

HEADER = "##fileformat=VCFv4.2\n{}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
ROWS = ["a\t5\t.\tA\tG\t.\t.\t.\tGT\t0/1", "a\t20\t.\tA\tAC\t.\t.\t.\tGT\t1/1"]


def vcf(path: Path, rows: list[str], note: str = "") -> Path:
    path.write_text(HEADER.format(note) + "".join(f"{row}\n" for row in rows))
    return path


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    (tmp_path / "genome").mkdir()
    (tmp_path / "genome/reference.fa.gz").write_text(">a\nGATTACAGATTACAGATTACAGATTACA\n")
    (tmp_path / "genome/territory.bed").write_text("a\t0\t28\n")
    vcf(tmp_path / "truth.vcf", ROWS)
    write_table(tmp_path / "v.tsv", ["patient", "n_snv"], [{"patient": "pack", "n_snv": 1}])
    return tmp_path


def scores(pack: Path, calls: Path) -> dict[tuple[str, str], str]:
    found = score(calls, pack / "v.tsv", pack / "truth.vcf", read_genome(pack))
    assert found == sorted(found)
    return {(s.item, s.measure): s.value for s in found}


def test_shares_by_kind(pack: Path) -> None:
    wrong = [ROWS[0], ROWS[1].replace("1/1", "0/1")]
    found = scores(pack, vcf(pack / "c.vcf", wrong))
    assert found["genomics/snp", "recall"] == found["genomics/snp", "precision"] == "1"
    assert found["genomics/indel", "recall"] == found["genomics/indel", "precision"] == "0"
    none = scores(pack, vcf(pack / "n.vcf", []))
    assert none["genomics/snp", "precision"] == none["genomics/snp", "f1"] == "0"
    assert none.keys() == found.keys(), "what is scored hangs on the truth alone"


def test_parts_of_the_indels_are_scored_where_the_truth_has_any(pack: Path) -> None:
    found = scores(pack, vcf(pack / "c.vcf", ROWS))
    assert found["genomics/insertion", "f1"] == "1"
    assert ("genomics/deletion", "recall") not in found
    false = scores(pack, vcf(pack / "d.vcf", [*ROWS, "a\t9\t.\tAT\tA\t.\t.\t.\tGT\t0/1"]))
    assert ("genomics/deletion", "recall") not in false
    assert false["genomics/indel", "precision"] == "0.5"
    assert false["genomics/indel", "f1"] == "0.6666666667"


def test_genes_with_an_allele_that_changes_the_protein(pack: Path) -> None:
    row = {
        "patient": "pack",
        "carriers__B__truncating": 0,
        "carriers__B__missense": 1,
        "carriers__A-1__missense": 0,
        "carriers__A-1__synonymous": 2,
        "carriers__C__missense": None,
    }
    write_table(pack / "v.tsv", list(row), [row])
    found = scores(pack, vcf(pack / "c.vcf", ROWS))
    hits = {item: value for (item, measure), value in found.items() if measure == "hit"}
    assert hits == {"genomics/genes/A-1": "0", "genomics/genes/B": "1", "genomics/genes/C": "0"}
    assert hits_of({"n_snv": "4"}, "carriers", ["missense"]) == {}


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
