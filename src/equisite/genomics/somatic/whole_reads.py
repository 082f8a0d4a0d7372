"""Votes for an insertion or deletion by whole reads, soft-clipped ends included.

An aligner shows a gap only where enough bases lie beyond it; near their ends reads are clipped
or carry mismatches instead. So each read is laid without gaps on the reference and on the
changed haplotype, once held at its left end and once at its right, and votes for the one that
explains it better. A read that neither explains, because it carries another gap, votes by its
own alignment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.genomics.somatic.alignment import ALIGNED, DELETED, INSERTED, base_at, steps
from equisite.genomics.somatic.candidates import LOWEST_MAPQ
from equisite.genomics.somatic.compiled import compiled
from equisite.genomics.somatic.haplotypes import Haplotypes
from equisite.genomics.somatic.records import (
    CLIP_LEFT,
    CLIP_RIGHT,
    END,
    FLAG,
    LENGTH,
    MAPQ,
    POS,
    QUAL,
    SEQ,
    Bytes,
    Numbers,
    Reads,
)
from equisite.genomics.somatic.votes import (
    BACKWARD,
    FEATURES,
    HIGHEST,
    Counts,
    add_fragment,
)

HIGHEST_MAPQ = 50
INDEL_LEVELS = HIGHEST_MAPQ - LOWEST_MAPQ + 1
"""Levels of min(mapping quality, 50): the errors of a vote depend on nothing else."""
DECIDES = 2.0
"""Log10 ratio of likelihoods from which on a read votes."""
TELLING = 3
"""Bases that must lie where the haplotypes differ: a read that ends inside a repeat, or one
base behind it, cannot tell how long the repeat is."""
EXPLAINED = 8.0
"""A haplotype explains a read if it costs no more, in log10 likelihood, than the read's own
alignment and two mismatches of high quality."""
FLANK = 10
"""Aligned bases on either side of a place without gap by which a read's own alignment shows
the reference; aligners place gaps from there on."""
_WORST = 0.75
_MATCH = np.array([math.log10(1 - min(10 ** (-q / 10), _WORST)) for q in range(HIGHEST + 1)])
_MISMATCH = np.array([math.log10(min(10 ** (-q / 10), _WORST) / 3) for q in range(HIGHEST + 1)])


@compiled
def _score(
    buffer: Bytes,
    row: Numbers,
    haplotype: Bytes,
    offset: int,
) -> float:
    total = 0.0
    for index in range(row[LENGTH]):
        at = offset + index
        if at < 0 or at >= len(haplotype):
            continue
        code = base_at(buffer, row[SEQ], index)
        if code == 4 or haplotype[at] == 4:
            continue
        quality = min(buffer[row[QUAL] + index], HIGHEST)
        total += _MATCH[quality] if code == haplotype[at] else _MISMATCH[quality]
    return total


@compiled
def _own_alignment(
    buffer: Bytes,
    row: Numbers,
    ref: Bytes,
    start: int,
    low: int,
    high: int,
    deleted: int,
    inserted: int,
) -> tuple[float, int]:
    """Likelihood of a read as it is aligned, gaps free, and what it shows.

    [low, high]: where the change may stand. 1 for a gap of its size there, -1 for aligned
    bases all through and beyond, else 0.
    """
    total, shows = 0.0, 0
    for step in steps(buffer, row):
        kind, at, place, size = step[0], step[1], step[2], step[3]
        changed = inserted if kind == INSERTED else deleted if kind == DELETED else 0
        if changed and size == changed and low <= at <= high:
            shows = 1
        elif kind == ALIGNED:
            if at <= low - FLANK and at + size >= high + FLANK:
                shows = -1
            for index in range(size):
                here = at + index - start
                if here < 0 or here >= len(ref):
                    continue
                code = base_at(buffer, row[SEQ], place + index)
                if code < 4 and ref[here] < 4:
                    quality = min(buffer[row[QUAL] + place + index], HIGHEST)
                    total += _MATCH[quality] if code == ref[here] else _MISMATCH[quality]
    return total, shows


@compiled
def _votes(
    buffer: Bytes,
    table: Numbers,
    ref: Bytes,
    alt: Bytes,
    start: int,
    at: int,
    deleted: int,
    inserted: int,
    left: int,
    right: int,
) -> tuple[Counts, NDArray[np.float64]]:
    """By read: 1 for the changed haplotype, -1 for the reference, 0 for neither; and gains."""
    found = np.zeros(len(table), np.int32)
    gains = np.full(len(table), -np.inf)
    for number in range(len(table)):
        row = table[number]
        if row[MAPQ] < LOWEST_MAPQ:
            continue
        low, high = row[POS] - row[CLIP_LEFT], row[END] + row[CLIP_RIGHT]
        if high < at or low > at + deleted or row[LENGTH] == 0:
            continue
        length = row[LENGTH]
        from_left, from_right = low - start, high - start - length
        left_ref = _score(buffer, row, ref, from_left)
        right_ref = _score(buffer, row, ref, from_right)
        left_alt = right_alt = -1e9
        if low <= at:
            left_alt = _score(buffer, row, alt, from_left)
        if high >= at + deleted:
            shifted = from_right + inserted - deleted
            right_alt = _score(buffer, row, alt, shifted)
        best_ref, best_alt = max(left_ref, right_ref), max(left_alt, right_alt)
        own, shows = _own_alignment(
            buffer, row, ref, start, at, start + left, deleted, inserted
        )
        ratio = best_alt - best_ref
        if best_alt >= own - EXPLAINED:
            gains[number] = ratio
        if max(best_ref, best_alt) < own - EXPLAINED:
            found[number] = shows
            continue
        # Bases of the read where the haplotypes differ, as the losing one is held.
        beyond = from_left + length - left
        before = len(ref) - right - from_right
        if ratio >= DECIDES:
            telling = beyond if left_ref >= right_ref else before
            if telling >= TELLING:
                found[number] = 1
        elif ratio <= -DECIDES:
            telling = beyond if left_alt >= right_alt else before
            if telling >= TELLING:
                found[number] = -1
    return found, gains


@compiled
def _by_fragment(table: Numbers, mate: Numbers, votes: Counts) -> tuple[Counts, Counts]:
    """Votes (2, level) of reference and change, and sums (2, feature) as in `FEATURES`.

    Mates that vote alike count once, those that contradict each other not at all.
    """
    counts = np.zeros((2, INDEL_LEVELS), np.int32)
    sums = np.zeros((2, FEATURES), np.int32)
    for number in range(len(table)):
        vote = votes[number]
        if vote == 0:
            continue
        twin = mate[number]
        row = table[number]
        mapq = row[MAPQ]
        forward = row[FLAG] & BACKWARD == 0
        reverse = not forward
        if twin >= 0 and votes[twin] != 0:
            if votes[twin] != vote or twin < number:
                continue
            mapq = max(mapq, table[twin, MAPQ])
            if table[twin, FLAG] & BACKWARD:
                reverse = True
            else:
                forward = True
        side = 1 if vote > 0 else 0
        counts[side, min(mapq, HIGHEST_MAPQ) - LOWEST_MAPQ] += 1
        add_fragment(sums[side], row[FLAG], mapq, 0, forward, reverse)
    return counts, sums


@dataclass(frozen=True)
class Laid:
    """Reads laid on both haplotypes of a change.

    votes: int32 (read,), 1 for the change, -1 for the reference, 0 for neither. gains: float64
    (read,), by how much the change explains a read better than the reference does, in log10
    likelihood; -inf where it does not explain it, or where the read does not lie over it.
    """

    votes: Counts
    gains: NDArray[np.float64]


def lay(reads: Reads, both: Haplotypes) -> Laid:
    """Lay reads on the haplotypes of one change."""
    votes, gains = _votes(
        reads.buffer, reads.table, both.ref, both.alt, both.start, both.at, both.deleted,
        both.inserted, both.left, both.right,
    )  # fmt: skip
    return Laid(votes, gains)


def by_fragment(reads: Reads, mate: Numbers, votes: Counts) -> tuple[Counts, Counts]:
    """Fragments for reference and change.

    Returns votes int32 (2, INDEL_LEVELS) and sums (2, FEATURES); row 1 is the change.
    """
    return _by_fragment(reads.table, mate, votes)
