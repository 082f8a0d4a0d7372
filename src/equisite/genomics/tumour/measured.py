"""Rows that the step on a tumour's reads leaves for its features."""

from __future__ import annotations

from dataclasses import dataclass

from equisite.genomics.adapters.breakpoints import Junction

OFF, PAIR = "off", "pair"


@dataclass(frozen=True)
class Measures:
    """The one row of a tumour.

    loci, unstable: repeats with enough reads in tumour and normal, and those that differ;
    None where repeats were not looked at. structural: `pair` where structural variants were
    called with the normal, else why not: `off`, `no_normal`, `thin_normal`, `thin_tumour`.
    """

    loci: int | None
    unstable: int | None
    structural: str


@dataclass(frozen=True)
class Event:
    """One structural variant, ends in the order of the reference, positions 0-based."""

    kind: str
    confidence: str
    first_contig: str
    first_position: int
    first_side: str
    second_contig: str
    second_position: int
    second_side: str


def event_row(junction: Junction, confidence: str) -> Event:
    """The row of a junction."""
    return Event(
        junction.kind,
        confidence,
        junction.first.contig,
        junction.first.position,
        junction.first.side,
        junction.second.contig,
        junction.second.position,
        junction.second.side,
    )
