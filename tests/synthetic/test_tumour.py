from collections import Counter
from itertools import pairwise

import pytest

from equisite.codebook.channels import CHANNELS
from equisite.genomics.tumour.spectrum import spectrum
from equisite.variants.alleles import left_shifted, trim
from synthetic.genome import make_genome
from synthetic.pack import LAYOUT, SEED, _genotypes
from synthetic.streams import stream
from synthetic.tumour import (
    CODING,
    COPIES,
    FEWEST,
    PROTEIN,
    channel,
    mutations,
    truth_counts,
    truth_vcf,
    tumour_copies,
)

GENOME = make_genome(LAYOUT, stream(SEED, "genome"))
GERMLINE = _genotypes(GENOME)
PLANTED = mutations(GENOME, GERMLINE, stream(SEED, "mutations"))
SEQUENCES = {name: bases.tobytes().decode() for name, bases in GENOME.contigs.items()}


def edit_of(variant):
    return trim(variant.contig, variant.pos - 1, variant.ref, variant.alt)


def test_no_change_is_near_another():
    places = sorted(
        (v.contig, v.pos, v.pos + len(v.ref))
        for v in [*(m.variant for m in PLANTED), *(c.variant for c in GERMLINE)]
    )
    for (contig, _, end), (following, start, _) in pairwise(places):
        assert contig != following or start - end >= 28


def test_every_indel_can_be_written_in_one_way_only():
    for variant in (m.variant for m in PLANTED):
        edit = edit_of(variant)
        assert SEQUENCES[variant.contig][variant.pos - 1 :].startswith(variant.ref)
        assert left_shifted(edit, SEQUENCES) == edit


def test_all_lie_well_inside_the_territory():
    spans = [(g.contig, g.span[0] - 200, g.span[1] + 200) for g in GENOME.genes]
    for variant in (m.variant for m in PLANTED):
        end = variant.pos + len(variant.ref)
        assert any(c == variant.contig and a < variant.pos and end < b for c, a, b in spans)


def test_genes_are_hit_as_the_plan_says():
    found = [[m for m in PLANTED if m.variant.gene == g.name] for g in GENOME.genes]
    for own, kinds in zip(found, CODING, strict=True):
        assert Counter(m.variant.kind for m in own) == Counter(dict(kinds))
    for own in found[1:]:
        (lone,) = [m for m in own if m.variant.kind in PROTEIN]
        assert len(lone.copies) == FEWEST


def test_a_fraction_is_the_share_of_copies_that_carry_it():
    copies = tumour_copies(GENOME, [], PLANTED)
    assert len(copies) == COPIES
    for mutation in PLANTED:
        v = mutation.variant
        if len(v.ref) != 1 or len(v.alt) != 1:
            continue
        # A copy that carries it has the word around it, wherever indels moved it.
        sequence = SEQUENCES[v.contig]
        word = sequence[v.pos - 13 : v.pos - 1] + v.alt + sequence[v.pos : v.pos + 12]
        carrying = sum(word.encode() in copy[v.contig].tobytes() for copy in copies)
        assert carrying == len(mutation.copies)
        assert carrying / COPIES == mutation.fraction


def test_counts_are_those_that_the_product_takes_of_the_truth():
    rows = dict(
        line.split("\t") for line in truth_counts(GENOME, PLANTED).decode().split("\n")[1:-1]
    )
    counts = spectrum((edit_of(m.variant) for m in PLANTED), SEQUENCES)
    for name, number in zip(CHANNELS, counts.tolist(), strict=True):
        assert int(rows.get(f"spectrum/{name}", "0")) == number
    assert int(rows["coding/mutations"]) == sum(n for kinds in CODING for _, n in kinds)
    assert int(rows["coding/bases"]) == sum(
        b - a for g in GENOME.genes for a, b in g.coding_exons
    )


@pytest.mark.parametrize(
    ("triplet", "alt", "name"), [("ACA", "T", "A[C>T]A"), ("TGA", "A", "T[C>T]A")]
)
def test_channels_are_named_on_the_pyrimidine_strand(triplet, alt, name):
    from types import SimpleNamespace

    import numpy as np

    from synthetic.variants import Variant

    bases = np.frombuffer(triplet.encode(), dtype=np.uint8)
    made = SimpleNamespace(contigs={"c": bases})
    assert channel(made, Variant("c", 2, triplet[1], alt)) == name
    assert channel(made, Variant("c", 2, triplet[1], triplet[1] + alt)) is None


def test_the_truth_is_sorted_and_states_fractions():
    lines = [x for x in truth_vcf(GENOME, "s", PLANTED).decode().splitlines() if x[0] != "#"]
    assert len(lines) == len(PLANTED)
    places = [(line.split("\t")[0], int(line.split("\t")[1])) for line in lines]
    assert places == sorted(places)
    assert {line.split("AF=")[1].split("\t")[0] for line in lines} == {
        f"{m.fraction:g}" for m in PLANTED
    }
