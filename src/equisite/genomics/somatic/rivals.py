"""Changes at one place compete for reads: a read tells one of them and not the other.

A read that carries a change is explained better by any similar change than by the reference,
as well by a longer insertion that begins alike as by a deletion one base further on. Aligners
show such look-alikes near the ends of reads. So the changes of a place are ranked by how much
better than the reference each explains all reads together, and a read votes for one only if it
explains the read better than every change that stands before it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from equisite.genomics.somatic.votes import Counts
from equisite.genomics.somatic.whole_reads import DECIDES, FLANK, Laid

BESIDE = 100
"""Bases that two changes of one place may begin apart: reads so far around a window are read
with it, so that windows change no rank."""
Span = tuple[int, int]
"""Bases [start, end) that a change may touch, in any of its ways of writing."""


def one_place(one: Span, other: Span) -> bool:
    """Whether two changes are so near that an aligner may show one for the other."""
    return (
        abs(one[0] - other[0]) <= BESIDE
        and one[0] <= other[1] + FLANK
        and other[0] <= one[1] + FLANK
    )


def weight(laid: Laid) -> float:
    """How much better than the reference a change explains reads together, in log10."""
    return float(np.maximum(laid.gains, 0.0).sum())


def undisputed(laid: Laid, stronger: Iterable[Laid]) -> Counts:
    """Votes without those for the change that a stronger one explains as well.

    stronger: the same reads on the changes that explain all reads better.
    """
    disputed = np.zeros(len(laid.votes), np.bool_)
    for other in stronger:
        disputed |= other.gains > laid.gains - DECIDES
    return np.where(disputed & (laid.votes > 0), np.int32(0), laid.votes)
