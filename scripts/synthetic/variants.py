"""Variants planted in a made genome, with the consequence each has by construction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic.genome import AMINO_ACID, COMPLEMENT, LETTERS, Bases, Gene, Genome, coding_text

TRUNCATING = ("stop_gained", "frameshift", "splice_donor")
"""Kinds of planted variant that count as truncating."""

_APART = 30
"""No two variants of a catalogue are nearer than this, so each stands in its own cluster."""

MIDDLE, FIRST_FIFTH = (0.27, 0.80), (0.03, 0.22)
"""Parts of a coding sequence, in shares of its codons."""

Taken = dict[str, NDArray[np.bool_]]
"""Bases that may no longer be changed, `_APART` more at either end of each sequence."""


@dataclass(frozen=True, order=True)
class Variant:
    """One allele as VCF writes it: 1-based position, left-aligned, parsimonious."""

    contig: str
    pos: int
    ref: str
    alt: str
    gene: str = ""
    kind: str = "background"

    @property
    def consequence(self) -> str:
        """Class that is counted: truncating, missense, synonymous, or empty."""
        if self.kind in TRUNCATING:
            return "truncating"
        return self.kind if self.kind in ("missense", "synonymous") else ""


@dataclass(frozen=True)
class Carried:
    """A variant as one patient has it: alternative on the first and second haplotype."""

    variant: Variant
    first: bool
    second: bool

    @property
    def genotype(self) -> str:
        """`0|1`, `1|0` or `1|1`."""
        return f"{int(self.first)}|{int(self.second)}"


def catalogue(genome: Genome, rng: np.random.Generator) -> list[Variant]:
    """All variants that patients of this genome may carry, sorted.

    Per gene: up to two stop-gained and four missense variants in the middle of the coding
    sequence, two frameshifts, a splice donor, and synonymous variants in
    its first fifth, upstream of everything else, so that the class of each is the same
    whichever haplotypes meet. Elsewhere: background SNVs and small indels.
    """
    taken = nothing_taken(genome)
    found: list[Variant] = []
    for gene in genome.genes:
        for candidates, number in (
            (_splice_donors(genome, gene), 1),
            (codon_changes(genome, gene, rng, "stop_gained", MIDDLE), 2),
            (frameshifts(genome, gene, rng), 2),
            (codon_changes(genome, gene, rng, "missense", MIDDLE), 4),
            (codon_changes(genome, gene, rng, "synonymous", FIRST_FIFTH), 2),
        ):
            found += place(candidates, number, taken)
        for start, end in gene.exons:  # no background variant in an exon or splice region
            take(taken, gene.contig, start - 20, end + 20)
    for contig, bases in genome.contigs.items():
        found += place(_background(contig, bases, rng), bases.size // 330, taken)
    return sorted(found)


def nothing_taken(genome: Genome) -> Taken:
    """A genome in which every base may yet be changed."""
    return {c: np.zeros(b.size + 2 * _APART, dtype=bool) for c, b in genome.contigs.items()}


def take(taken: Taken, contig: str, start: int, end: int) -> None:
    """Bases [start, end), from 0, may no longer be changed."""
    taken[contig][start + _APART : end + _APART] = True


def take_around(taken: Taken, variant: Variant) -> None:
    """A variant's bases and those nearer than `_APART` may no longer be changed."""
    start = variant.pos - 1
    take(taken, variant.contig, start - _APART, start + len(variant.ref) + _APART)


def place(candidates: Iterator[Variant], number: int, taken: Taken) -> list[Variant]:
    """Up to `number` candidates that keep their distance; none at all is an error."""
    placed: list[Variant] = []
    for variant in candidates:
        if len(placed) == number:
            break
        row = taken[variant.contig]
        low = variant.pos - 1 + _APART
        if row[low : low + len(variant.ref)].any():
            continue
        take_around(taken, variant)
        placed.append(variant)
    if not placed:
        raise RuntimeError("the genome is too small: a kind of variant found no place")
    return placed


def codon_changes(
    genome: Genome,
    gene: Gene,
    rng: np.random.Generator,
    kind: str,
    within: tuple[float, float],
) -> Iterator[Variant]:
    """Single bases of one part of the coding sequence whose change is of this kind.

    within: shares of the codons, first and behind the last. None is near an exon's edge.
    """
    text, positions = coding_text(genome, gene), gene.coding_positions
    edges = {p for a, b in gene.coding_exons for p in (a, b - 1)}
    codons = len(text) // 3
    low, high = within
    for codon in rng.permutation(np.arange(int(codons * low) + 1, int(codons * high))):
        for offset in rng.permutation(3):
            for base in rng.permutation(4):
                at = 3 * int(codon) + int(offset)
                old = text[3 * codon : 3 * codon + 3]
                new = old[:offset] + "ACGT"[base] + old[offset + 1 :]
                was, becomes = AMINO_ACID[old], AMINO_ACID[new]
                named = (
                    "stop_gained"
                    if becomes == "*"
                    else "synonymous"
                    if becomes == was
                    else "missense"
                )
                position = int(positions[at])
                near = any(abs(position - edge) < 8 for edge in edges)
                if new != old and named == kind and not near:
                    yield _snv(genome, gene, position, "ACGT"[base], kind)


