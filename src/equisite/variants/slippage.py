"""How well a haplotype explains what a read shows of a repeat.

Polymerases leave out or add whole units of a repeat ("stutter"), the more often the more units
there are; everything else by which a read differs is an error of reading.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from operator import ne

from equisite.variants.repeats import SHORTEST, tandem_repeats

SLIP, FREE, MOST = 1e-4, 5, 0.06
"""Chance that a read has lost or won units: 1e-4 up to five of them, doubled by each more, 6 %
at most. Estimated without any truth, by expectation-maximisation over pairs of lengths, from
the aligned lengths of all repeats in 20 people at 20x (`docs/decisions/0155`)."""
AGAIN = 0.2
"""Chance of each further unit in the same direction (same estimate)."""
MISREAD = 1e-3 / 3
"""Chance that a base is read as a certain other one: quality 30, as most bases have."""
OTHER_GAP = 1e-5
"""Chance of bases lost or won without a repeat, where sequencers hardly err."""
MISREADINGS = 2
"""More wrong bases beside a gap: the haplotype does not explain the read."""


@cache
def slip(copies: int) -> float:
    """Chance that a read shows another number of units.

    >>> [slip(copies) for copies in (3, 7, 40)]
    [0.0001, 0.0004, 0.06]
    """
    return min(SLIP * 2.0 ** min(max(copies - FREE, 0), 20), MOST)


class Haplotype:
    """Bases of a stretch on one chromosome."""

    def __init__(self, bases: str) -> None:
        self.bases = bases
        self._tracts: dict[int, list[tuple[int, int]]] = {}

    def explains(self, seen: str) -> float:
        """Probability, but for a common factor, that a read shows `seen` of this haplotype.

        1 for equal bases; one gap and `MISREADINGS` wrong bases are allowed for.
        """
        if len(seen) == len(self.bases):
            return math.pow(MISREAD, sum(map(ne, seen, self.bases)))
        best = 0.0
        known: dict[
            int, int
        ] = {}  # end of a repeat in which gaps with so many wrong bases are all alike
        for cut, wrong in self._cuts(seen):
            if cut <= known.get(wrong, -1):
                continue
            chance, end = self._slip(seen, cut) or (OTHER_GAP, -1)
            known[wrong] = end
            best = max(best, MISREAD**wrong * max(chance, OTHER_GAP))
        return best

    def slips_to(self, seen: str) -> bool:
        """Whether `seen` differs by whole units of a repeat and by nothing else."""
        return any(
            not wrong and self._slip(seen, cut) is not None for cut, wrong in self._cuts(seen)
        )

    def _cuts(self, seen: str) -> Iterator[tuple[int, int]]:
        """Places at which a gap leaves few wrong bases, with their number."""
        shorter = min(len(seen), len(self.bases))
        before = list(accumulate(map(ne, seen, self.bases), initial=0))
        behind = list(accumulate(map(ne, reversed(seen), reversed(self.bases)), initial=0))
        if len(seen) == len(self.bases):
            return
        for cut in range(shorter + 1):
            wrong = before[cut] + behind[shorter - cut]
            if wrong <= MISREADINGS:
                yield cut, wrong

    def _slip(self, seen: str, cut: int) -> tuple[float, int] | None:
        """Chance of the gap at a place if it is whole units of a repeat, its shortest ones.

        Comes with the end of the repeat.
        """
        change = len(seen) - len(self.bases)
        for unit in SHORTEST:
            if change % unit:
                continue
            for start, end in self._tracts_of(unit):
                if start <= cut <= end and self._goes_on(seen, cut, (start, end), unit):
                    steps = abs(change) // unit
                    copies = (end - start) // unit
                    return slip(copies) / 2 * (1 - AGAIN) * math.pow(AGAIN, steps - 1), end
        return None

    def _goes_on(self, seen: str, cut: int, tract: tuple[int, int], unit: int) -> bool:
        """Whether the bases lost lie in the tract, or those won go on with its unit."""
        change = len(seen) - len(self.bases)
        start, end = tract
        if change < 0:
            return cut - change <= end
        return all(
            seen[at] == self.bases[start + (at - start) % unit]
            for at in range(cut, cut + change)
        )

    def _tracts_of(self, unit: int) -> list[tuple[int, int]]:
        if unit not in self._tracts:
            self._tracts[unit] = list(tandem_repeats(self.bases, unit, 2 * unit))
        return self._tracts[unit]
