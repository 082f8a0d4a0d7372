"""Insertions and deletions that clipped ends of reads show.

An aligner clips a read that ends too soon behind a change. What it clips still tells the
change: the bases behind an insertion, or behind a deletion, are the reference's again. Two
ends clipped from either side of an insertion tell it together where they overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from equisite.genomics.somatic.alignment import base_at
from equisite.genomics.somatic.compiled import compiled
from equisite.genomics.somatic.records import (
    CLIP_LEFT,
    CLIP_RIGHT,
    END,
    LENGTH,
    MAPQ,
    POS,
    SEQ,
    Bytes,
    Numbers,
    Reads,
)
from equisite.variants.alleles import Edit

SURE = 8
"""Bases that must agree: one in 65,000 does by chance, of some hundred ways to lay an end."""
SHORTEST = 5
"""Bases of a change; shorter ones are aligned as gaps near the ends of reads, too."""
APART = 10
"""Bases by which ends clipped from either side may overlap on the reference by chance."""


@dataclass(frozen=True)
class Clip:
    """A clipped end: `bases` stand behind `at`, or before it; read: number of the read."""

    at: int
    bases: str
    read: int


@compiled
def find_clips(buffer: Bytes, table: Numbers, minimum: int, shortest: int) -> Numbers:
    """Clipped ends of all reads of a mapping quality: int64, (end, 4).

    Columns: number of the read, position on the reference, first base of the end in the read,
    and its length, negative for one at the left.
    """
    found = np.zeros((2 * len(table), 4), np.int64)
    count = 0
    for number in range(len(table)):
        row = table[number]
        if row[MAPQ] < minimum:
            continue
        for left in (True, False):
            size = row[CLIP_LEFT] if left else row[CLIP_RIGHT]
            if size >= shortest:
                end = found[count]
                end[0], end[3] = number, -size if left else size
                end[1] = row[POS] if left else row[END]
                end[2] = 0 if left else row[LENGTH] - size
                count += 1
    return found[:count].copy()


def clipped_changes(
    reads: Reads, text: str, origin: int, *, mapq: int, longest: int
) -> Iterator[tuple[Edit, int]]:
    """Changes and the read that shows each; positions are those of `text`.

    text: reference around the reads, which begins at `origin`.
    """
    right: dict[int, list[Clip]] = {}
    left: dict[int, list[Clip]] = {}
    for number, position, first, size in find_clips(
        reads.buffer, reads.table, mapq, SURE
    ).tolist():
        at = position - origin
        room = longest + abs(size)
        if not room <= at <= len(text) - room:
            continue
        start = int(reads.table[number, SEQ])
        bases = "".join(
            "ACGTN"[base_at(reads.buffer, start, first + i)] for i in range(abs(size))
        )
        ends = right if size > 0 else left
        ends.setdefault(at, []).append(Clip(at, bases, number))
    for at, clips in right.items():
        for clip in clips:
            for edit in _behind(clip, text, longest):
                # Shorter ends that agree stop within the change: they show it, too.
                yield from ((edit, c.read) for c in clips if clip.bases.startswith(c.bases))
            for other in (o for near in range(at - APART, at + 1) for o in left.get(near, ())):
                for edit in _between(clip, other, text, longest):
                    yield edit, clip.read
                    yield edit, other.read
    for clips in left.values():
        for clip in clips:
            for edit in _before(clip, text, longest):
                yield from ((edit, c.read) for c in clips if clip.bases.endswith(c.bases))


def _behind(clip: Clip, text: str, longest: int) -> Iterator[Edit]:
    """The shortest change after which a right end is the reference again."""
    at, bases = clip.at, clip.bases
    for size in range(SHORTEST, longest + 1):
        if len(bases) - size >= SURE and text.startswith(bases[size:], at):
            yield Edit("", at, at, bases[:size])
            return
        if text.startswith(bases, at + size):
            yield Edit("", at, at + size, "")
            return


def _before(clip: Clip, text: str, longest: int) -> Iterator[Edit]:
    """The same of a left end."""
    at, bases = clip.at, clip.bases
    for size in range(SHORTEST, longest + 1):
        rest = len(bases) - size
        if rest >= SURE and text.startswith(bases[:rest], at - rest):
            yield Edit("", at, at, bases[rest:])
            return
        if text.startswith(bases, at - size - len(bases)):
            yield Edit("", at - size, at, "")
            return


def _between(right: Clip, left: Clip, text: str, longest: int) -> Iterator[Edit]:
    """The insertion between a right end and a left one, by their longest overlap."""
    onward = left.bases + text[left.at : left.at + len(right.bases)]
    for begin in range(len(right.bases) - SURE + 1):
        if onward.startswith(right.bases[begin:]):
            inserted = right.bases[:begin] + left.bases + text[left.at : right.at]
            if SHORTEST <= len(inserted) <= longest:
                yield Edit("", right.at, right.at, inserted)
            return
