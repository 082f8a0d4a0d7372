"""Sorted, disjoint half-open intervals on named sequences, as in a BED file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Interval = tuple[str, int, int]
"""Sequence, start, end: 0-based, end not included."""


@dataclass(frozen=True)
class Territory:
    """A set of bases. Made by `of`; intervals are merged, so equal sets are equal objects."""

    spans: dict[str, tuple[tuple[int, int], ...]]
    _starts: dict[str, list[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts = {contig: [start for start, _ in spans] for contig, spans in self.spans.items()}
        object.__setattr__(self, "_starts", starts)

    @classmethod
    def of(cls, intervals: Iterable[Interval]) -> Territory:
        """Merge overlapping and touching intervals; empty ones vanish.

        >>> Territory.of([("a", 5, 9), ("a", 1, 5), ("b", 2, 2)]).spans
        {'a': ((1, 9),)}
        """
        by_contig: dict[str, list[tuple[int, int]]] = {}
        for contig, start, end in intervals:
            if end > start:
                by_contig.setdefault(contig, []).append((start, end))
        spans = {}
        for contig, parts in by_contig.items():
            merged: list[tuple[int, int]] = []
            for start, end in sorted(parts):
                if merged and start <= merged[-1][1]:
                    merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
                else:
                    merged.append((start, end))
            spans[contig] = tuple(merged)
        return cls(spans)

    def holds(self, contig: str, position: int) -> bool:
        """Whether a base (0-based) lies inside."""
        at = bisect_right(self._starts.get(contig, []), position) - 1
        return at >= 0 and position < self.spans[contig][at][1]

    def __iter__(self) -> Iterator[Interval]:
        for contig, spans in self.spans.items():
            for start, end in spans:
                yield contig, start, end

    @property
    def size(self) -> int:
        """Number of bases."""
        return sum(end - start for _, start, end in self)

    def intersect(self, other: Territory) -> Territory:
        """Bases that lie in both."""
        common = []
        for contig, start, end in self:
            spans = other.spans.get(contig, ())
            at = max(bisect_right(other._starts.get(contig, []), start) - 1, 0)
            while at < len(spans) and spans[at][0] < end:
                common.append((contig, max(start, spans[at][0]), min(end, spans[at][1])))
                at += 1
        return Territory.of(common)

    def without(self, other: Territory) -> Territory:
        """Bases that do not lie in the other.

        >>> Territory.of([("a", 1, 9)]).without(Territory.of([("a", 3, 5)])).spans
        {'a': ((1, 3), (5, 9))}
        """
        left = []
        for contig, start, end in self:
            common = Territory.of([(contig, start, end)]).intersect(other)
            edges = [start, *(e for span in common.spans.get(contig, ()) for e in span), end]
            left += [(contig, *pair) for pair in zip(edges[::2], edges[1::2], strict=True)]
        return Territory.of(left)


def bed_rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of the data rows of a BED file."""
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r\n")
        if text.strip() and not text.startswith(("#", "track", "browser")):
            yield number, text.split("\t") if "\t" in text else text.split()


def read_bed(lines: Iterable[str]) -> Territory:
    """Territory of a BED file that is known to be good.

    Raises ValueError, naming the line, where it is not.
    """
    intervals = []
    for number, row in bed_rows(lines):
        try:
            contig, start, end = row[0], int(row[1]), int(row[2])
        except (ValueError, IndexError):
            raise ValueError(f"line {number} is not a BED row") from None
        if not 0 <= start < end:
            raise ValueError(f"line {number}: start and end do not form an interval")
        intervals.append((contig, start, end))
    return Territory.of(intervals)
