import itertools
import re
import shutil
import subprocess

import numpy as np
import pytest

from synthetic.genome import (
    AMINO_ACID,
    Layout,
    coding_text,
    fasta,
    gff3,
    gzip_bytes,
    make_genome,
    territory,
    translate,
)
from synthetic.streams import stable_uid, stream

LAYOUT = Layout("test", {"one": ("GA", "GB"), "two": ("GC", "GD")}, spacer=1300, edge=600)


@pytest.fixture(scope="module")
def genome():
    return make_genome(LAYOUT, stream("genome"))


def test_the_genetic_code_is_the_standard_one():
    assert len(AMINO_ACID) == 64
    assert [AMINO_ACID[c] for c in ("ATG", "TGG", "TAA", "TAG", "TGA", "TTT", "GGG")] == list(
        "MW***FG"
    )
    assert sorted(AMINO_ACID.values()).count("L") == 6


def test_genes_are_whole_and_both_strands_occur(genome):
    assert {g.strand for g in genome.genes} == {"+", "-"}
    for gene in genome.genes:
        protein = translate(genome, gene)
        assert protein[0] == "M"
        assert protein.index("*") == len(protein) - 1
        assert 2 <= len(gene.exons) <= 4
        bases = genome.contigs[gene.contig].tobytes().decode()
        for (_, end), (start, _) in itertools.pairwise(gene.exons):
            intron = bases[end:start]
            edges = (intron[:2], intron[-2:])
            assert edges == (("GT", "AG") if gene.strand == "+" else ("CT", "AC"))


def test_no_unknown_base_and_no_long_run_in_a_gene(genome):
    for gene in genome.genes:
        text = genome.contigs[gene.contig][slice(*gene.span)].tobytes().decode()
        assert set(text) == set("ACGT")
        assert not re.search(r"(.)\1{7}", text)


def test_gene_models_translate_on_their_own(genome):
    """The text alone, read as another program reads it, gives the same proteins."""
    rows = [line.split("\t") for line in gff3(genome).decode().splitlines() if line[0] != "#"]
    for gene in genome.genes:
        parts = [
            (int(r[3]) - 1, int(r[4]), int(r[7]))
            for r in rows
            if r[2] == "CDS" and f"ENST900{gene.number:08d}" in r[8]
        ]
        bases = genome.contigs[gene.contig].tobytes().decode()
        ordered = parts if gene.strand == "+" else parts[::-1]
        swap = str.maketrans("ACGT", "TGCA")
        spliced = ""
        for start, end, phase in ordered:
            assert (len(spliced) + phase) % 3 == 0
            piece = bases[start:end]
            spliced += piece if gene.strand == "+" else piece[::-1].translate(swap)
        assert spliced == coding_text(genome, gene)


def test_territory_holds_every_exon(genome):
    rows = [line.split("\t") for line in territory(genome).decode().splitlines()]
    for gene, (contig, start, end, name) in zip(genome.genes, rows, strict=True):
        assert (contig, name) == (gene.contig, gene.name)
        assert int(start) < gene.span[0] < gene.span[1] < int(end)


def test_bcftools_accepts_the_gene_models(genome, tmp_path):
    if shutil.which("bcftools") is None:
        pytest.skip("bcftools is not on the PATH")
    (tmp_path / "r.fa").write_bytes(fasta(genome))
    (tmp_path / "g.gff3").write_bytes(gff3(genome))
    gene = genome.genes[0]
    at = int(gene.coding_positions[1])  # T of ATG
    (tmp_path / "v.vcf").write_text(
        "##fileformat=VCFv4.2\n"
        + "".join(f"##contig=<ID={c},length={b.size}>\n" for c, b in genome.contigs.items())
        + '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n'
        + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
        + f"{gene.contig}\t{at + 1}\t.\tT\tC\t.\t.\t.\tGT\t0/1\n"
    )
    run = subprocess.run(
        ["bcftools", "csq", "-f", "r.fa", "-g", "g.gff3", "-p", "a", "v.vcf"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"start_lost|{gene.name}|" in run.stdout
    assert "Indexed 4 transcripts" in run.stderr


def test_names_decide_the_numbers():
    first = make_genome(LAYOUT, stream("a"))
    again = make_genome(LAYOUT, stream("a"))
    other = make_genome(LAYOUT, stream("b"))
    assert fasta(first) == fasta(again) != fasta(other)
    assert stream("x", 1).random() != stream("x", 2).random()
    assert stable_uid("x") == stable_uid("x") != stable_uid("y")
    assert len(stable_uid("x")) <= 64


def test_gzip_holds_no_time_and_no_name():
    packed = gzip_bytes(b"bases")
    assert packed[3:8] == b"\0" * 5


def test_repeats_stand_between_genes_only(genome):
    """The copies of the repeat family are alike; genes share no long word with anything."""
    words: dict[bytes, int] = {}
    size = 40
    for bases in genome.contigs.values():
        text = bases.tobytes()
        for i in range(len(text) - size):
            words[text[i : i + size]] = words.get(text[i : i + size], 0) + 1
    assert max(words.values()) > 1
    for gene in genome.genes:
        text = genome.contigs[gene.contig][slice(*gene.span)].tobytes()
        counts = np.array([words.get(text[i : i + size], 0) for i in range(len(text) - size)])
        assert counts.max() == 1
