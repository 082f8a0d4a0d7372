"""The protocol's fixed list of alleles, in which every patient of every site is genotyped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from equisite.core.errors import ConfigError
from equisite.variants.alleles import Edit, left_shifted, trim

_BASES = frozenset("ACGT")
PREFIX = "genotype"


@dataclass(frozen=True, order=True)
class Allele:
    """One alternative allele as the list writes it; `position` is 1-based."""

    contig: str
    position: int
    ref: str
    alt: str

    @property
    def name(self) -> str:
        """As in keys of a bundle: contig:position:ref:alt."""
        return f"{self.contig}:{self.position}:{self.ref}:{self.alt}"

    @property
    def column(self) -> str:
        """Column of the private tables."""
        return f"{PREFIX}__{self.name}"

    @property
    def is_snp(self) -> bool:
        """Whether one base stands for another."""
        return len(self.ref) == len(self.alt) == 1

    def edit(self, reference: Mapping[str, str]) -> Edit:
        """The change, as far to the left as it goes."""
        edit = trim(self.contig, self.position - 1, self.ref, self.alt)
        if edit is None:
            raise ValueError("an allele that changes nothing")
        return left_shifted(edit, reference)


def listed_alleles(lines: Iterable[str], reference: Mapping[str, str]) -> list[Allele]:
    """Alleles of a VCF's first five columns, in the order of the reference.

    Symbolic alleles and `*` are left out. Records of several alleles are split; each allele is
    written trimmed and leftmost, as callers write it.
    Raises ConfigError ALLELES_INVALID: no VCF record, an unknown sequence, REF that is not what
    stands in the reference, or an allele that comes twice.
    """
    found: dict[Allele, int] = {}
    for number, line in enumerate(lines, start=1):
        if line.startswith("#") or not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) < 5 or not fields[1].isdigit():
            raise _invalid(number, "it is no VCF record")
        contig, position, ref = fields[0], int(fields[1]), fields[3].upper()
        if contig not in reference:
            raise _invalid(number, "the reference has no such sequence")
        if not ref or reference[contig][position - 1 : position - 1 + len(ref)] != ref:
            raise _invalid(number, "REF is not what stands in the reference")
        for alt in fields[4].upper().split(","):
            if not alt or not set(alt) <= _BASES or not set(ref) <= _BASES or alt == ref:
                continue
            allele = as_called(contig, position, ref, alt, reference)
            if allele in found:
                raise _invalid(number, f"its allele stands in line {found[allele]} already")
            found[allele] = number
    order = {name: at for at, name in enumerate(reference)}
    return sorted(found, key=lambda a: (order[a.contig], a))


def as_called(
    contig: str, position: int, ref: str, alt: str, reference: Mapping[str, str]
) -> Allele:
    """An allele trimmed and leftmost, with the base before it where it changes the length."""
    edit = trim(contig, position - 1, ref, alt)
    if edit is None:
        raise ValueError("an allele that changes nothing")
    _, start, end, text = left_shifted(edit, reference)
    bases = reference[contig]
    if start < end and text:
        return Allele(contig, start + 1, bases[start:end], text)
    if start == 0:  # nothing stands before the first base: the one behind anchors
        return Allele(contig, 1, bases[: end + 1], text + bases[end])
    return Allele(contig, start, bases[start - 1 : end], bases[start - 1] + text)


def _invalid(line: int, problem: str) -> ConfigError:
    return ConfigError("ALLELES_INVALID", line=line, problem=problem)


def target_rows(alleles: Iterable[Allele]) -> Iterator[str]:
    """Lines of contig, position and `REF,ALT...` for `bcftools call -C alleles`: SNPs only."""
    at: dict[tuple[str, int, str], list[str]] = {}
    for allele in alleles:
        if allele.is_snp:
            at.setdefault((allele.contig, allele.position, allele.ref), []).append(allele.alt)
    for (contig, position, ref), alts in at.items():
        yield f"{contig}\t{position}\t{','.join([ref, *alts])}\n"


def write_name(allele: Allele) -> str:
    """One line of the prepared list."""
    return f"{allele.contig}\t{allele.position}\t{allele.ref}\t{allele.alt}\n"


def read_names(lines: Iterable[str]) -> list[Allele]:
    """The prepared list, in its order."""
    rows = (line.rstrip("\n").split("\t") for line in lines)
    return [Allele(contig, int(position), ref, alt) for contig, position, ref, alt in rows]
