"""What a patient's reads say of each allele of the protocol's list.

SNPs get the likelihoods of `bcftools call -C alleles`. Indels and other changes do not: forced
indel alleles come back without their reads (bcftools 1706, 2130); there the patient's own final
calls count, and no call counts as reference where enough reads were seen and no other call
touches the place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.each import Bench
from equisite.core.errors import Finding
from equisite.genomics.alleles import Allele
from equisite.genomics.ploidy import Ploidy
from equisite.genomics.samples import Sample
from equisite.variants.alleles import Edit, left_shifted, span
from equisite.variants.vcf import Genotype, read_genotypes

FLAT = (0, 0, 0)
_SURE = 255
"""Phred of a genotype that is not the one of a call; bcftools writes no larger one."""
_NEAR = 20
"""Calls so near an allele may be another way of writing it (as in the clusters of replay)."""

Likelihoods = tuple[int, int, int]
"""Phred of 0, 1 and 2 copies, the best 0; one copy of a haploid locus is a genotype of 1."""


@dataclass(frozen=True)
class Seen:
    """One patient at one allele. depth: well mapped reads, mates counted once."""

    phred: Likelihoods
    depth: int

    def cell(self, ploidy: int, minimum_depth: int) -> str:
        """Of the private table: ploidy, callable (0, 1), likelihoods; empty: nothing known.

        A call of one copy comes as homozygous, here it is one of one.

        >>> Seen((0, 30, 255), 12).cell(2, 10)
        '2:1:0,30,255'
        >>> Seen((255, 255, 0), 12).cell(1, 10)
        '1:1:255,0,255'
        """
        if self.phred == FLAT or not ploidy:
            return ""
        phred = self.phred
        if ploidy == 1 and phred == (_SURE, _SURE, 0):
            phred = (_SURE, 0, _SURE)
        numbers = ",".join(map(str, phred))
        return f"{ploidy}:{int(self.depth >= minimum_depth)}:{numbers}"


def snp_likelihoods(lines: Iterable[str]) -> dict[tuple[str, int, str, str], Likelihoods]:
    """Likelihoods of copies of each SNP allele, from VCF lines with PL.

    Where a base has several alternative alleles, each genotype counts for the copies of the
    allele in question, and the likeliest one stands for them.
    """
    found = {}
    for line in lines:
        if line.startswith("#"):
            continue
        fields = line.rstrip("\n").split("\t")
        values = dict(zip(fields[8].split(":"), fields[9].split(":"), strict=False))
        texts = values.get("PL", ".").split(",")
        if "." in texts:
            continue
        phred = [int(text) for text in texts]
        alts = fields[4].split(",")
        genotypes = _genotypes(len(alts) + 1, len(phred))
        for number, alt in enumerate(alts, start=1):
            best: dict[int, int] = {}
            for pair, value in zip(genotypes, phred, strict=True):
                copies = pair.count(number)
                best[copies] = min(best.get(copies, value), value)
            least = min(best.values())
            zero, one, two = (best.get(c, _SURE + least) - least for c in (0, 1, 2))
            found[fields[0], int(fields[1]), fields[3], alt] = (zero, one, two)
    return found


def _genotypes(alleles: int, values: int) -> list[tuple[int, ...]]:
    """Genotypes in the order of PL (VCF 4.2, section 1.4.2): haploid or diploid."""
    if values == alleles:
        return [(a,) for a in range(alleles)]
    return [(a, b) for b in range(alleles) for a in range(b + 1)]


def depths(lines: Iterable[bytes]) -> dict[tuple[str, int], int]:
    """Depth by sequence and 1-based position, from `samtools depth`."""
    rows = (line.split(b"\t") for line in lines)
    return {(contig.decode(), int(position)): int(depth) for contig, position, depth in rows}


def genotyped(
    alleles: Sequence[Allele],
    snps: Mapping[tuple[str, int, str, str], Likelihoods],
    depth: Mapping[tuple[str, int], int],
    calls: Iterable[Genotype],
    reference: Mapping[str, str],
    minimum_depth: int,
) -> list[Seen]:
    """What was seen of each allele, in the list's order."""
    called: dict[Edit, int] = {}
    touched: dict[str, list[tuple[int, int]]] = {}
    for record in calls:
        for edit in record.edits:
            if edit is None:
                continue
            moved = left_shifted(edit, reference)
            called[moved] = called.get(moved, 0) + 1
            if len(edit.alt) == 1 == edit.end - edit.start:
                continue
            touched.setdefault(moved.contig, []).append(span(moved, reference))
    seen = []
    for allele in alleles:
        here = depth.get((allele.contig, allele.position), 0)
        if allele.is_snp:
            key = (allele.contig, allele.position, allele.ref, allele.alt)
            seen.append(Seen(snps.get(key, FLAT), here))
            continue
        edit = allele.edit(reference)
        copies = min(called.get(edit, 0), 2)
        told = True
        if not copies and not edit.is_indel:
            told, copies = _of_single_bases(edit, called, reference)
        start, end = span(edit, reference)
        near = any(
            a - _NEAR <= end and start - _NEAR <= b for a, b in touched.get(edit.contig, ())
        )
        known = told and (copies or (here >= minimum_depth and not near))
        zero, one, two = (0 if c == copies else _SURE for c in range(3))
        seen.append(Seen((zero, one, two) if known else FLAT, here))
    return seen


