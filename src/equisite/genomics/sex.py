"""Sex by the depth of the sex chromosomes, compared with the declared one, never put in place.

Copies of X and Y show in their depth against that of the autosomes; regions that both share
(PAR) are left out. Source of the regions: Genome Reference Consortium.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from equisite.core.errors import Finding, Number
from equisite.genomics.depth import Part
from equisite.variants.intervals import Territory

if TYPE_CHECKING:
    from equisite.protocol.models import Contig
    from equisite.protocol.sequencing import SexChromosomes

AUTOSOMES, X, Y = "autosomes", "x", "y"
FEMALE, MALE, UNCLEAR = "female", "male", "unclear"

_AUTOSOME = re.compile(r"(chr)?([1-9]|1[0-9]|2[0-2])", re.IGNORECASE)
_KNOWN = {
    (156_040_895, 57_227_415): (
        ((10_001, 2_781_479), (155_701_383, 156_030_895)),
        ((10_001, 2_781_479), (56_887_903, 57_217_415)),
    ),
    (155_270_560, 59_373_566): (
        ((60_001, 2_699_520), (154_931_044, 155_260_560)),
        ((10_001, 2_649_520), (59_034_050, 59_363_566)),
    ),
}
"""Lengths of X and Y of GRCh38 and GRCh37 -> pseudoautosomal regions of X and of Y."""

LEAST_BASES = 50_000
"""Bases of the territory that the autosomes and X need, Y a tenth: with fewer, the depth of
a few captured exons decides."""
LEAST_DEPTH = 5.0
_ONE_X, _TWO_X = (0.35, 0.65), (0.8, 1.25)
_NO_Y, _ONE_Y = 0.1, 0.2
_MALE_HETEROZYGOTES = 0.1
"""Share of the autosomal rate of heterozygotes on X above which there are two copies: one
copy gives below .02, leaves room for artefacts of mapping; two give about .7."""


@dataclass(frozen=True)
class SexEvidence:
    """Depth of X and Y over that of the autosomes, heterozygotes of X over theirs, verdict.

    Missing (None) where reference, territory or reads do not tell.
    """

    x_ratio: float | None
    y_ratio: float | None
    x_het_ratio: float | None
    inferred: str | None


def sex_chromosomes(
    contigs: tuple[Contig, ...], given: SexChromosomes | None
) -> SexChromosomes | None:
    """The protocol's sex chromosomes, else those of a known assembly, else none.

    An assembly is known by the lengths of its X and Y, whatever they are called.
    """
    from equisite.protocol.sequencing import Region, SexChromosomes

    if given is not None:
        return given
    by_name = {_bare(c.name): c for c in contigs}
    x, y = by_name.get("X"), by_name.get("Y")
    for (x_length, y_length), shared in _KNOWN.items():
        if x is None or x.length != x_length or (y is not None and y.length != y_length):
            continue
        regions = [
            Region(contig=contig.name, start=start, end=end)
            for contig, spans in zip((x, y), shared, strict=True)
            if contig is not None
            for start, end in spans
        ]
        return SexChromosomes(x=x.name, y=y.name if y else None, pseudoautosomal=tuple(regions))
    return None


def _bare(name: str) -> str:
    return name[3:] if name.casefold().startswith("chr") else name


def sex_regions(
    territory: Territory, contigs: tuple[Contig, ...], given: SexChromosomes | None
) -> dict[str, Territory]:
    """Bases of the territory on autosomes, on X and on Y without the shared regions."""
    found = {AUTOSOMES: Territory.of(i for i in territory if _AUTOSOME.fullmatch(i[0]))}
    chromosomes = sex_chromosomes(contigs, given)
    if chromosomes is None:
        return found
    for name, contig in ((X, chromosomes.x), (Y, chromosomes.y)):
        shared = [
            (region.start - 1, region.end)
            for region in chromosomes.pseudoautosomal
            if region.contig == contig
        ]
        own = Territory.of(i for i in territory if i[0] == contig)
        found[name] = without(own, shared)
    return found


def without(territory: Territory, spans: list[tuple[int, int]]) -> Territory:
    """Bases of a territory on one sequence that lie in none of the spans."""
    intervals = list(territory)
    for low, high in spans:
        cut = []
        for contig, start, end in intervals:
            cut += [(contig, start, min(end, low)), (contig, max(start, high), end)]
        intervals = [i for i in cut if i[2] > i[1]]
    return Territory.of(intervals)


def infer_sex(parts: dict[str, Part], heterozygotes: dict[str, int] | None) -> SexEvidence:
    """Judge the copies of X and Y.

    parts: depth of the regions of `sex_regions`. heterozygotes: heterozygous substitutions
    on autosomes and on X, None without calls.
    `unclear` is said of everything that is neither: X0, XXY, a mixture of people.
    """
    autosomes, x, y = (parts.get(name) for name in (AUTOSOMES, X, Y))
    x_ratio = _ratio(x, autosomes, LEAST_BASES)
    y_ratio = _ratio(y, autosomes, LEAST_BASES // 10)
    het = None
    if heterozygotes is not None and x_ratio is not None and autosomes and x:
        expected = heterozygotes[AUTOSOMES] * x.callable_bases
        het = heterozygotes[X] * autosomes.callable_bases / expected if expected else None
    if x_ratio is None:
        return SexEvidence(None, y_ratio, None, None)
    one = _ONE_X[0] <= x_ratio <= _ONE_X[1] and (het is None or het < _MALE_HETEROZYGOTES)
    two = _TWO_X[0] <= x_ratio <= _TWO_X[1]
    inferred = UNCLEAR
    if two and (y_ratio is None or y_ratio < _NO_Y):
        inferred = FEMALE
    elif one and (y_ratio is None or y_ratio >= _ONE_Y):
        inferred = MALE
    return SexEvidence(x_ratio, y_ratio, het, inferred)


def _ratio(part: Part | None, autosomes: Part | None, least: int) -> float | None:
    """Mean depth over that of the autosomes, None where either tells too little."""
    if part is None or autosomes is None:
        return None
    if part.bases < least or autosomes.bases < LEAST_BASES:
        return None
    if autosomes.mean_depth < LEAST_DEPTH:
        return None
    return part.mean_depth / autosomes.mean_depth


def judge_sex(declared: str, evidence: SexEvidence) -> Finding | None:
    """What is said of a patient whose data shows another sex than the hospital declared."""
    if evidence.inferred is None or declared not in (FEMALE, MALE):
        return None
    numbers: dict[str, Number] = {
        "declared": declared,
        "x_ratio": evidence.x_ratio or 0.0,
        "y_ratio": "unknown" if evidence.y_ratio is None else f"{evidence.y_ratio:.2f}",
    }
    if evidence.inferred == UNCLEAR:
        return Finding("SEX_UNCLEAR", "", numbers)
    if evidence.inferred != declared:
        return Finding("SEX_DIFFERS", "", {**numbers, "inferred": evidence.inferred})
    return None
