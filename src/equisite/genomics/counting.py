"""Alleles, genotypes and their ratios, counted over the records of one sample."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from equisite.genomics.frequencies import Site
from equisite.genomics.sex import AUTOSOMES, X
from equisite.variants.intervals import Territory
from equisite.variants.vcf import Genotype

_TRANSITIONS = ({"A", "G"}, {"C", "T"})

Row = dict[str, object]


def count_variants(records: Iterable[Genotype]) -> Row:
    """Numbers of alleles by kind and of genotypes by copies; records hold one allele each.

    titv: transitions per transversion among substitutions. het_hom: heterozygous over
    homozygous substitutions. indel_snv: indels per substitution. None without divisor.
    """
    n_snv = n_indel = n_het = n_hom = transitions = snv_hom = 0
    for record in records:
        ref, alt = record.alleles[:2]
        hom = set(record.copies) == {1}
        if record.is_indel:
            n_indel += 1
        elif len(ref) == 1:
            n_snv += 1
            snv_hom += hom
            transitions += any({ref, alt} == pair for pair in _TRANSITIONS)
        n_hom += hom
        n_het += not hom
    transversions = n_snv - transitions
    return {
        "n_snv": n_snv,
        "n_indel": n_indel,
        "n_het": n_het,
        "n_hom": n_hom,
        "titv": transitions / transversions if transversions else None,
        "het_hom": (n_snv - snv_hom) / snv_hom if snv_hom else None,
        "indel_snv": n_indel / n_snv if n_snv else None,
    }


def count_heterozygotes(
    records: Iterable[Genotype], regions: Mapping[str, Territory]
) -> dict[str, int]:
    """Heterozygous substitutions on autosomes and on X."""
    counts = {AUTOSOMES: 0, X: 0}
    for record in records:
        if not record.is_indel and set(record.copies) != {1}:
            for name in counts:
                region = regions.get(name)
                if region is not None and region.holds(record.contig, record.position):
                    counts[name] += 1
    return counts


def single_fraction(records: Sequence[Genotype], callers: int) -> float | None:
    """Share of calls that one of two callers made alone; None where there is one caller."""
    if callers < 2 or not records:
        return None
    return sum(r.info.get("CONS") == "single" for r in records) / len(records)


def count_novel(
    records: Iterable[Genotype], alleles: Collection[Site]
) -> tuple[int | None, int]:
    """Substitutions that the panel does not hold, None without panel; and all of them."""
    called = [
        (r.contig, r.position + 1, *r.alleles[:2])
        for r in records
        if not r.is_indel and len(r.alleles[0]) == 1
    ]
    novel = sum(allele not in alleles for allele in called) if alleles else None
    return novel, len(called)