def _of_single_bases(
    edit: Edit, called: Mapping[Edit, int], reference: Mapping[str, str]
) -> tuple[bool, int]:
    """Copies of several bases that change together, from calls of each base apart.

    Callers write such a change either way. No copy has all bases if one of them was not
    called; two bases of one copy each may stand on one chromosome or on both: then it is not
    told, and the first of the pair is False.
    """
    bases = reference[edit.contig]
    copies = sorted(
        min(called.get(Edit(edit.contig, at, at + 1, base), 0), 2)
        for at, base in enumerate(edit.alt, start=edit.start)
        if bases[at] != base
    )
    if copies[0] == 0:
        return True, 0
    return copies[:2] != [1, 1], copies[0]


@dataclass(frozen=True)
class Genotyper:
    """Tools that look at the list's places, and what stands still for all samples.

    likelihoods: pipeline that writes VCF with PL of the listed SNPs. depths: pipeline that
    writes `samtools depth` of the listed places. calls: folder of final calls.
    """

    likelihoods: str
    depths: str
    calls: Path
    alleles: Sequence[Allele]
    reference: Mapping[str, str]
    ploidy: Ploidy
    minimum_depth: int

    def work(self, sample: Sample, bench: Bench) -> Iterable[Finding]:
        """Write `$OUT.txt`: one cell per listed allele; from given calls all stay empty."""
        cells = [""] * len(self.alleles)
        if sample.given != "calls":
            ploidy = bench.scratch / "ploidy.txt"
            ploidy.write_text(self.ploidy.for_bcftools(sample.sex), encoding="utf-8")
            with bench.lines(self.likelihoods, PLOIDY=str(ploidy)) as lines:
                snps = snp_likelihoods(line.decode() for line in lines)
            with bench.lines(self.depths) as lines:
                depth = depths(lines)
            calls = read_genotypes(self.calls / f"{sample.token}.vcf.gz")
            found = genotyped(
                self.alleles, snps, depth, calls, self.reference, self.minimum_depth
            )
            cells = [
                seen.cell(self._copies(allele, sample), self.minimum_depth)
                for allele, seen in zip(self.alleles, found, strict=True)
            ]
        path = bench.place / f"{sample.token}.txt"
        path.write_text("".join(f"{cell}\n" for cell in cells), encoding="utf-8")
        return ()

    def _copies(self, allele: Allele, sample: Sample) -> int:
        """Copies of the locus; 0 where they are not known, so that nothing is counted."""
        return self.ploidy.copies(allele.contig, allele.position - 1, sample.sex) or 0


def genotype_cells(
    folder: Path, alleles: Sequence[Allele], samples: Iterable[Sample]
) -> dict[str, dict[str, str]]:
    """Columns of the private table by patient, as `Genotyper` wrote them."""
    found = {}
    for sample in samples:
        path = folder / f"{sample.token}.txt"
        if path.is_file():
            cells = path.read_text(encoding="utf-8").split("\n")[:-1]
            found[sample.patient] = {
                a.column: cell for a, cell in zip(alleles, cells, strict=True)
            }
    return found
