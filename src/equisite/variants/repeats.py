"""Where the reference repeats itself: runs of one base and short tandem repeats.

Polymerases slip there, and reads that end inside cannot tell how long a repeat is; nearly all
wrong indels of a good caller lie in such places.
"""

from __future__ import annotations

from collections.abc import Iterator

from equisite.variants.alleles import Reference
from equisite.variants.intervals import Interval, Territory

SHORTEST = {1: 8, 2: 12, 3: 15, 4: 16, 5: 20, 6: 24}
"""Bases from which a repeat counts, by the length of its unit (`truth_easy.bed` of the shared
cohort is made by the same numbers)."""
MARGIN = 5
"""Bases on each side that belong to a repeat: indels are written anywhere along it."""


def tandem_repeats(text: str, unit: int, shortest: int) -> Iterator[tuple[int, int]]:
    """Intervals [start, end) of `shortest` bases or more that have this period, in order.

    text: upper case. Whole and broken units count: the bases, not the copies, are compared.

    >>> list(tandem_repeats("GACACACT", 2, 6))
    [(1, 7)]
    """
    start = 0
    for at, (base, before) in enumerate(zip(text[unit:], text, strict=False), start=unit):
        if base != before or base == "N":
            if at - start >= shortest:
                yield start, at
            start = at - unit + 1
    if len(text) - start >= shortest:
        yield start, len(text)


def repeats(reference: Reference) -> Territory:
    """All repeats of the reference by `SHORTEST`, with their margins."""

    def found() -> Iterator[Interval]:
        for contig, text in reference.items():
            for unit, shortest in SHORTEST.items():
                for start, end in tandem_repeats(text, unit, shortest):
                    yield contig, max(start - MARGIN, 0), min(end + MARGIN, len(text))

    return Territory.of(found())
