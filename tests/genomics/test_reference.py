import gzip
from pathlib import Path

import pytest
from made_reads import md5, protocol

from equisite.core.errors import ConfigError
from equisite.genomics.reference import prepare_alleles, prepare_models, prepare_reference
from equisite.protocol.models import Genomics, PinnedFile, VariantsTable

CONTIGS = {"a": "ACGTN" * 30, "b": "GATTACAR" * 10}


def fasta(path: Path, contigs: dict[str, str], width: int = 50) -> Path:
    lines = []
    for name, bases in contigs.items():
        lines.append(f">{name} made")
        lines += [bases[at : at + width] for at in range(0, len(bases), width)]
    path.write_text("\n".join(lines) + "\n")
    return path


def everything(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file()
    }


def test_the_folder_depends_on_the_protocol_alone(tmp_path: Path) -> None:
    """Order, case, line width, compression and further sequences of a site do not matter."""
    prepare_reference(fasta(tmp_path / "1.fa", CONTIGS), protocol(CONTIGS), tmp_path / "one")
    other = {"decoy": "ACGT", "b": CONTIGS["b"].lower(), "a": CONTIGS["a"]}
    packed = tmp_path / "2.fa.gz"
    packed.write_bytes(gzip.compress(fasta(tmp_path / "2.fa", other, 7).read_bytes()))
    prepare_reference(packed, protocol(CONTIGS), tmp_path / "two")
    files = everything(tmp_path / "one")
    assert files == everything(tmp_path / "two")
    assert files[f"cache/{md5(CONTIGS['b'])}"] == CONTIGS["b"].encode()
    assert files["header.sam"].decode().splitlines()[1] == (
        f"@SQ\tSN:b\tLN:80\tM5:{md5(CONTIGS['b'])}"
    )


def test_the_index_points_at_the_bases(tmp_path: Path) -> None:
    prepare_reference(fasta(tmp_path / "1.fa", CONTIGS), protocol(CONTIGS), tmp_path / "out")
    content = (tmp_path / "out/reference.fa").read_bytes()
    for line in (tmp_path / "out/reference.fa.fai").read_text().splitlines():
        name, *numbers = line.split("\t")
        length, offset, width, with_end = map(int, numbers)
        end = offset + length + (length - 1) // width * (with_end - width)
        assert content[offset:end].replace(b"\n", b"").decode() == CONTIGS[name]


def test_all_wrong_sequences_are_told_together(tmp_path: Path) -> None:
    found = {"a": "ACGTA" * 30, "c": "ACGT"}
    wanted = {**CONTIGS, "c": "ACGTA"}
    with pytest.raises(ConfigError) as caught:
        prepare_reference(fasta(tmp_path / "1.fa", found), protocol(wanted), tmp_path / "out")
    assert [(f.code, f.numbers["contig"]) for f in caught.value.findings] == [
        ("CONTIG_MD5", "a"),
        ("CONTIG_MISSING", "b"),
        ("CONTIG_LENGTH", "c"),
    ]
    assert caught.value.exit_code == 2
    assert str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "out/reference.fa").exists()


def test_what_is_no_fasta_is_a_fault_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "1.fa").write_text("no fasta\n")
    with pytest.raises(ConfigError, match="FASTA_UNREADABLE"):
        prepare_reference(tmp_path / "1.fa", protocol(CONTIGS), tmp_path / "out")


def test_without_pinned_files_the_whole_reference_counts(tmp_path: Path) -> None:
    prepare_models(protocol(CONTIGS), tmp_path, tmp_path / "out")
    assert (tmp_path / "out/territory.bed").read_text() == "a\t0\t150\nb\t0\t80\n"
    assert (tmp_path / "out/genes.gff3").read_text() == "##gff-version 3\n"


def test_the_territory_is_merged_and_in_order(tmp_path: Path) -> None:
    (tmp_path / "t.bed").write_text("# x\nb\t3\t9\na\t5\t10\na\t0\t6\n")
    prepare_models(protocol(CONTIGS, territory="t.bed"), tmp_path, tmp_path / "out")
    assert (tmp_path / "out/territory.bed").read_text() == "a\t0\t10\nb\t3\t9\n"


def test_all_wrong_rows_of_the_territory_are_told(tmp_path: Path) -> None:
    (tmp_path / "t.bed").write_text(
        "a\t0\t5\nchra\t0\t5\na\t9\t5\na\t5\t5\na\t100\t151\nb\tx\t1\n"
    )
    with pytest.raises(ConfigError) as caught:
        prepare_models(protocol(CONTIGS, territory="t.bed"), tmp_path, tmp_path / "out")
    assert [(f.code, f.numbers["line"]) for f in caught.value.findings] == [
        ("TERRITORY_INVALID", line) for line in (2, 3, 4, 5, 6)
    ]


def test_an_empty_territory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.bed").write_text("\n")
    with pytest.raises(ConfigError, match="TERRITORY_INVALID"):
        prepare_models(protocol(CONTIGS, territory="t.bed"), tmp_path, tmp_path / "out")


def test_a_table_names_an_allele_that_the_list_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "list.vcf").write_text("b\t4\t.\tT\tG\t.\t.\t.\n")
    bases = {"b": "GATTACA"}

    def prepare(allele: str) -> None:
        made = protocol(bases).model_copy(
            update={
                "genomics": Genomics(alleles=PinnedFile(file="list.vcf", sha256="0" * 64)),
                "tables": (VariantsTable(id="v", kind="variants", alleles=(allele,)),),
            }
        )
        prepare_alleles(made, tmp_path, bases, tmp_path / "out")

    prepare("b:4:T:G")
    assert (tmp_path / "out/snps.tsv").read_text() == "b\t4\tT,G\n"
    assert (tmp_path / "out/alleles.bed").read_text() == "b\t3\t4\n"
    with pytest.raises(ConfigError, match="ALLELE_NOT_LISTED"):
        prepare("b:3:T:G")
