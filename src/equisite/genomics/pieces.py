"""One genome called in pieces of about equal work.

A piece ends where nothing is to be called nearby: at its nominal end, or behind it in the first
stretch without an active base. Both neighbours find this place from the same reads, each for
itself, so that pieces need not know of each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.variants.intervals import Interval, Territory, read_bed
from equisite.variants.vcf import open_text

if TYPE_CHECKING:
    from equisite.protocol.models import Protocol

BASES = 40_000_000
"""Territory of a piece: some 80 pieces of a whole genome, each of minutes; what is smaller
stays one job."""
QUIET = 600
"""Bases without an active one around a cut: windows reach 50 bases, and no read of up to 500
bases then lies in windows on both sides."""
SEARCH = 100_000
"""Bases behind a nominal end in which a quiet stretch is looked for; without one the next
nominal end is taken, for both pieces."""

Place = tuple[int, int]
"""Number of a sequence in the reference's order, and a base of it."""


def pieces_of(protocol: Protocol, folder: Path) -> int:
    """Pieces of the territory of a protocol; folder: of the files that it pins."""
    territory = protocol.genomics.territory
    if territory is None:
        return number_of_pieces(sum(c.length for c in protocol.reference.contigs))
    return number_of_pieces(read_bed(open_text(folder / territory.file)).size)


def number_of_pieces(territory: int) -> int:
    """Pieces of a territory of so many bases."""
    return max(1, round(territory / BASES))


def pieces_of_share(pieces: int, shares: int, share: int) -> range:
    """Numbers, from 1, of the pieces that one of `shares` jobs calls; share: from 1.

    >>> [list(pieces_of_share(7, 3, share)) for share in (1, 2, 3)]
    [[1, 2], [3, 4], [5, 6, 7]]
    """
    return range(1 + (share - 1) * pieces // shares, 1 + share * pieces // shares)


def nominal_cuts(territory: Territory, order: Sequence[str], pieces: int) -> list[Place]:
    """Places that cut the territory into equal numbers of bases, pieces - 1 of them."""
    spans = [
        (at, s, e) for at, name in enumerate(order) for s, e in territory.spans.get(name, ())
    ]
    cuts: list[Place] = []
    passed = 0
    for at, start, end in spans:
        while len(cuts) < pieces - 1:
            wanted = territory.size * (len(cuts) + 1) // pieces - passed
            if wanted >= end - start:
                break
            cuts.append((at, start + wanted))
        passed += end - start
    return cuts


def quiet_cut(start: int, end: int, length: int, sites: Iterable[int]) -> int | None:
    """Middle of the first quiet stretch at or behind `start`.

    sites: active bases in [start, end), rising. length: of the sequence, whose end is quiet,
    too, when the search comes there. None: no stretch of `QUIET` bases ends before `end`.
    """
    last = start
    for site in sites:
        if site < start:
            continue
        if site - last >= QUIET:
            break
        last = site
    if last + QUIET <= end:
        return last + QUIET // 2
    return length if end == length else None


def piece_of(
    order: Sequence[str], lengths: Mapping[str, int], start: Place, end: Place
) -> list[Interval]:
    """Bases from one place to another, in the reference's order."""
    found = []
    for at in range(start[0], min(end[0] + 1, len(order))):
        name = order[at]
        low = start[1] if at == start[0] else 0
        high = end[1] if at == end[0] else lengths[name]
        if high > low:
            found.append((name, low, high))
    return found
