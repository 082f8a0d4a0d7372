import itertools

import pytest

from synthetic.genome import Layout, coding_text, make_genome, translate
from synthetic.streams import stream
from synthetic.variants import Carried, catalogue, haplotypes, vcf

LAYOUT = Layout("test", {"one": ("GA", "GB", "GC")}, spacer=1300, edge=600)


@pytest.fixture(scope="module")
def genome():
    return make_genome(LAYOUT, stream("genome"))


@pytest.fixture(scope="module")
def variants(genome):
    return catalogue(genome, stream("catalogue"))


def edited_protein(genome, gene, variant):
    """Protein of the haplotype, found by splicing the edited contig with moved positions."""
    edited, _ = haplotypes(genome, [Carried(variant, True, False)])
    shift = len(variant.alt) - len(variant.ref)
    moved = [
        (a + shift * (a >= variant.pos), b + shift * (b > variant.pos - 1))
        for a, b in gene.coding_exons
    ]
    text = "".join(edited[gene.contig].tobytes().decode()[a:b] for a, b in moved)
    if gene.strand == "-":
        text = text[::-1].translate(str.maketrans("ACGT", "TGCA"))
    from synthetic.genome import AMINO_ACID

    protein = ""
    for i in range(0, len(text) - 2, 3):
        protein += AMINO_ACID[text[i : i + 3]]
        if protein[-1] == "*":
            break
    return protein


def test_each_kind_does_to_the_protein_what_its_name_says(genome, variants):
    genes = {g.name: g for g in genome.genes}
    seen = set()
    for v in variants:
        if not v.gene or v.kind == "splice_donor":
            continue
        gene = genes[v.gene]
        whole, protein = translate(genome, gene), edited_protein(genome, gene, v)
        seen.add(v.kind)
        if v.kind == "synonymous":
            assert protein == whole
        elif v.kind == "missense":
            assert len(protein) == len(whole)
            assert sum(a != b for a, b in zip(protein, whole, strict=True)) == 1
        elif v.kind == "stop_gained":
            assert len(protein) < len(whole)
            assert whole.startswith(protein[:-1])
        else:
            assert v.kind == "frameshift"
            assert (len(v.alt) - len(v.ref)) % 3 != 0
            assert protein != whole
    assert seen == {"synonymous", "missense", "stop_gained", "frameshift"}


def test_splice_donors_hit_the_first_base_of_an_intron(genome, variants):
    genes = {g.name: g for g in genome.genes}
    found = [v for v in variants if v.kind == "splice_donor"]
    assert len(found) == len(genome.genes)
    for v in found:
        gene = genes[v.gene]
        edges = [b for _, b in gene.exons[:-1]]
        if gene.strand == "-":
            edges = [a - 1 for a, _ in gene.exons[1:]]
        assert v.pos - 1 in edges
        assert (v.ref, v.alt) == (("G", "A") if gene.strand == "+" else ("C", "T"))


def test_alleles_are_as_vcf_wants_them(genome, variants):
    for v in variants:
        bases = genome.contigs[v.contig].tobytes().decode()
        start = v.pos - 1
        assert bases[start : start + len(v.ref)] == v.ref != v.alt
        if len(v.ref) != len(v.alt):
            assert v.ref[0] == v.alt[0]
            assert v.ref[-1] != v.alt[-1] or min(len(v.ref), len(v.alt)) == 1
            # No shift: the last inserted or deleted base differs from the base before.
            longer = max(v.ref, v.alt, key=len)
            assert longer[-1] != v.ref[0]


def test_variants_keep_their_distance_and_background_avoids_exons(genome, variants):
    for a, b in itertools.pairwise(variants):
        assert a.contig != b.contig or b.pos - a.pos >= 30
    for v in variants:
        if v.kind == "background":
            for gene in genome.genes:
                assert not any(a - 10 <= v.pos - 1 < b + 10 for a, b in gene.exons)


def test_both_haplotypes_are_edited_and_written(genome, variants):
    carried = [Carried(variants[0], True, False), Carried(variants[1], True, True)]
    first, second = haplotypes(genome, carried)
    grown = [len(v.alt) - len(v.ref) for v in variants[:2]]
    length = genome.contigs["one"].size
    assert first["one"].size == length + sum(grown)
    assert second["one"].size == length + grown[1]
    lines = vcf(genome, "s", carried).decode().splitlines()
    assert [line.split("\t")[-1] for line in lines[-2:]] == ["1|0", "1|1"]
    assert len(coding_text(genome, genome.genes[0])) % 3 == 0
