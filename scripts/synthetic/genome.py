"""A made reference genome with gene models that `bcftools csq` accepts."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bases = NDArray[np.uint8]

LETTERS: Bases = np.frombuffer(b"ACGT", dtype=np.uint8)
COMPLEMENT: Bases = np.arange(256, dtype=np.uint8)
COMPLEMENT[LETTERS] = LETTERS[::-1]

_CODE = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"
"""Standard genetic code, codons in the order AAA, AAC, AAG, AAT, ACA ..."""

CODONS = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"]
AMINO_ACID = dict(zip(CODONS, _CODE, strict=True))


@dataclass(frozen=True)
class Gene:
    """One coding transcript; exons and the coding range are 0-based, half-open, ascending."""

    name: str
    number: int
    contig: str
    strand: str
    exons: tuple[tuple[int, int], ...]
    coding: tuple[int, int]

    @property
    def span(self) -> tuple[int, int]:
        """First base and end of the gene."""
        return self.exons[0][0], self.exons[-1][1]

    @property
    def coding_exons(self) -> tuple[tuple[int, int], ...]:
        """The coding part of each exon, ascending."""
        low, high = self.coding
        parts = ((max(a, low), min(b, high)) for a, b in self.exons)
        return tuple((a, b) for a, b in parts if a < b)

    @property
    def coding_positions(self) -> NDArray[np.int64]:
        """Genomic position of each coding base in the order of translation."""
        ascending = np.concatenate([np.arange(a, b) for a, b in self.coding_exons])
        return ascending if self.strand == "+" else ascending[::-1]


@dataclass(frozen=True)
class Genome:
    """Contigs (upper-case bases) and genes."""

    assembly: str
    contigs: dict[str, Bases]
    genes: tuple[Gene, ...]

    def md5(self, contig: str) -> str:
        """SAM M5 of one contig."""
        return hashlib.md5(self.contigs[contig].tobytes(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Layout:
    """What a genome is made of: genes per contig and the stretches around them."""

    assembly: str
    genes: dict[str, tuple[str, ...]]
    spacer: int = 2000
    edge: int = 1200
    codons_per_exon: tuple[int, int] = (110, 150)


def make_genome(layout: Layout, rng: np.random.Generator) -> Genome:
    """A genome of the given layout.

    Between genes: A and T richer than C and G, few CpG, short tandem repeats, and copies of
    one repeat family (so that some reads have mapping quality 0 there). Inside genes no
    homopolymer reaches 8 bases, so that calls in them are not limited by repeats.
    """
    family = _tame(_background(280, rng), 0, rng)
    contigs: dict[str, Bases] = {}
    genes: list[Gene] = []
    for contig, names in layout.genes.items():
        pieces: list[Bases] = [_background(layout.edge, rng)]
        length = layout.edge
        for name in names:
            strand = "+" if len(genes) % 2 == 0 else "-"
            body, exons, coding = _gene_body(strand, layout.codons_per_exon, rng)
            genes.append(
                Gene(
                    name,
                    len(genes) + 1,
                    contig,
                    strand,
                    tuple((a + length, b + length) for a, b in exons),
                    (coding[0] + length, coding[1] + length),
                )
            )
            spacer = _spacer(layout.spacer, family, rng)
            pieces += [body, spacer]
            length += body.size + spacer.size
        pieces.append(_background(layout.edge, rng))
        contigs[contig] = np.concatenate(pieces)
    return Genome(layout.assembly, contigs, tuple(genes))


def _background(size: int, rng: np.random.Generator) -> Bases:
    """Random sequence, GC near 41 %, CpG at about a quarter of what chance would give."""
    bases = LETTERS[np.searchsorted(np.cumsum([0.295, 0.205, 0.205]), rng.random(size))]
    cpg = np.flatnonzero((bases[:-1] == ord("C")) & (bases[1:] == ord("G")))
    changed = cpg[rng.random(cpg.size) < 0.75]
    bases[changed] = ord("T")
    return bases


def _spacer(size: int, family: Bases, rng: np.random.Generator) -> Bases:
    """Sequence between genes: a diverged copy of the repeat family and some short repeats."""
    bases = _background(size, rng)
    middle = size // 2 - family.size // 2
    copy = family.copy()
    diverged = rng.random(copy.size) < 0.04
    copy[diverged] = LETTERS[rng.integers(0, 4, int(diverged.sum()))]
    bases[middle : middle + family.size] = copy
    for start in (middle - 200, middle + family.size + 200):
        unit = LETTERS[rng.integers(0, 4, int(rng.integers(1, 5)))]
        run = np.tile(unit, int(rng.integers(8, 16)))
        bases[start : start + run.size] = run
    return bases


def _tame(bases: Bases, keep: int, rng: np.random.Generator, longest: int = 6) -> Bases:
    """Break homopolymers longer than `longest`; the first and last `keep` bases stay."""
    bases = bases.copy()
    run = 1
    for i in range(1, bases.size - keep):
        run = run + 1 if bases[i] == bases[i - 1] else 1
        if run > longest and i >= keep:
            choices = LETTERS[bases[i] != LETTERS]
            bases[i] = choices[rng.integers(0, 3)]
            run = 1
    return bases


def _coding_sequence(codons: int, rng: np.random.Generator) -> Bases:
    """ATG, random sense codons without long homopolymers, a stop codon."""
    sense = [c for c in CODONS if AMINO_ACID[c] != "*"]
    text = "ATG"
    while len(text) < 3 * (codons - 1):
        codon = sense[int(rng.integers(0, len(sense)))]
        if not any(base * 6 in text[-6:] + codon for base in "ACGT"):
            text += codon
    stop = ("TAA", "TAG", "TGA")[int(rng.integers(0, 3))]
    return np.frombuffer((text + stop).encode(), dtype=np.uint8)


def _gene_body(
    strand: str, codons_per_exon: tuple[int, int], rng: np.random.Generator
) -> tuple[Bases, list[tuple[int, int]], tuple[int, int]]:
    """Bases, exons and coding range of one gene in genomic orientation, local positions."""
    number = int(rng.integers(2, 5))
    low, high = codons_per_exon
    codons = int(rng.integers(low, high + 1)) * number
    coding = _coding_sequence(codons, rng)
    cuts = [0]
    cuts += [
        coding.size * exon // number + int(rng.integers(-20, 21)) for exon in range(1, number)
    ]
    cuts.append(coding.size)
    five, three = int(rng.integers(50, 90)), int(rng.integers(80, 140))
    pieces: list[Bases] = []
    exons: list[tuple[int, int]] = []
    length = 0
    for exon in range(number):
        part = coding[cuts[exon] : cuts[exon + 1]]
        if exon == 0:
            part = np.concatenate([_tame(_background(five, rng), 0, rng), part])
        if exon == number - 1:
            part = np.concatenate([part, _tame(_background(three, rng), 0, rng)])
        exons.append((length, length + part.size))
        pieces.append(part)
        length += part.size
        if exon < number - 1:
            intron = _tame(_background(int(rng.integers(160, 320)), rng), 0, rng)
            intron[:6] = np.frombuffer(b"GTAAGT", dtype=np.uint8)
            intron[-6:] = np.frombuffer(b"TTTCAG", dtype=np.uint8)
            pieces.append(intron)
            length += intron.size
    body = np.concatenate(pieces)
    first, last = five, length - three
    if strand == "+":
        return body, exons, (first, last)
    flipped = [(length - b, length - a) for a, b in reversed(exons)]
    return COMPLEMENT[body[::-1]], flipped, (length - last, length - first)


def translate(genome: Genome, gene: Gene) -> str:
    """Protein of a gene's coding sequence, one letter per residue, `*` for stop."""
    text = coding_text(genome, gene)
    return "".join(AMINO_ACID[text[i : i + 3]] for i in range(0, len(text), 3))


