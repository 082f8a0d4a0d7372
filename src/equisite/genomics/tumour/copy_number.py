"""Copy-number features from bins and segments of log2 ratios; files as cnvkit writes them.

Only sequences with arms in the protocol are looked at: the ratio of sex chromosomes hangs
on the reference's sexes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

from equisite.core.errors import InputError
from equisite.core.tables import read_table
from equisite.variants.intervals import Interval

GAIN, LOSS = 0.2, -0.2
AMPLIFIED, DELETED = 0.7, -1.0
FOCAL_BASES = 3_000_000
GENE_BINS = 3
ARM_SHARE = 0.5
MANY_BINS = 3000
_LIMITS = ((-1.1, 0), (-0.25, 1), (0.2, 2), (0.7, 3))
"""Upper log2 ratios of 0, 1, 2 and 3 copies, cnvkit's for tumours of unknown purity."""
MAD_TO_SD = 1.4826


class Bin(NamedTuple):
    """Mean log2 ratio over a stretch of the reference; cnvkit left noisy bins out."""

    contig: str
    start: int
    end: int
    log2: float
    weight: float = 1.0


class Arm(NamedTuple):
    """A chromosome arm by the protocol's table."""

    name: str
    contig: str
    start: int
    end: int


@dataclass(frozen=True)
class CopyNumber:
    """Features of one tumour.

    arms: gain (1), loss (-1), neither (0), or None where nothing could be told. genes: the
    same for focal amplifications and deep deletions. ploidy: length-weighted mean copies.
    burden: share of the segmented genome off balance. breaks: segments per 10 Mb.
    """

    arms: Mapping[str, int | None]
    genes: Mapping[str, int | None]
    ploidy: float | None
    burden: float | None
    breaks: float | None


def read_bins(path: Path) -> list[Bin]:
    """Bins (`.cnr`) or segments (`.cns`) of cnvkit, on their own sequences, sorted.

    Raises InputError COPIES_UNREADABLE.
    """
    try:
        columns, rows = read_table(path)
        if not {"chromosome", "start", "end", "log2"} <= set(columns):
            raise InputError("COPIES_UNREADABLE")
        bins = [
            Bin(
                row["chromosome"],
                int(row["start"]),
                int(row["end"]),
                float(row["log2"]),
                float(row.get("weight") or 1.0),
            )
            for row in rows
        ]
    except (ValueError, KeyError):
        raise InputError("COPIES_UNREADABLE") from None
    return sorted(bins)


def method_for(bins: int) -> str:
    """How cnvkit segments: a hidden Markov model needs many bins, haar wavelets few.

    Both run without R; its default (CBS) does not.
    """
    return "hmm-tumor" if bins >= MANY_BINS else "haar"


def reference_kind(normals: int) -> str:
    """What the ratios are taken over: `pooled` from five normals on, else `flat`.

    One to four normals say which bins are noisy, but their own noise is no reference.
    """
    return "pooled" if normals >= 5 else "flat"


def spread_of(bins: Sequence[Bin]) -> float | None:
    """Robust SD of the differences of neighbouring bins, over the square root of two.

    Jumps between segments hardly move it. None with fewer than three bins on a sequence.
    """
    steps = [abs(b.log2 - a.log2) for a, b in pairwise(bins) if a.contig == b.contig]
    return MAD_TO_SD * median(steps) / math.sqrt(2) if len(steps) >= 2 else None


def copies_of(log2: float) -> int:
    """Whole copies of a segment, purity unknown.

    >>> [copies_of(x) for x in (-2.0, -0.5, 0.0, 0.5, 1.0)]
    [0, 1, 2, 3, 4]
    """
    for limit, copies in _LIMITS:
        if log2 <= limit:
            return copies
    return math.ceil(2 * 2**log2)


def weighted_median(values: Iterable[tuple[float, float]]) -> float | None:
    """Smallest value at which half of the weight is reached; None without weight."""
    ordered = sorted(v for v in values if v[1] > 0)
    half = math.fsum(weight for _, weight in ordered) / 2
    reached = 0.0
    for value, weight in ordered:
        reached += weight
        if reached >= half:
            return value
    return None


def arm_state(arm: Arm, bins: Sequence[Bin], segments: Sequence[Bin]) -> int | None:
    """1, -1 or 0 for one arm; None without a bin on it.

    The length-weighted median of its bins is beyond +-0.2, and segments beyond it on that
    side cover half or more of the segmented arm.
    """
    mine = [b for b in bins if b.contig == arm.contig and arm.start <= b.start < arm.end]
    middle = weighted_median((b.log2, b.end - b.start) for b in mine)
    if middle is None:
        return None
    covered = dict.fromkeys((GAIN, LOSS, 0.0), 0)
    for segment in segments:
        length = min(segment.end, arm.end) - max(segment.start, arm.start)
        if segment.contig == arm.contig and length > 0:
            side = GAIN if segment.log2 >= GAIN else LOSS if segment.log2 <= LOSS else 0.0
            covered[side] += length
    total = sum(covered.values())
    if middle >= GAIN and covered[GAIN] >= ARM_SHARE * total:
        return 1
    if middle <= LOSS and covered[LOSS] >= ARM_SHARE * total:
        return -1
    return 0


def gene_state(span: Interval, bins: Sequence[Bin], segments: Sequence[Bin]) -> int | None:
    """1 for a focal amplification, -1 for a deep deletion, else 0; None below three bins.

    Focal: the segment over the gene's middle is shorter than 3 Mb.
    """
    contig, start, end = span
    mine = [b for b in bins if b.contig == contig and b.start < end and b.end > start]
    weight = math.fsum(b.weight for b in mine)
    if len(mine) < GENE_BINS or weight <= 0:
        return None
    mean = math.fsum(b.log2 * b.weight for b in mine) / weight
    middle = (start + end) // 2
    over = [s for s in segments if s.contig == contig and s.start <= middle < s.end]
    if mean <= DELETED:
        return -1
    if mean >= AMPLIFIED and over and over[0].end - over[0].start < FOCAL_BASES:
        return 1
    return 0


def copy_number(
    bins: Sequence[Bin],
    segments: Sequence[Bin],
    arms: Sequence[Arm],
    genes: Mapping[str, Interval],
) -> CopyNumber:
    """All features of one tumour."""
    known = {arm.contig for arm in arms}
    kept = [b for b in bins if b.contig in known]
    pieces = [s for s in segments if s.contig in known]
    length = sum(s.end - s.start for s in pieces)
    return CopyNumber(
        {arm.name: arm_state(arm, kept, pieces) for arm in arms},
        {
            gene: gene_state(span, kept, pieces) if span[0] in known else None
            for gene, span in genes.items()
        },
        _mean(pieces, length, lambda s: float(copies_of(s.log2))),
        _mean(pieces, length, lambda s: float(not LOSS < s.log2 < GAIN)),
        len(pieces) / (length / 1e7) if length else None,
    )


def _mean(pieces: Sequence[Bin], length: int, value: Callable[[Bin], float]) -> float | None:
    if not length:
        return None
    return math.fsum(value(s) * (s.end - s.start) for s in pieces) / length
