"""One vote per fragment: what the fragments of a sample say at each base of the reference.

Mates that overlap are one observation of one molecule. Where they agree, the better quality
counts, raised by 3 and at most 41; where they disagree, the fragment says nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from equisite.genomics.somatic.alignment import ALIGNED, DELETED, INSERTED, base_at, steps
from equisite.genomics.somatic.compiled import compiled
from equisite.genomics.somatic.records import (
    CLIP_LEFT,
    CLIP_RIGHT,
    END,
    FLAG,
    LENGTH,
    MAPQ,
    NAME,
    POS,
    QUAL,
    SEQ,
    Bytes,
    Numbers,
    Reads,
)

Counts = NDArray[np.int32]

QUALITY = 20
"""Base quality that a vote needs."""
HIGHEST = 35
"""Base qualities count for no more: those of patterned flow cells overstate."""
RAISED, RAISED_HIGHEST = 3, 41
LEVELS = HIGHEST - QUALITY + 1
"""Levels of `min(base quality, 35, mapping quality)`, which is all an error depends on."""
NEAR = 11
"""Distances to a read's end are told apart up to 10; a median of 5 is asked about."""
FEATURES = 6
MAPQ_SUM, DIFFERENCES, FORWARD, REVERSE, F1R2, F2R1 = range(FEATURES)
"""Sums over the fragments of one allele: mapping quality, differences to the reference, seen
on the forward strand alone, on the reverse strand alone, read 1 forward, read 1 reverse."""
PAIRED, BACKWARD, FIRST = 0x1, 0x10, 0x40
"""Bits of a flag: read of a pair, on the reverse strand, read 1."""


def mates(reads: Reads) -> Numbers:
    """For each read the row of its mate, or -1; mates have one name."""
    names = reads.table[:, NAME]
    order = np.argsort(names, kind="stable")
    return _pairs(names, order)


@compiled
def _pairs(names: Numbers, order: Numbers) -> Numbers:
    mate = np.full(len(names), -1, np.int64)
    at = 0
    while at < len(order):
        after = at + 1
        while after < len(order) and names[order[after]] == names[order[at]]:
            after += 1
        if after - at == 2:
            mate[order[at]], mate[order[at + 1]] = order[at + 1], order[at]
        at = after
    return mate


@compiled
def _look(buffer: Bytes, row: Numbers, position: int) -> tuple[int, int, int]:
    """Base, quality and distance to the nearer aligned end of a read at a position.

    Base is 4 where the read has none (gap, N).
    """
    for step in steps(buffer, row):
        kind, at, place, size = step[0], step[1], step[2], step[3]
        if kind == ALIGNED and at <= position < at + size:
            here = place + position - at
            ends = min(here - row[CLIP_LEFT], row[LENGTH] - row[CLIP_RIGHT] - 1 - here)
            return base_at(buffer, row[SEQ], here), int(buffer[row[QUAL] + here]), ends
        if at > position:
            break
    return 4, 0, 0


@compiled
def differences(buffer: Bytes, table: Numbers, bases: Bytes, origin: int) -> Counts:
    """Mismatches and gaps of each read against the reference; a gap counts once.

    bases: codes of the reference from `origin` on.
    """
    found = np.zeros(len(table), np.int32)
    for number in range(len(table)):
        row = table[number]
        total = 0
        for step in steps(buffer, row):
            kind, first, place, size = step[0], step[1], step[2], step[3]
            if kind == ALIGNED:
                at = first - origin
                for index in range(max(0, -at), min(size, len(bases) - at)):
                    code = base_at(buffer, row[SEQ], place + index)
                    total += code < 4 and bases[at + index] < 4 and code != bases[at + index]
            else:
                total += kind in (INSERTED, DELETED)
        found[number] = total
    return found


@compiled
def _spread(buffer: Bytes, row: Numbers, start: int, codes: Bytes, qualities: Counts) -> None:
    """Write a read's bases and qualities by position, from `start` on; outside is left out."""
    for step in steps(buffer, row):
        kind, first, place, size = step[0], step[1], step[2], step[3]
        if kind == ALIGNED:
            at = first - start
            for index in range(max(0, -at), min(size, len(codes) - at)):
                codes[at + index] = base_at(buffer, row[SEQ], place + index)
                qualities[at + index] = buffer[row[QUAL] + place + index]


