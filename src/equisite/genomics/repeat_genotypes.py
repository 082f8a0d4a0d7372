"""Which pair of haplotypes the reads that span a repeat speak for.

Callers lose copies in repeats: a read that ends inside one cannot tell its length, and slips
of polymerases look like alleles. So the reads that hold a whole repeat are asked once more, by
the lengths that they show and how often polymerases slip in it, and are believed where they
are sure.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from equisite.genomics.spanning import ANCHOR, Observed
from equisite.variants.repeats import SHORTEST, tandem_repeats
from equisite.variants.replay import Pair, Placed
from equisite.variants.slippage import Haplotype

SURE = math.log(100)
"""Log odds from which reads are believed against the callers: the 20 phred from which one
caller is believed against the other (`equisite.variants.reconcile.SURE`)."""
UNHEARD = math.log(0.01)
"""Log prior of a length that no caller reports."""
FOREIGN = 1e-5
"""Chance that a fragment shows what neither haplotype explains."""
WITNESSES = 2
"""Fragments that must show a length that no caller reports."""
LENGTHS = 8
"""Such lengths that are tried, the most frequent first."""
MOST = 64
"""Haplotypes of all phasings of all callers; with more a stretch is left as it was called."""
LONGEST = 200
"""Bases of a stretch; no read of today holds more with both anchors."""


@dataclass(frozen=True)
class Stretch:
    """Bases [start, end) with a repeat and all gaps in and near it."""

    start: int
    end: int

    def holds(self, placed: Placed) -> bool:
        """Whether a record lies in the stretch, as it does wholly or not at all."""
        return self.start <= placed.start and placed.end <= self.end


@dataclass(frozen=True)
class Judged:
    """Log likelihood of each pair of haplotypes, priors included, and the best one."""

    pairs: Mapping[Pair, float]
    best: Pair

    def phred(self, pair: Pair) -> int:
        """How much less likely than the best one a pair is; 255 at most."""
        worse = self.pairs[self.best] - self.pairs[pair]
        return min(round(10 * worse / math.log(10)), 255)


def repeat_stretches(records: Sequence[Placed], sequence: str) -> Iterator[Stretch]:
    """Stretches with a gap in a repeat, far enough apart for anchors between them.

    records: of one sequence, of all callers. Substitutions do not make a stretch; they may lie
    inside one or under its anchors.
    """
    spans = [
        _with_repeats(start, end, sequence)
        for start, end in {(p.start, p.end) for p in records if not is_substitution(p)}
    ]
    merged: list[tuple[int, int, bool]] = []
    for start, end, repeated in sorted(spans):
        if merged and start - merged[-1][1] <= 2 * ANCHOR:
            low, high, before = merged[-1]
            merged[-1] = low, max(high, end), before or repeated
        else:
            merged.append((start, end, repeated))
    for start, end, repeated in merged:
        inside = start >= ANCHOR and end + ANCHOR <= len(sequence)
        if repeated and inside and end - start <= LONGEST:
            yield Stretch(start, end)


def is_substitution(placed: Placed) -> bool:
    """Whether a record changes one base only, on every copy."""
    return all(e is None or len(e.alt) == 1 == e.end - e.start for e in placed.copies)


def _with_repeats(start: int, end: int, sequence: str) -> tuple[int, int, bool]:
    """An interval with the repeats that it touches, and whether there is any."""
    repeated = False
    for unit, shortest in SHORTEST.items():
        # What touches the interval and is long enough has `shortest` bases of its own here.
        low = max(start - shortest, 0)
        text = sequence[low : end + shortest]
        for first, last in tandem_repeats(text, unit, shortest):
            if low + first <= end and start <= low + last:
                left, right = _whole(low + first, low + last, unit, sequence)
                start, end = min(start, left), max(end, right)
                repeated = True
    return start, end, repeated


def _whole(start: int, end: int, unit: int, sequence: str) -> tuple[int, int]:
    """A tandem repeat as far as it goes."""
    while start > 0 and sequence[start - 1] == sequence[start - 1 + unit]:
        start -= 1
    while end < len(sequence) and sequence[end] == sequence[end - unit]:
        end += 1
    return start, end


def judge(observed: Observed, reference: str, heard: Iterable[Pair]) -> Judged | None:
    """Likelihoods of all pairs of candidate haplotypes of a stretch; None with too many.

    reference: its bases there. heard: pairs of all callers. A fragment shows one haplotype of
    the two, more often the shorter one, of which more reads hold both anchors.
    """
    known = {reference, *(bases for pair in heard for bases in pair)}
    if len(known) > MOST:
        return None
    haplotypes = {bases: Haplotype(bases) for bases in sorted(known)}
    for seen, count in sorted(observed.counts.items(), key=lambda item: (-item[1], item[0])):
        if len(haplotypes) == len(known) + LENGTHS or count < WITNESSES:
            break
        if seen not in known and any(haplotypes[bases].slips_to(seen) for bases in known):
            haplotypes[seen] = Haplotype(seen)
    shown = sorted(observed.counts)
    explained = {
        bases: [haplotype.explains(seen) for seen in shown]
        for bases, haplotype in haplotypes.items()
    }
    room = {
        bases: max(observed.read_length - len(bases) - 2 * ANCHOR + 1, 1.0)
        for bases in haplotypes
    }
    counts = [observed.counts[seen] for seen in shown]
    pairs = {}
    for one, two in combinations_with_replacement(sorted(haplotypes), 2):
        share = room[one] / (room[one] + room[two])
        pairs[one, two] = math.fsum(
            count * math.log(share * a + (1 - share) * b + FOREIGN)
            for count, a, b in zip(counts, explained[one], explained[two], strict=True)
        ) + UNHEARD * len({one, two} - known)
    return Judged(pairs, max(pairs, key=lambda pair: (pairs[pair], pair)))


def overruled(judged: Judged, called: Collection[Pair]) -> bool:
    """Whether the reads are sure that no phasing of the calls is right."""
    best = judged.pairs[judged.best]
    return bool(called) and all(best - judged.pairs[pair] > SURE for pair in called)
