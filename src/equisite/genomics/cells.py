"""A territory in cells: what one run of a caller with a memory sees.

freebayes carries something from what it read before, so that a record may hang on where it
began. It begins anew in every cell; cells depend on the territory alone, and jobs share whole
cells. Thus one job and many agree in every byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from equisite.variants.intervals import Interval, Territory

STEP = 1 << 15
"""Cells are cut at multiples of so many bases of a sequence."""
BASES = 1 << 20
"""Territory of a cell: small panels are one, and starting anew costs little beside reading."""


def cells_of(territory: Territory, order: Iterable[str]) -> list[Territory]:
    """The territory in order, cut behind the step in which a cell has `BASES` bases."""
    found: list[Territory] = []
    cell: list[Interval] = []
    held, step = 0, ("", -1)

    def close() -> None:
        nonlocal held
        found.append(Territory.of(cell))
        cell.clear()
        held = 0

    for contig in order:
        for start, end in territory.spans.get(contig, ()):
            at = start
            while at < end:
                if held >= BASES and (contig, at // STEP) != step:
                    close()
                # The step in which the cell is full, which is at least the one that has begun.
                last = max(at, at + BASES - held - 1) // STEP
                upto = min(end, (last + 1) * STEP)
                cell.append((contig, at, upto))
                held += upto - at
                at, step = upto, (contig, (upto - 1) // STEP)
    if cell:
        close()
    return found


def cells_of_share(cells: Sequence[Territory], share: int, shares: int) -> Sequence[Territory]:
    """Cells that one of `shares` jobs reads; share: from 1. Equal numbers are equal work."""
    return cells[len(cells) * (share - 1) // shares : len(cells) * share // shares]
