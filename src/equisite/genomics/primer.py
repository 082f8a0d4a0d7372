"""A plain heterozygous site that the second caller meets before every other.

freebayes weighs genotypes by Ewens' sampling formula (Ewens 1972, Theor Popul Biol 3:87), with
a theta that it multiplies by the length of the site's haplotypes. But it looks these weights
up by the numbers of alleles alone, so that those of a run's first site hold for all later
ones: calls would change with the pieces of a genome, and with a difference far away. Every run
therefore begins with a site of made reads, one base long, where nothing else is asked; then
theta is what `--theta` says, everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from equisite.genomics.second_caller import CachedReference
from equisite.variants.intervals import Interval, Territory

LENGTH = 41
"""Bases of a made read; the heterozygous one lies in the middle."""
AWAY = 200
"""Bases between the made reads and what is asked. At least 500 bases lie between windows on
both sides of a cut (`equisite.genomics.pieces`): where a genome can be cut, a primer fits."""
READS = 4
"""Made reads of each allele; freebayes asks for two."""

_PLAIN = re.compile(f"[ACGT]{{{LENGTH}}}")
_OTHER = {"A": "C", "C": "G", "G": "T", "T": "A"}


@dataclass(frozen=True)
class Primer:
    """Made reads of a sample. place: their bases; None: there are none."""

    place: Interval | None
    reference: CachedReference

    @classmethod
    def beside(
        cls, asked: Territory, odd: Iterable[Interval], reference: CachedReference
    ) -> Primer:
        """On known bases near nothing asked, where there are two copies.

        odd: where the sample has another number of copies than two: such a site fixes no
        weight. Where there is no such place, nothing can be cut either.
        """
        near = ((contig, max(start - AWAY, 0), end + AWAY) for contig, start, end in asked)
        taken = Territory.of([*near, *odd])
        order = [*asked.spans, *(name for name in reference if name not in asked.spans)]
        for name in order:
            bases = reference[name]
            low = 0
            for start, end in (*taken.spans.get(name, ()), (len(bases), len(bases))):
                found = _PLAIN.search(bases, low, start)
                if found:
                    return cls((name, *found.span()), reference)
                low = end
        return cls(None, reference)

    @property
    def site(self) -> list[Interval]:
        """The heterozygous base, if there is one."""
        if self.place is None:
            return []
        contig, start, _ = self.place
        return [(contig, start + LENGTH // 2, start + LENGTH // 2 + 1)]

    def reads(self, sample: str) -> str:
        """SAM of the made reads.

        sample: its name in the header of the real reads; sequences are the reference's.
        """
        lines = ["@HD\tVN:1.6\tSO:coordinate"]
        lines += [
            f"@SQ\tSN:{name}\tLN:{length}" for name, length in self.reference.lengths.items()
        ]
        lines.append(f"@RG\tID:primer\tSM:{sample}")
        if self.place:
            contig, start, end = self.place
            bases = self.reference[contig][start:end]
            half = LENGTH // 2
            changed = bases[:half] + _OTHER[bases[half]] + bases[half + 1 :]
            columns = f"0\t{contig}\t{start + 1}\t60\t{LENGTH}M\t*\t0\t0"
            lines += [
                f"primer{number}\t{columns}\t{read}\t{'I' * LENGTH}\tRG:Z:primer"
                for number, read in enumerate([bases, changed] * READS)
            ]
        return "\n".join(lines) + "\n"

    def is_told_by(self, line: bytes) -> bool:
        """Whether a line of the second caller's VCF is the record of this site."""
        return any(line.startswith(f"{c}\t{s + 1}\t".encode()) for c, s, _ in self.site)
