"""A read along the reference: its bases, and the steps of its alignment."""

from __future__ import annotations

import numpy as np

from equisite.genomics.somatic.compiled import compiled
from equisite.genomics.somatic.records import CIGAR, CIGARS, POS, Bytes, Numbers, u32

BASES = "ACGT"
CODE = np.full(256, 4, np.uint8)
"""Number of a letter in `BASES`, 4 for any other."""
for _number, _letter in enumerate(b"ACGT"):
    CODE[_letter] = _number
_NIBBLE = np.array([4, 0, 1, 4, 2, 4, 4, 4, 3, 4, 4, 4, 4, 4, 4, 4], np.uint8)
"""The same of a base in BAM (=ACMGRSVTWYHKDBN)."""
ALIGNED, INSERTED, DELETED, SKIPPED, CLIPPED = range(5)
"""Kinds of a step: M, I, D, N and S of a CIGAR; = and X are M."""


@compiled
def base_at(buffer: Bytes, seq: int, place: int) -> int:
    """Code of a read's base; seq: offset of its bases."""
    pair = np.int64(buffer[seq + place // 2])
    return int(_NIBBLE[pair >> 4 if place % 2 == 0 else pair & 15])


@compiled
def steps(buffer: Bytes, row: Numbers) -> Numbers:
    """Steps of a read's alignment: int64, (step, 4).

    Columns: kind, where it begins on the reference, where in the read, and its bases. Only
    aligned steps, deletions and skips go forward on the reference, only aligned steps,
    insertions and clips in the read.

    This is no generator: numba loses those that it has loaded from its cache.
    """
    found = np.empty((row[CIGARS], 4), np.int64)
    count = 0
    at, place = row[POS], 0
    for number in range(row[CIGARS]):
        word = u32(buffer, row[CIGAR] + 4 * number)
        kind, size = word & 15, word >> 4
        if kind in (7, 8):
            kind = ALIGNED
        if kind <= CLIPPED:  # hard clips and padding are nowhere
            step = found[count]
            step[0], step[1], step[2], step[3] = kind, at, place, size
            count += 1
            if kind in (ALIGNED, DELETED, SKIPPED):
                at += size
            if kind in (ALIGNED, INSERTED, CLIPPED):
                place += size
    return found[:count]
