"""A made tumour: mutations at stated fractions beside what its patient inherited.

The tumour is a mixture of equally many copies of both haplotypes. A mutation stands on some
copies of one haplotype, so that its allele fraction is their share of all copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from synthetic.genome import COMPLEMENT, LETTERS, Bases, Gene, Genome
from synthetic.variants import (
    MIDDLE,
    Carried,
    Variant,
    codon_changes,
    frameshifts,
    nothing_taken,
    place,
    take,
    take_around,
    vcf_text,
    with_variants,
)

COPIES = 20
"""Copies of the genome in the mixture, half of them of each haplotype."""

CARRYING = (8, 2, 4, 3, 6)
"""Copies that carry a mutation, by turns: allele fractions .4, .1, .2, .15 and .3."""

FEWEST = min(CARRYING)

SUBSTITUTIONS = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")

Coding = tuple[tuple[str, int], ...]
"""Kinds of coding mutation, and how many of each."""

CODING: tuple[Coding, ...] = (
    (("stop_gained", 1), ("frameshift", 1), ("missense", 2), ("synonymous", 2)),
    (("frameshift", 1), ("synonymous", 4)),
    (("missense", 1), ("synonymous", 4)),
)
"""Mutations of each gene. The second is hit by an indel alone, the third by the faintest kind
of mutation alone: who misses those, misses the gene."""

PROTEIN = ("stop_gained", "frameshift", "missense")

OF_EACH_SUBSTITUTION = 5
DELETED, INSERTED = (1, 2, 3, 5, 12, 30), (1, 2, 4, 8, 24)
"""Sizes of indels outside of coding sequence, in bases."""


@dataclass(frozen=True, order=True)
class Mutation:
    """A somatic variant. second: on the second haplotype. copies: of it, which carry it."""

    variant: Variant
    second: bool
    copies: tuple[int, ...]

    @property
    def fraction(self) -> float:
        """Allele fraction in the tumour."""
        return len(self.copies) / COPIES


def mutations(
    genome: Genome, germline: Iterable[Carried], rng: np.random.Generator
) -> list[Mutation]:
    """Somatic variants inside the territory, none near another or an inherited one."""
    taken = nothing_taken(genome)
    for carried in germline:
        take_around(taken, carried.variant)
    planted: list[Variant] = []
    lone: set[Variant] = set()
    for gene, kinds in zip(genome.genes, CODING, strict=True):
        placed = []
        for kind, number in kinds:
            placed += _exactly(place(_coding(genome, gene, kind, rng), number, taken), number)
        hits = [v for v in placed if v.kind in PROTEIN]
        lone |= set(hits) if len(hits) == 1 else set()
        planted += placed
    for gene in genome.genes:
        for start, end in gene.exons:
            take(taken, gene.contig, start - 20, end + 20)
    for substitution in SUBSTITUTIONS:
        candidates = _substitutions(genome, substitution, rng)
        placed = place(candidates, OF_EACH_SUBSTITUTION, taken)
        planted += _exactly(placed, OF_EACH_SUBSTITUTION)
    for size in DELETED:
        planted += place(_deletions(genome, size, rng), 1, taken)
    for size in INSERTED:
        planted += place(_insertions(genome, size, rng), 1, taken)
    return sorted(_fractions(planted, lone, rng))


def _exactly(placed: list[Variant], number: int) -> list[Variant]:
    if len(placed) != number:
        raise RuntimeError("the genome is too small for all mutations")
    return placed


def _fractions(
    planted: Sequence[Variant], lone: set[Variant], rng: np.random.Generator
) -> Iterator[Mutation]:
    half = COPIES // 2
    for turn, variant in enumerate(planted):
        number = FEWEST if variant in lone else CARRYING[turn % len(CARRYING)]
        copies = sorted(int(c) for c in rng.choice(half, number, replace=False))
        yield Mutation(variant, bool(rng.random() < 0.5), tuple(copies))


def _coding(
    genome: Genome, gene: Gene, kind: str, rng: np.random.Generator
) -> Iterator[Variant]:
    if kind == "frameshift":
        return frameshifts(genome, gene, rng)
    within = (0.03, 0.97) if kind == "synonymous" else MIDDLE
    return codon_changes(genome, gene, rng, kind, within)


def _positions(genome: Genome, rng: np.random.Generator) -> Iterator[tuple[str, Bases, int]]:
    """Bases of genes and 150 around them, in random order: well inside of the territory."""
    places = [
        (gene.contig, at)
        for gene in genome.genes
        for at in range(gene.span[0] - 150, gene.span[1] + 150)
    ]
    for number in rng.permutation(len(places)):
        contig, at = places[int(number)]
        yield contig, genome.contigs[contig], at


def _substitutions(
    genome: Genome, substitution: str, rng: np.random.Generator
) -> Iterator[Variant]:
    """One kind of substitution, on either strand."""
    was, becomes = (ord(base) for base in substitution.split(">"))
    both = {was: becomes, int(COMPLEMENT[was]): int(COMPLEMENT[becomes])}
    for contig, bases, at in _positions(genome, rng):
        if int(bases[at]) in both:
            new = chr(both[int(bases[at])])
            yield Variant(contig, at + 1, chr(bases[at]), new)


def _deletions(genome: Genome, size: int, rng: np.random.Generator) -> Iterator[Variant]:
    """Bases go at places where the gap can be written in one way only."""
    for contig, bases, at in _positions(genome, rng):
        if bases[at - 1] != bases[at + size - 1] and bases[at] != bases[at + size]:
            gone = bases[at - 1 : at + size].tobytes().decode()
            yield Variant(contig, at, gone, gone[0])


def _insertions(genome: Genome, size: int, rng: np.random.Generator) -> Iterator[Variant]:
    """New bases come at places where they can be written in one way only."""
    for contig, bases, at in _positions(genome, rng):
        new = LETTERS[rng.integers(0, 4, size)]
        if new[-1] != bases[at] and new[0] != bases[at + 1]:
            before = chr(bases[at])
            yield Variant(contig, at + 1, before, before + new.tobytes().decode())


def tumour_copies(
    genome: Genome, germline: Sequence[Carried], planted: Sequence[Mutation]
) -> list[dict[str, Bases]]:
    """The genomes of the mixture."""
    copies = []
    for second in (False, True):
        inherited = [c.variant for c in germline if (c.second if second else c.first)]
        for number in range(COPIES // 2):
            own = [m.variant for m in planted if m.second == second and number in m.copies]
            copies.append(with_variants(genome, [*inherited, *own]))
    return copies


def channel(genome: Genome, variant: Variant) -> str | None:
    """`A[C>T]G` as COSMIC names a substitution with its neighbours; None for an indel."""
    if len(variant.ref) != 1 or len(variant.alt) != 1:
        return None
    around = genome.contigs[variant.contig][variant.pos - 2 : variant.pos + 1]
    alt = np.frombuffer(variant.alt.encode(), dtype=np.uint8)
    if chr(around[1]) in "AG":
        around, alt = COMPLEMENT[around[::-1]], COMPLEMENT[alt]
    before, was, after = around.tobytes().decode()
    return f"{before}[{was}>{alt.tobytes().decode()}]{after}"


def truth_vcf(genome: Genome, sample: str, planted: Iterable[Mutation]) -> bytes:
    """The mutations as VCF, their allele fractions in INFO."""
    field = '##INFO=<ID=AF,Number=1,Type=Float,Description="Planted allele fraction">'
    records = ((m.variant, f"AF={m.fraction:g}", "0/1") for m in planted)
    return vcf_text(genome, sample, records, field)


def truth_counts(genome: Genome, planted: Iterable[Mutation]) -> bytes:
    """What can be counted of the mutations: one row of item and value.

    `coding/mutations`, `coding/bases`, and the number of substitutions of each channel that
    has any.
    """
    variants = [m.variant for m in planted]
    counts = {
        "coding/mutations": sum(bool(v.gene) for v in variants),
        "coding/bases": sum(gene.coding_positions.size for gene in genome.genes),
    }
    for variant in variants:
        name = channel(genome, variant)
        if name is not None:
            counts[f"spectrum/{name}"] = counts.get(f"spectrum/{name}", 0) + 1
    rows = "".join(f"{item}\t{value}\n" for item, value in sorted(counts.items()))
    return f"item\tvalue\n{rows}".encode()