def coding_text(genome: Genome, gene: Gene) -> str:
    """Coding sequence in the order of translation."""
    bases = genome.contigs[gene.contig][gene.coding_positions]
    if gene.strand == "-":
        bases = COMPLEMENT[bases]
    return bases.tobytes().decode()


def fasta(genome: Genome) -> bytes:
    """The genome as FASTA, 60 bases a line."""
    lines: list[bytes] = []
    for name, bases in genome.contigs.items():
        text = bases.tobytes()
        lines.append(b">" + name.encode())
        lines += [text[i : i + 60] for i in range(0, len(text), 60)]
    return b"\n".join(lines) + b"\n"


def gff3(genome: Genome) -> bytes:
    """Gene models in Ensembl style: what `bcftools csq` reads (1-based, closed ranges)."""
    lines = ["##gff-version 3"]
    lines += [f"##sequence-region {c} 1 {b.size}" for c, b in genome.contigs.items()]
    for gene in genome.genes:
        ids = f"{gene.number:08d}"
        start, end = gene.span
        where = f"{gene.contig}\tsynthetic"
        lines.append(
            f"{where}\tgene\t{start + 1}\t{end}\t.\t{gene.strand}\t.\t"
            f"ID=gene:ENSG900{ids};Name={gene.name};biotype=protein_coding;gene_id=ENSG900{ids}"
        )
        parent = f"Parent=transcript:ENST900{ids}"
        lines.append(
            f"{where}\tmRNA\t{start + 1}\t{end}\t.\t{gene.strand}\t.\t"
            f"ID=transcript:ENST900{ids};Parent=gene:ENSG900{ids};Name={gene.name}-201;"
            f"biotype=protein_coding;transcript_id=ENST900{ids};tag=MANE_Select"
        )
        lines += [
            f"{where}\texon\t{a + 1}\t{b}\t.\t{gene.strand}\t.\t{parent}" for a, b in gene.exons
        ]
        low, high = gene.coding
        before, after = (
            ("five_prime_UTR", "three_prime_UTR")
            if gene.strand == "+"
            else ("three_prime_UTR", "five_prime_UTR")
        )
        lines.append(f"{where}\t{before}\t{start + 1}\t{low}\t.\t{gene.strand}\t.\t{parent}")
        lines += [
            f"{where}\tCDS\t{a + 1}\t{b}\t.\t{gene.strand}\t{phase}\t"
            f"ID=CDS:ENSP900{ids};{parent};protein_id=ENSP900{ids}"
            for (a, b), phase in zip(gene.coding_exons, _phases(gene), strict=True)
        ]
        lines.append(f"{where}\t{after}\t{high + 1}\t{end}\t.\t{gene.strand}\t.\t{parent}")
    return ("\n".join(lines) + "\n").encode()


def _phases(gene: Gene) -> list[int]:
    """Bases to skip to the next codon at the start of each coding exon, ascending order."""
    parts = gene.coding_exons if gene.strand == "+" else gene.coding_exons[::-1]
    phases, done = [], 0
    for a, b in parts:
        phases.append(-done % 3)
        done += b - a
    return phases if gene.strand == "+" else phases[::-1]


def territory(genome: Genome, margin: int = 200) -> bytes:
    """BED of the genes with a margin: the bases that are judged."""
    lines = (
        f"{g.contig}\t{g.span[0] - margin}\t{g.span[1] + margin}\t{g.name}"
        for g in genome.genes
    )
    return ("\n".join(lines) + "\n").encode()


def gzip_bytes(content: bytes, level: int = 6) -> bytes:
    """Gzip without name and time: equal content gives equal bytes."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(content) + packer.flush()
