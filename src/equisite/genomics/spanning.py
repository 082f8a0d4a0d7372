"""What reads show between two anchors: the bases from one end of a stretch to the other.

Only a read that holds both anchors tells how long a repeat is. An aligner clips a read whose
second anchor lies behind a long insertion, so that anchors of clipped and gapped reads are also
looked for by their bases.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pysam import AlignedSegment, AlignmentFile

ANCHOR = 12
"""Bases on either side of a stretch that a read must hold: a chance match of so many in one
read is rarer than 1e-4."""
MISREADINGS = 1
"""Wrong bases that an aligned anchor may have; one that is looked for must be exact."""
_AHEAD = 10_000
_SUPPLEMENTARY = 0x800
_ALIGNED, _INSERTED, _LOST, _SKIPPED, _CLIPPED = (0, 7, 8), 1, 2, 3, 4

Block = tuple[int, int, int]
"""First and last + 1 base of the reference, and the first of the read."""


@dataclass(frozen=True)
class Observed:
    """counts: fragments by what they show. read_length: mean over the reads."""

    counts: Counter[str]
    read_length: float


class ReadsInOrder:
    """Reads of an indexed BAM over intervals that come in order.

    What lies behind an interval is read with it: a look-up for each would unpack the same
    blocks again and again.
    """

    def __init__(self, bam: AlignmentFile) -> None:
        self._bam = bam
        self._contig, self._start, self._end = "", 0, 0
        self._held: list[tuple[int, int, AlignedSegment]] = []
        self._longest = 0

    def over(self, contig: str, start: int, end: int) -> list[AlignedSegment]:
        """Reads that overlap [start, end), by position."""
        if contig != self._contig or start < self._start or end > self._end:
            self._contig, self._start, self._end = contig, start, end + _AHEAD
            self._held = [
                (read.reference_start, read.reference_end or 0, read)
                for read in self._bam.fetch(contig, start, self._end)
            ]
            self._longest = max((last - first for first, last, _ in self._held), default=0)
        first = bisect_left(self._held, start - self._longest, key=_begin)
        last = bisect_left(self._held, end, key=_begin)
        return [read for _, past, read in self._held[first:last] if start < past]


def _begin(held: tuple[int, int, AlignedSegment]) -> int:
    return held[0]


class Anchor:
    """`ANCHOR` bases of the reference from `start` on.

    changed: bases that differ in this patient and are not compared.
    """

    def __init__(self, sequence: str, start: int, changed: Collection[int]) -> None:
        self.start = start
        self.end = start + ANCHOR
        self._bases = sequence[start : self.end]
        wild = [b if start + at not in changed else "." for at, b in enumerate(self._bases)]
        self._compared = [at for at, base in enumerate(wild) if base != "."]
        self._pattern = re.compile(f"(?={''.join(wild)})")

    def find(self, bases: str, blocks: Iterable[Block]) -> int | None:
        """First base of the anchor in a read; None where it is not, or not at one place."""
        for low, high, first in blocks:
            if low <= self.start and self.end <= high:
                at = first + self.start - low
                if bases.startswith(self._bases, at):
                    return at
                wrong = sum(bases[at + i] != self._bases[i] for i in self._compared)
                if wrong <= MISREADINGS:
                    return at
        places = [match.start() for match in self._pattern.finditer(bases)]
        return places[0] if len(places) == 1 else None


def observe(
    reads: Iterable[AlignedSegment],
    sequence: str,
    start: int,
    end: int,
    changed: Collection[int],
) -> Observed:
    """What the fragments show of bases [start, end); mates that contradict do not count."""
    left = Anchor(sequence, start - ANCHOR, changed)
    right = Anchor(sequence, end, changed)
    shown: dict[str, str | None] = {}
    number = bases_read = 0
    for read in reads:
        if read.flag & _SUPPLEMENTARY or not read.mapping_quality:
            continue
        number += 1
        bases_read += read.query_length
        blocks = _blocks(read)
        if len(blocks) == 1 and blocks[0][1] - blocks[0][0] == read.query_length:
            # Neither clipped nor gapped: the read lies where it lies.
            low, high, _ = blocks[0]
            if left.start < low or high < right.end:
                continue
        bases = read.query_sequence or ""
        first = left.find(bases, blocks)
        last = right.find(bases, blocks) if first is not None else None
        if first is None or last is None or last < first + ANCHOR:
            continue
        seen = bases[first + ANCHOR : last]
        if "N" not in seen:
            name = read.query_name or ""
            known = shown.setdefault(name, seen)
            if known != seen:
                shown[name] = None
    counts = Counter(seen for seen in shown.values() if seen is not None)
    return Observed(counts, bases_read / max(number, 1))


def _blocks(read: AlignedSegment) -> list[Block]:
    found = []
    place, at = read.reference_start, 0
    for operation, size in read.cigartuples or ():
        if operation in _ALIGNED:
            found.append((place, place + size, at))
            place, at = place + size, at + size
        elif operation in (_INSERTED, _CLIPPED):
            at += size
        elif operation in (_LOST, _SKIPPED):
            place += size
    return found