def _snv(genome: Genome, gene: Gene, position: int, transcript_base: str, kind: str) -> Variant:
    reference = chr(genome.contigs[gene.contig][position])
    base = ord(transcript_base)
    alternative = chr(base if gene.strand == "+" else COMPLEMENT[base])
    return Variant(gene.contig, position + 1, reference, alternative, gene.name, kind)


def _splice_donors(genome: Genome, gene: Gene) -> Iterator[Variant]:
    """G of the first intron's GT to A, in the direction of translation."""
    introns = [(a[1], b[0]) for a, b in zip(gene.exons, gene.exons[1:], strict=False)]
    for start, end in introns if gene.strand == "+" else introns[::-1]:
        position = start if gene.strand == "+" else end - 1
        yield _snv(genome, gene, position, "A", "splice_donor")


def frameshifts(genome: Genome, gene: Gene, rng: np.random.Generator) -> Iterator[Variant]:
    """A one-base deletion and a two-base insertion by turns, at places where none can shift."""
    bases = genome.contigs[gene.contig]
    length = gene.coding_positions.size
    inner = [
        p
        for p in gene.coding_positions[int(length * 0.27) : int(length * 0.80)]
        if all(min(abs(p - a), abs(b - p)) > 25 for a, b in gene.exons)
    ]
    order = rng.permutation(np.array(inner))
    for turn, position in enumerate(order):
        yield from _indel(gene.contig, bases, int(position), turn % 2 == 0, rng, gene.name)


def _indel(
    contig: str, bases: Bases, at: int, deletion: bool, rng: np.random.Generator, gene: str
) -> Iterator[Variant]:
    before, here, after = (chr(bases[at + i]) for i in (-1, 0, 1))
    kind = "frameshift" if gene else "background"
    if deletion:
        if here not in (before, after):
            yield Variant(contig, at, before + here, before, gene, kind)
        return
    new = "".join(chr(LETTERS[rng.integers(0, 4)]) for _ in range(2))
    # The inserted bases follow `here`: they must not roll left or right.
    if new[-1] != here and new[0] != after and new[0] != new[1]:
        yield Variant(contig, at + 1, here, here + new, gene, kind)


def _background(contig: str, bases: Bases, rng: np.random.Generator) -> Iterator[Variant]:
    for turn, at in enumerate(rng.permutation(np.arange(400, bases.size - 400))):
        if turn % 8 == 7:
            yield from _indel(contig, bases, int(at), turn % 16 == 7, rng, "")
            continue
        reference = bases[at]
        others = LETTERS[reference != LETTERS]
        transition = {"A": "G", "G": "A", "C": "T", "T": "C"}[chr(reference)]
        # Two transitions for each transversion, as in a real genome.
        alternative = transition if rng.random() < 0.67 else chr(others[rng.integers(0, 3)])
        yield Variant(contig, int(at) + 1, chr(reference), alternative)


def haplotypes(
    genome: Genome, carried: Iterable[Carried]
) -> tuple[dict[str, Bases], dict[str, Bases]]:
    """The two copies of each contig with a patient's variants in them."""
    variants = list(carried)
    return (
        with_variants(genome, [c.variant for c in variants if c.first]),
        with_variants(genome, [c.variant for c in variants if c.second]),
    )


def with_variants(genome: Genome, variants: Iterable[Variant]) -> dict[str, Bases]:
    """The sequences with some variants in them; no two of them overlap."""
    carried = sorted(variants)
    edited: dict[str, Bases] = {}
    for contig, bases in genome.contigs.items():
        pieces: list[Bases] = []
        done = 0
        for v in (v for v in carried if v.contig == contig):
            start = v.pos - 1
            pieces += [bases[done:start], np.frombuffer(v.alt.encode(), dtype=np.uint8)]
            done = start + len(v.ref)
        edited[contig] = np.concatenate([*pieces, bases[done:]])
    return edited


def vcf(genome: Genome, sample: str, carried: Iterable[Carried]) -> bytes:
    """Truth as VCF with phased genotypes; kinds in INFO."""
    return vcf_text(genome, sample, ((c.variant, "", c.genotype) for c in carried))


def vcf_text(
    genome: Genome, sample: str, records: Iterable[tuple[Variant, str, str]], *header: str
) -> bytes:
    """VCF of variants, each with more of INFO and its genotype; kinds in INFO.

    header: further lines.
    """
    lines = [
        "##fileformat=VCFv4.2",
        *(f"##contig=<ID={c},length={b.size}>" for c, b in genome.contigs.items()),
        '##INFO=<ID=GENE,Number=1,Type=String,Description="Gene">',
        '##INFO=<ID=KIND,Number=1,Type=String,Description="Planted kind">',
        *header,
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{sample}",
    ]
    order = {contig: i for i, contig in enumerate(genome.contigs)}
    for v, more, genotype in sorted(records, key=lambda r: (order[r[0].contig], r[0])):
        about = f"GENE={v.gene};KIND={v.kind}" if v.gene else f"KIND={v.kind}"
        info = f"{about};{more}" if more else about
        lines.append(
            f"{v.contig}\t{v.pos}\t.\t{v.ref}\t{v.alt}\t.\tPASS\t{info}\tGT\t{genotype}"
        )
    return ("\n".join(lines) + "\n").encode()
