"""How many copies of each base a person has: two, but for X, Y and the mitochondria.

Women have two copies of X and none of Y; men have one of each, and two where X pairs with Y
(PAR). Mitochondria are called with one copy. The regions are those of `equisite.genomics.sex`;
of Y its whole length counts once in men, as in `bcftools call --ploidy GRCh38`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from equisite.genomics.sex import sex_chromosomes, without
from equisite.variants.intervals import Interval, Territory

if TYPE_CHECKING:
    from equisite.protocol.models import Contig
    from equisite.protocol.sequencing import SexChromosomes

SEXES = ("female", "male")
_MITOCHONDRIA = frozenset({"M", "MT", "CHRM", "CHRMT"})
_HEADER = ("contig", "start", "end", *SEXES, "other", "judged")


@dataclass(frozen=True)
class Stretch:
    """Bases [start, end) in which somebody has other than two copies.

    copies: by sex; None of a person who is neither female nor male: it is not known. judged:
    whether the territory touches it.
    """

    contig: str
    start: int
    end: int
    female: int
    male: int
    other: int | None
    judged: bool

    def copies(self, sex: str) -> int | None:
        """Copies of a person of this sex."""
        return {"female": self.female, "male": self.male}.get(sex, self.other)


def stretches(
    contigs: tuple[Contig, ...], given: SexChromosomes | None, territory: Territory
) -> list[Stretch]:
    """All such bases of a reference, in its order."""
    chromosomes = sex_chromosomes(contigs, given)
    found: list[tuple[Interval, int, int, int | None]] = []
    for contig in contigs:
        whole = Territory.of([(contig.name, 0, contig.length)])
        if contig.name.upper() in _MITOCHONDRIA:
            found += [(i, 1, 1, 1) for i in whole]
        elif chromosomes is not None and contig.name == chromosomes.x:
            shared = [
                (r.start - 1, r.end)
                for r in chromosomes.pseudoautosomal
                if r.contig == contig.name
            ]
            found += [(i, 2, 1, None) for i in without(whole, shared)]
        elif chromosomes is not None and contig.name == chromosomes.y:
            found += [(i, 0, 1, None) for i in whole]
    return [
        Stretch(
            *place, female, male, other, bool(Territory.of([place]).intersect(territory).size)
        )
        for place, female, male, other in found
    ]


def to_lines(found: Iterable[Stretch]) -> str:
    """The table `ploidy.tsv` of a prepared reference."""
    rows = []
    for s in found:
        other = "" if s.other is None else s.other
        rows.append((s.contig, s.start, s.end, s.female, s.male, other, int(s.judged)))
    return "".join("\t".join(map(str, row)) + "\n" for row in (_HEADER, *rows))


def from_lines(lines: Iterable[str]) -> Ploidy:
    """Read what `to_lines` wrote."""
    rows = [line.rstrip("\n").split("\t") for line in lines][1:]
    return Ploidy(
        tuple(
            Stretch(c, int(s), int(e), int(f), int(m), int(o) if o else None, j == "1")
            for c, s, e, f, m, o, j in rows
        )
    )


@dataclass(frozen=True)
class Ploidy:
    """The stretches of a reference, sorted within each sequence."""

    stretches: tuple[Stretch, ...]

    def copies(self, contig: str, position: int, sex: str) -> int | None:
        """Copies of a base (0-based) that a person of this sex has; None: it is not known."""
        own = [s for s in self.stretches if s.contig == contig]
        at = bisect_right([s.start for s in own], position) - 1
        return own[at].copies(sex) if at >= 0 and position < own[at].end else 2

    def unknown(self, sex: str) -> bool:
        """Whether copies of a judged base are not known: bases of X or Y, sex not declared."""
        return any(s.judged and s.copies(sex) is None for s in self.stretches)

    def for_bcftools(self, sex: str) -> str:
        """Text for `bcftools call --ploidy-file`; one sample, whose sex is called F there.

        Where copies are not known it is called with two.
        """
        rows = [
            f"{s.contig}\t{s.start + 1}\t{s.end}\tF\t{copies}\n"
            for s in self.stretches
            if (copies := s.copies(sex)) is not None
        ]
        return "".join([*rows, "*\t*\t*\tF\t2\n"])

    def odd(self, sex: str) -> Iterator[tuple[Stretch, int]]:
        """Stretches of which a person of this sex has copies, but not two."""
        for stretch in self.stretches:
            copies = stretch.copies(sex)
            if copies and copies != 2:
                yield stretch, copies

    def for_freebayes(self, sex: str, sample: str) -> str:
        """Text for `freebayes --cnv-map`; without a copy nothing is asked there."""
        return "".join(
            f"{s.contig}\t{s.start}\t{s.end}\t{sample}\t{copies}\n"
            for s, copies in self.odd(sex)
        )
