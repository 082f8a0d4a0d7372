import pytest

from equisite.core.errors import ConfigError
from equisite.genomics.genes import checked_models, coding_bases

GENE = "a\tx\tgene\t1\t90\t.\t+\t.\tID=gene:G1;Name=ONE;biotype=protein_coding"
TRANSCRIPT = (
    "a\tx\tmRNA\t1\t90\t.\t+\t.\tID=transcript:T1;Parent=gene:G1;biotype=protein_coding"
)
EXON = "a\tx\texon\t1\t90\t.\t+\t.\tParent=transcript:T1"
CDS = [
    "a\tx\tCDS\t4\t10\t.\t+\t0\tID=CDS:T1;Parent=transcript:T1",
    "a\tx\tCDS\t30\t40\t.\t+\t2\tID=CDS:T1;Parent=transcript:T1",
]
SILENT = "a\tx\tgene\t1\t90\t.\t+\t.\tID=gene:G2;Name=TWO;biotype=lncRNA"
MODELS = "\n".join(["##gff-version 3", GENE, TRANSCRIPT, EXON, *CDS, SILENT])


def test_rows_on_other_sequences_are_left_out() -> None:
    other = GENE.replace("a\t", "z\t", 1)
    assert checked_models(MODELS + "\n" + other, {"a"}) == MODELS + "\n"


def test_coding_bases_by_gene_and_no_entry_without_model() -> None:
    genes = coding_bases(MODELS.splitlines())
    assert {name: list(bases) for name, bases in genes.items()} == {
        "ONE": [("a", 3, 10), ("a", 29, 40)]
    }


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("ID=gene:G1;Name=ONE;biotype=protein_coding", "ID=gene:G1;Name=ONE", 2),
        (";biotype=protein_coding\na\tx\texon", "\na\tx\texon", 3),
        ("Parent=gene:G1", "Parent=G1", 3),
        ("Parent=transcript:T1", "Parent=T1", 4),
        ("a\tx\tCDS\t4\t10", "a\tx\tCDS\t11\t10", 5),
        ("a\tx\tCDS\t4\t10", "a\tx\tCDS\tx\t10", 5),
        ("a\tx\tCDS\t4\t10\t.", "a x CDS 4 10 .", 5),
    ],
)
def test_what_csq_would_pass_over_in_silence_is_an_error(old: str, new: str, line: int) -> None:
    assert old in MODELS
    with pytest.raises(ConfigError, match="GENE_MODELS_INVALID") as caught:
        checked_models(MODELS.replace(old, new, 1), {"a"})
    assert caught.value.findings[0].numbers["line"] == line


def test_models_of_another_naming_are_an_error() -> None:
    with pytest.raises(ConfigError, match="no row lies on a sequence"):
        checked_models(MODELS, {"chra"})


def test_no_models_are_no_error() -> None:
    assert checked_models("", {"a"}) == "##gff-version 3\n"
