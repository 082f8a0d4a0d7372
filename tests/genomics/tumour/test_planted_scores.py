"""Scores of the public pack's tumour, with calls made from its own truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from equisite.core.errors import InputError
from equisite.core.tables import write_table
from equisite.genomics.conformance import read_genome
from equisite.genomics.tumour.conformance import burden_difference, planted_counts, score
from equisite.variants.vcf import open_text

PACK = Path(__file__).parents[3] / "resources" / "conformance"
GENOME = read_genome(PACK)
COUNTS = planted_counts(PACK / "genome" / "somatic.tsv")
BOTH = ("high", "medium")
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOUR\tNORMAL"


def truth() -> list[list[str]]:
    lines = open_text(PACK / "genome" / "somatic.vcf")
    return [line.split("\t") for line in lines if line[0] != "#"]


def written(path: Path, records: Sequence[Sequence[str]], grade: str = "high") -> Path:
    rows = [
        f"{r[0]}\t{r[1]}\t.\t{r[3]}\t{r[4]}\t.\tPASS\tCLASS={grade}\tGT:AD:DP\t0/1:40,9:49\t0/0:28,0:28"
        for r in records
    ]
    path.write_text("\n".join(["##fileformat=VCFv4.2", COLUMNS, *rows]) + "\n")
    return path


def features(path: Path, tmb: object, **genes: int) -> Path:
    row = {"patient": "pack", "som_tmb": tmb}
    row |= {
        f"som_gene__{gene}__{kind}": int(hit)
        for gene, hit in genes.items()
        for kind in ("missense",)
    }
    write_table(path, list(row), [row])
    return path


def planted_burden() -> float:
    return COUNTS["coding/mutations"] / (COUNTS["coding/bases"] / 1e6)


def scores(
    tmp_path: Path, calls: Path, counted: Sequence[str] = BOTH, **table: object
) -> dict[tuple[str, str], str]:
    path = features(tmp_path / "t.tsv", **{"tmb": planted_burden(), "PACKA": 1, **table})
    found = score(calls, path, PACK, GENOME, counted)
    assert found == sorted(found)
    assert len({(s.item, s.measure) for s in found}) == len(found)
    return {(s.item, s.measure): s.value for s in found}


def test_the_truth_itself_scores_one_and_counts_exactly(tmp_path: Path) -> None:
    found = scores(tmp_path, written(tmp_path / "c.vcf", truth()))
    shares = {v for (_, m), v in found.items() if m in ("recall", "precision", "f1")}
    assert shares == {"1"}
    assert found["somatic/high", "n"] == str(len(truth()))
    assert found["somatic/medium", "n"] == "0"
    assert ("somatic/medium", "precision") not in found
    assert found["somatic/spectrum", "max_difference"] == "0"
    assert found["somatic/burden", "max_difference"] == "0"
    assert found["somatic/genes/PACKA", "hit"] == "1"
    parts = {i.split("/")[1] for i, m in found if m == "f1"}
    assert parts == {
        "snp", "indel", "insertion", "deletion", "size-2-5", "size-6-20", "size-over-20",
    }  # fmt: skip


def test_shares_by_hand(tmp_path: Path) -> None:
    """Of 11 or so indels two are lost and one is false; substitutions are untouched."""
    indels = [r for r in truth() if len(r[3]) != len(r[4])]
    kept = [r for r in truth() if r not in indels[:2]]
    wrong = ["pack1", "900", ".", GENOME.sequences["pack1"][899], "", "", "", ""]
    wrong[4] = wrong[3] + "ACGT"
    found = scores(tmp_path, written(tmp_path / "c.vcf", [*kept, wrong]))
    number = len(indels)
    recall, precision = (number - 2) / number, (number - 2) / (number - 1)
    assert float(found["somatic/indel", "recall"]) == pytest.approx(recall)
    assert float(found["somatic/indel", "precision"]) == pytest.approx(precision)
    f1 = 2 * recall * precision / (recall + precision)
    assert float(found["somatic/indel", "f1"]) == pytest.approx(f1)
    assert found["somatic/snp", "f1"] == "1"
    everything = len(truth()) - 1
    assert found["somatic/high", "n"] == str(everything)
    expected = (everything - 1) / everything
    assert float(found["somatic/high", "precision"]) == pytest.approx(expected)


def test_what_the_protocol_does_not_count_is_missed(tmp_path: Path) -> None:
    calls = written(tmp_path / "c.vcf", truth(), "medium")
    assert scores(tmp_path, calls, ["high"])["somatic/snp", "recall"] == "0"
    both = scores(tmp_path, calls)
    assert (both["somatic/snp", "recall"], both["somatic/medium", "precision"]) == ("1", "1")
    low = scores(tmp_path, written(tmp_path / "d.vcf", truth(), "low"))
    assert low["somatic/snp", "recall"] == "0"
    assert low.keys() == scores(tmp_path, written(tmp_path / "e.vcf", [])).keys()


def test_one_substitution_less_is_one_channel_less(tmp_path: Path) -> None:
    first = next(r for r in truth() if len(r[3]) == len(r[4]))
    calls = written(tmp_path / "c.vcf", [r for r in truth() if r != first])
    assert scores(tmp_path, calls)["somatic/spectrum", "max_difference"] == "1"


def test_a_burden_off_by_one_mutation_and_a_missing_one(tmp_path: Path) -> None:
    calls = written(tmp_path / "c.vcf", truth())
    mutations = COUNTS["coding/mutations"]
    less = planted_burden() * (mutations - 1) / mutations
    found = scores(tmp_path, calls, tmb=less)["somatic/burden", "max_difference"]
    assert float(found) == pytest.approx(1 / mutations)
    assert scores(tmp_path, calls, tmb=None)["somatic/burden", "max_difference"] == "1"
    assert burden_difference("", COUNTS) == 1.0


def test_a_tumour_without_features_has_no_score(tmp_path: Path) -> None:
    calls = written(tmp_path / "c.vcf", truth())
    write_table(tmp_path / "none.tsv", ["patient", "som_tmb"], [])
    with pytest.raises(InputError, match="PACK_INCOMPLETE"):
        score(calls, tmp_path / "none.tsv", PACK, GENOME, BOTH)
