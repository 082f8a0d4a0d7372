"""Structural events of any caller as two joined ends, and when two of them are the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from equisite.genomics.adapters.records import Counts

TOLERANCE = 300  # bases; two callers' ends of one event lie within a fragment length

_KINDS = {("3", "5"): "DEL", ("5", "3"): "DUP", ("3", "3"): "INV", ("5", "5"): "INV"}


class Breakend(NamedTuple):
    """One side of a junction: position 0-based; side `3` keeps what lies before it.

    A deletion joins a 3' end to the 5' end behind it (delly's `3to5`); slack: half width of
    the caller's confidence interval.
    """

    contig: str
    position: int
    side: str
    slack: int = 0


@dataclass(frozen=True)
class Junction:
    """One structural event. first comes before second in the order of name and position.

    precise: the caller read through the junction. evidence: reads for and against it in the
    tumour, and in the normal. filters, passed, score as in `CallerRecord`.
    """

    first: Breakend
    second: Breakend
    tumour: Counts
    normal: Counts
    precise: bool
    filters: tuple[str, ...]
    passed: bool
    score: float | None
    caller: str
    inserted: bool = False

    @property
    def kind(self) -> str:
        """`DEL`, `DUP`, `INV`, `INS` or `BND` (two sequences)."""
        if self.inserted:
            return "INS"
        if self.first.contig != self.second.contig:
            return "BND"
        return _KINDS[self.first.side, self.second.side]


def ordered(one: Breakend, other: Breakend) -> tuple[Breakend, Breakend]:
    """The two ends in the order of name and position: both ways of writing give one event."""
    first, second = sorted((one, other), key=lambda end: (end.contig, end.position))
    return first, second


def same_event(one: Junction, other: Junction) -> bool:
    """Whether two records mean one event: same ends, orientation, within the tolerance."""
    if one.inserted != other.inserted:
        return False
    return all(
        a.contig == b.contig
        and a.side == b.side
        and abs(a.position - b.position) <= max(TOLERANCE, a.slack, b.slack)
        for a, b in ((one.first, other.first), (one.second, other.second))
    )


def distinct(junctions: Iterable[Junction]) -> list[Junction]:
    """One record per event: passed before not passed, precise before imprecise, by place."""
    ranked = sorted(
        junctions,
        key=lambda j: (not j.passed, not j.precise, -(j.tumour.alt or 0), j.first, j.second),
    )
    kept: list[Junction] = []
    for junction in ranked:
        if not any(same_event(junction, other) for other in kept):
            kept.append(junction)
    return sorted(kept, key=lambda j: (j.first, j.second))