@compiled
def _agreed(one: int, other: int) -> int:
    """Quality of a base that both mates show."""
    best = max(one, other)
    return max(best, min(best + RAISED, RAISED_HIGHEST))


@compiled
def count_votes(buffer: Bytes, table: Numbers, mate: Numbers, start: int, end: int) -> Counts:
    """Votes by position of [start, end) and base: int32, (position, 4)."""
    counts = np.zeros((end - start, 4), np.int32)
    longest = 1
    for number in range(len(table)):
        longest = max(longest, table[number, END] - table[number, POS])
    one, other = np.empty(2 * longest, np.uint8), np.empty(2 * longest, np.uint8)
    first, second = np.empty(2 * longest, np.int32), np.empty(2 * longest, np.int32)
    for number in range(len(table)):
        row = table[number]
        low, high = row[POS], row[END]
        twin = mate[number]
        together = twin >= 0 and table[twin, POS] < high and table[twin, END] > low
        if together and twin < number:
            continue  # the fragment has voted with its first read
        if together:
            low, high = min(low, table[twin, POS]), max(high, table[twin, END])
        span = high - low
        one[:span] = 4
        _spread(buffer, row, low, one[:span], first[:span])
        if together:
            other[:span] = 4
            _spread(buffer, table[twin], low, other[:span], second[:span])
        for index in range(max(0, start - low), min(span, end - low)):
            code, quality = one[index], first[index]
            if together and other[index] < 4:
                if code == 4:
                    code, quality = other[index], second[index]
                elif code == other[index]:
                    quality = _agreed(quality, second[index])
                else:
                    code = 4
            if code < 4 and quality >= QUALITY:
                counts[low + index - start, code] += 1
    return counts


@compiled
def add_fragment(
    sums: Counts, flag: int, mapq: int, change: int, forward: bool, reverse: bool
) -> None:
    """Add one fragment to the sums of `FEATURES`; flag: of either of its reads."""
    sums[MAPQ_SUM] += mapq
    sums[DIFFERENCES] += change
    sums[FORWARD] += forward and not reverse
    sums[REVERSE] += reverse and not forward
    if flag & PAIRED:
        first = (flag & FIRST != 0) == (flag & BACKWARD == 0)
        sums[F1R2] += first
        sums[F2R1] += not first


@compiled
def gather_votes(
    buffer: Bytes, table: Numbers, mate: Numbers, changes: Counts, sites: Numbers
) -> tuple[Counts, Counts, Counts]:
    """What the fragments say at some sites, by base.

    changes: differences of each read. sites: int64, rising positions.
    Returns votes by level of error (site, 4, LEVELS), sums of `FEATURES` (site, 4, feature)
    and distances to the nearer end of the read (site, 4, NEAR); all int32.
    """
    votes = np.zeros((len(sites), 4, LEVELS), np.int32)
    sums = np.zeros((len(sites), 4, FEATURES), np.int32)
    ends = np.zeros((len(sites), 4, NEAR), np.int32)
    for number in range(len(table)):
        row = table[number]
        twin = mate[number]
        for index in range(np.searchsorted(sites, row[POS]), len(sites)):
            position = sites[index]
            if position >= row[END]:
                break
            code, quality, distance = _look(buffer, row, position)
            mapq, change = row[MAPQ], changes[number]
            forward = reverse = False
            if row[FLAG] & BACKWARD:
                reverse = True
            else:
                forward = True
            if twin >= 0 and table[twin, POS] <= position < table[twin, END]:
                theirs, grade, far = _look(buffer, table[twin], position)
                if theirs < 4 and code < 4:
                    if twin < number or theirs != code:
                        continue  # voted already, or says nothing
                    quality = _agreed(quality, grade)
                    distance = max(distance, far)
                    mapq = max(mapq, table[twin, MAPQ])
                    change = min(change, changes[twin])
                    if table[twin, FLAG] & BACKWARD:
                        reverse = True
                    else:
                        forward = True
            if code == 4 or quality < QUALITY:
                continue
            level = min(quality, HIGHEST, max(mapq, QUALITY)) - QUALITY
            votes[index, code, level] += 1
            add_fragment(sums[index, code], row[FLAG], mapq, change, forward, reverse)
            ends[index, code, min(distance, NEAR - 1)] += 1
    return votes, sums, ends
