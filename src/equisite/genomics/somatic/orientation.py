"""Artefacts of one orientation: damage of one strand before the library was made.

Oxidised guanine reads as T on one strand (oxoG), formalin makes uracil of cytosine: then all
fragments of a false variant have read 1 on the same strand. Per substitution as written on the
forward strand a sample's variants are a mixture of three kinds, whose shares are found by
expectation and maximisation.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from equisite.genomics.somatic.evidence import Evidence

KINDS = (0.5, 0.98, 0.02)
"""Chance of a fragment with read 1 forward: a variant, an artefact F1R2, an artefact F2R1."""
START, PSEUDO, PSEUDO_TOTAL, ROUNDS = 0.01, 0.1, 10.0, 30
ARTEFACT = 0.5
"""Probability from which on a variant is dropped."""
COMMON = 0.05
"""Share of artefacts in a substitution below which none of its variants is dropped: single
variants are lopsided by chance."""
FEWEST = 3
"""Artefacts that a substitution must seem to have: of one variant nobody can tell."""

Change = tuple[str, str]
Shares = tuple[float, float, float]


class Damage:
    """What the variants of a sample tell of damage; they are counted, and not kept."""

    def __init__(self, variants: Iterable[Evidence]) -> None:
        counts: dict[Change, Counter[tuple[int, int]]] = {}
        for evidence in variants:
            if evidence.is_snv:
                change = evidence.ref, evidence.alt
                counts.setdefault(change, Counter())[_sides(evidence)] += 1
        self._shares: dict[Change, Shares] = {}
        for change, sides in counts.items():
            shares = fit_shares(sides)
            artefacts = math.fsum(
                times * sum(_kinds(*both, shares)[1:]) for both, times in sorted(sides.items())
            )
            if sum(shares[1:]) > COMMON and artefacts >= FEWEST:
                self._shares[change] = shares

    def made(self, evidence: Evidence) -> bool:
        """Whether a single-nucleotide variant is an artefact of orientation."""
        shares = self._shares.get((evidence.ref, evidence.alt))
        return shares is not None and sum(_kinds(*_sides(evidence), shares)[1:]) >= ARTEFACT


def _sides(evidence: Evidence) -> tuple[int, int]:
    """Fragments of alt with read 1 forward, and all."""
    return evidence.f1r2, evidence.f1r2 + evidence.f2r1


def fit_shares(sides: Mapping[tuple[int, int], int]) -> Shares:
    """Shares of the three kinds among variants.

    sides: how many variants have so many (read 1 forward, all) fragments.
    """
    shares: Shares = (1 - 2 * START, START, START)
    total = sum(sides.values()) + PSEUDO_TOTAL
    for _ in range(ROUNDS):
        kinds = [(times, _kinds(*both, shares)) for both, times in sorted(sides.items())]
        first, second = (
            (math.fsum(times * k[side] for times, k in kinds) + PSEUDO) / total
            for side in (1, 2)
        )
        shares = (1 - first - second, first, second)
    return shares


def _kinds(forward: int, total: int, shares: Shares) -> tuple[float, ...]:
    """Probability of each kind for one variant."""
    logs = [
        math.log(share) + forward * math.log(p) + (total - forward) * math.log(1 - p)
        for share, p in zip(shares, KINDS, strict=True)
    ]
    weights = [math.exp(log - max(logs)) for log in logs]
    whole = math.fsum(weights)
    return tuple(weight / whole for weight in weights)
