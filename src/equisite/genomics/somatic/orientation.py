"""Artefacts of one orientation: damage of one strand before the library was made.

Oxidised guanine reads as T on one strand (oxoG), formalin makes uracil of cytosine: then all
fragments of a false variant have read 1 on the same strand. Per substitution as written on the
forward strand a sample's variants are a mixture of three kinds, whose shares are found by
expectation and maximisation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

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


def artefacts(calls: Iterable[Evidence]) -> set[tuple[str, int, str, str]]:
    """Single-nucleotide variants of a sample that are artefacts of orientation."""
    found = set()
    by_change: dict[Change, list[Evidence]] = {}
    for evidence in calls:
        if evidence.is_snv:
            by_change.setdefault((evidence.ref, evidence.alt), []).append(evidence)
    for same in by_change.values():
        counts = [(e.f1r2, e.f1r2 + e.f2r1) for e in same]
        shares = fit_shares(counts)
        chances = [sum(_kinds(forward, total, shares)[1:]) for forward, total in counts]
        if sum(shares[1:]) > COMMON and math.fsum(chances) >= FEWEST:
            for evidence, chance in zip(same, chances, strict=True):
                if chance >= ARTEFACT:
                    found.add(evidence.edit)
    return found


def fit_shares(counts: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    """Shares of the three kinds among variants given as (read 1 forward, all) fragments."""
    shares = (1 - 2 * START, START, START)
    for _ in range(ROUNDS):
        kinds = [_kinds(forward, total, shares) for forward, total in counts]
        first, second = (
            (math.fsum(k[side] for k in kinds) + PSEUDO) / (len(counts) + PSEUDO_TOTAL)
            for side in (1, 2)
        )
        shares = (1 - first - second, first, second)
    return shares


def _kinds(forward: int, total: int, shares: Sequence[float]) -> tuple[float, ...]:
    """Probability of each kind for one variant."""
    logs = [
        math.log(share) + forward * math.log(p) + (total - forward) * math.log(1 - p)
        for share, p in zip(shares, KINDS, strict=True)
    ]
    weights = [math.exp(log - max(logs)) for log in logs]
    whole = math.fsum(weights)
    return tuple(weight / whole for weight in weights)
