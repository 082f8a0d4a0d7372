"""Mutations per callable coding megabase: numerator and denominator on the same bases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from equisite.genomics.tumour.calls import SomaticCall
from equisite.genomics.tumour.gene_hits import changes_protein
from equisite.variants.intervals import Territory

MINIMUM_FRACTION = 0.05
MEGABASE = 1e6


@dataclass(frozen=True)
class Burden:
    """mutations: counted ones. coding_mb: callable coding bases, in millions."""

    mutations: int
    coding_mb: float

    def per_mb(self, minimum_mb: float) -> float | None:
        """Mutations per megabase; None where too little could be called."""
        if self.coding_mb < minimum_mb or self.coding_mb == 0:
            return None
        return self.mutations / self.coding_mb


def burden(
    calls: Iterable[SomaticCall],
    coding: Territory,
    callable_bases: Territory,
    *,
    silent: bool,
) -> Burden:
    """Substitutions and indels of 5 % and more in callable coding bases.

    An allele of which another caller does not say the fraction counts: it was passed.
    silent: whether those that change no protein count too. The definition is one of several
    in use (Merino et al., J Immunother Cancer 8:e000147, 2020): compare within a protocol.
    """
    ground = coding.intersect(callable_bases)
    number = sum(
        1
        for call in calls
        if (call.fraction is None or call.fraction >= MINIMUM_FRACTION)
        and call.inside(ground)
        and (silent or changes_protein(call))
    )
    return Burden(number, ground.size / MEGABASE)


def median_fraction(calls: Iterable[SomaticCall]) -> float | None:
    """Median of the allele fractions that are known; None without any."""
    fractions = [call.fraction for call in calls if call.fraction is not None]
    return median(fractions) if fractions else None
