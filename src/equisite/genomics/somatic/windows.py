"""The territory cut into windows, and the bases around it whose reads are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from equisite.core.atomic import write_text
from equisite.genomics.cells import STEP
from equisite.variants.intervals import Territory

SIZE = STEP
"""Bases of a window. Windows begin at multiples of it, wherever a territory begins, as cells
do: a cell holds whole windows."""
AROUND = 1000
"""Bases around the territory whose reads are read: more than a read is long."""


@dataclass(frozen=True)
class Place:
    """Window [start, end) of a sequence; inside: bool, (position,), is it territory?"""

    contig: str
    start: int
    end: int
    inside: NDArray[np.bool_]


def places(territory: Territory, lengths: Mapping[str, int]) -> Iterator[Place]:
    """Windows that hold territory, in the order of `lengths`."""
    for contig, length in lengths.items():
        spans = territory.spans.get(contig, ())
        at = 0
        while at < len(spans):
            start = spans[at][0] // SIZE * SIZE
            while start < spans[at][1]:
                end = min(start + SIZE, length)
                inside = np.zeros(end - start, np.bool_)
                last = at
                while last < len(spans) and spans[last][0] < end:
                    low, high = spans[last]
                    inside[max(low - start, 0) : max(high - start, 0)] = True
                    last += 1
                yield Place(contig, start, end, inside)
                start = end
                while at < len(spans) - 1 and spans[at][1] <= start:
                    at += 1
                start = max(start, spans[at][0] // SIZE * SIZE)
                if start >= length:
                    break
            at += 1


def write_surroundings(path: Path, territory: Territory, lengths: Mapping[str, int]) -> None:
    """BED of the territory with the bases around it."""
    wide = Territory.of(
        (contig, max(start - AROUND, 0), min(end + AROUND, lengths[contig]))
        for contig, start, end in territory
    )
    write_text(path, "".join(f"{c}\t{s}\t{e}\n" for c, s, e in wide))


def spans_of(flags: NDArray[np.bool_], start: int) -> list[tuple[int, int]]:
    """Intervals in which flags are true; flags[0] stands for position `start`.

    >>> spans_of(np.array([True, True, False, True]), 10)
    [(10, 12), (13, 14)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(start + low, start + high) for low, high in edges.reshape(-1, 2).tolist()]


class BedWriter:
    """Writes intervals that come in order, those that touch as one; size: bases so far.

    write: takes lines of text.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._open: tuple[str, int, int] | None = None
        self.size = 0

    def add(self, contig: str, spans: Iterable[tuple[int, int]]) -> None:
        """Add intervals behind all earlier ones."""
        for start, end in spans:
            if self._open is not None and self._open[0] == contig and self._open[2] == start:
                self._open = (contig, self._open[1], end)
            else:
                self.end()
                self._open = (contig, start, end)
            self.size += end - start

    def end(self) -> None:
        """Write the last interval."""
        if self._open is not None:
            contig, start, end = self._open
            self._write(f"{contig}\t{start}\t{end}\n")
            self._open = None
