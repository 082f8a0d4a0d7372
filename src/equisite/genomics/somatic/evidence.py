"""Evidence for every allele that the tumour shows: counts, likelihoods and what speaks against.

Sites are judged one by one and a site sees all reads that overlap it, so that windows, shares
of the territory and threads never change a byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equisite.genomics.somatic.alignment import BASES
from equisite.genomics.somatic.bases import MappedReference
from equisite.genomics.somatic.likelihood import Lods, Reals, lods
from equisite.genomics.somatic.records import Bytes, Numbers, Reads
from equisite.genomics.somatic.rivals import Span
from equisite.genomics.somatic.votes import (
    DIFFERENCES,
    F1R2,
    F2R1,
    FORWARD,
    HIGHEST,
    LEVELS,
    MAPQ_SUM,
    QUALITY,
    REVERSE,
    Counts,
    count_votes,
    differences,
    gather_votes,
    mates,
)
from equisite.protocol.somatic import Somatic

ERROR = 10 ** (-np.arange(QUALITY, HIGHEST + 1) / 10)
"""Probability of error at each level of `votes`: float64, (LEVELS,)."""
MARGIN = 1000
"""Bases of the reference around a window in which gaps are shifted to the left."""


@dataclass(frozen=True)
class Evidence:
    """One allele of a tumour; position 0-based, indels with the base before.

    Numbers of fragments (alt, ref, depth) in both samples, LODs, mean mapping quality of alt
    and ref, median distance of alt to the end of its reads, mean differences of alt's reads
    (less its own) minus that of ref's, probability of the strands seen, fragments of alt with
    read 1 forward and reverse, bases behind `position` that an indel may touch in any of its
    ways of writing (0 for one base).
    """

    contig: str
    position: int
    ref: str
    alt: str
    alt_tumour: int
    ref_tumour: int
    depth_tumour: int
    alt_normal: int
    ref_normal: int
    depth_normal: int
    tlod: float
    nlod: float
    slod: float
    mapq_alt: float
    mapq_ref: float
    end_distance: float
    excess: float
    strand_p: float
    f1r2: int
    f2r1: int
    reach: int

    @property
    def is_snv(self) -> bool:
        """Whether it replaces one base."""
        return len(self.ref) == len(self.alt) == 1

    @property
    def place(self) -> Span:
        """Bases that an indel may touch."""
        return self.position + 1, self.position + 1 + self.reach

    @property
    def fraction(self) -> float:
        """Share of alt among the tumour's fragments of alt and ref."""
        return self.alt_tumour / (self.alt_tumour + self.ref_tumour)

    @property
    def edit(self) -> tuple[str, int, str, str]:
        """What the allele is known by elsewhere."""
        return self.contig, self.position, self.ref, self.alt


@dataclass(frozen=True)
class Side:
    """One sample's reads of a window, paired and counted.

    counts: votes by position of the window and base, int32 (position, 4).
    """

    reads: Reads
    mate: Numbers
    changes: Counts
    counts: Counts


@dataclass(frozen=True)
class Window:
    """A stretch of the reference and what both samples say there.

    inside: bool, which positions belong to the territory. codes: of the reference, (position,).
    """

    contig: str
    start: int
    end: int
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]]
    codes: Bytes
    tumour: Side
    normal: Side


def side_of(
    reads: Reads, reference: MappedReference, contig: str, start: int, end: int
) -> Side:
    """Pair and count the reads of one sample."""
    mate = mates(reads)
    origin = max(start - MARGIN, 0)
    codes = reference.codes(contig, origin, end + MARGIN)
    changes = differences(reads.buffer, reads.table, codes, origin)
    counts = count_votes(reads.buffer, reads.table, mate, start, end)
    return Side(reads, mate, changes, counts)


def substitutions(
    window: Window, settings: Somatic, *, reverse: bool = False
) -> list[Evidence]:
    """Evidence for single bases; reverse: with the samples exchanged, to find swapped pairs."""
    tumour, normal = window.tumour, window.normal
    if reverse:
        tumour, normal = normal, tumour
    limits = settings.thresholds
    total = tumour.counts.sum(axis=1)
    shown = tumour.counts >= np.maximum(
        limits.minimum_fragments_indel, limits.minimum_fraction * total[:, np.newaxis]
    )
    known = window.codes < 4
    shown[known, window.codes[known]] = False
    shown &= (window.inside & known)[:, np.newaxis]
    places = np.flatnonzero(shown.any(axis=1))
    if not len(places):
        return []
    sites = places.astype(np.int64) + window.start
    ours = gather_votes(
        tumour.reads.buffer, tumour.reads.table, tumour.mate, tumour.changes, sites
    )
    theirs = gather_votes(
        normal.reads.buffer, normal.reads.table, normal.mate, normal.changes, sites
    )
    at, alt = np.nonzero(shown[places])
    ref = window.codes[places[at]].astype(np.int64)
    judged = lods(
        (_levels(ours[0], at, alt), _levels(ours[0], at, ref)),
        (_levels(theirs[0], at, alt), _levels(theirs[0], at, ref)),
        ERROR,
        settings.tumour_in_normal,
    )
    numbers = zip(at.tolist(), alt.tolist(), ref.tolist(), strict=True)
    found = []
    for row, (site, new, old) in enumerate(numbers):
        votes, sums, ends = (part[site] for part in ours)
        here = theirs[0][site]
        ends_of_alt = np.repeat(np.arange(ends.shape[1]), ends[new])
        excess = _mean(sums[new, DIFFERENCES], votes[new]) - 1
        if votes[old].any():
            excess -= _mean(sums[old, DIFFERENCES], votes[old])
        found.append(
            evidence_of(
                (window.contig, int(sites[site]), BASES[old], BASES[new]),
                (votes[[old, new]], int(votes.sum())),
                (here[[old, new]], int(here.sum())),
                judged,
                row,
                sums[[old, new]],
                (float(np.median(ends_of_alt)), excess, 0),
            )
        )
    return found


def _levels(votes: Counts, at: Numbers, base: Numbers) -> Reals:
    return votes[at, base].reshape(-1, LEVELS).astype(float)


def _mean(total: int, votes: Counts) -> float:
    return float(total) / max(int(votes.sum()), 1)


def evidence_of(
    allele: tuple[str, int, str, str],
    tumour: tuple[Counts, int],
    normal: tuple[Counts, int],
    judged: Lods,
    row: int,
    sums: Counts,
    rest: tuple[float, float, int],
) -> Evidence:
    """One row; votes and sums hold the reference first, then the change.

    tumour, normal: votes (2, level) and all fragments. row: of the allele in `judged`. rest:
    distance to the end, excess of differences, and reach.
    """
    votes, depth = tumour
    theirs, their_depth = normal
    ref, alt = votes.sum(axis=1).tolist()
    return Evidence(
        *allele,
        alt,
        ref,
        depth,
        int(theirs[1].sum()),
        int(theirs[0].sum()),
        their_depth,
        float(judged.tumour[row]),
        float(judged.normal[row]),
        float(judged.somatic[row]),
        float(sums[1, MAPQ_SUM]) / max(alt, 1),
        float(sums[0, MAPQ_SUM]) / max(ref, 1),
        rest[0],
        rest[1],
        strand_probability(alt, ref, sums),
        int(sums[1, F1R2]),
        int(sums[1, F2R1]),
        rest[2],
    )


def strand_probability(alt: int, ref: int, sums: Counts) -> float:
    """Chance that all fragments of alt lie on one strand alone; 1 where they do not.

    q^n with q the share of the reference's fragments on that strand alone, n those of alt:
    Fisher's test says nothing on few reads.
    """
    for strand in (FORWARD, REVERSE):
        if alt and sums[1, strand] == alt:
            share = float(sums[0, strand]) / max(ref, 1)
            if 0 < share < 1:
                return share**alt
    return 1.0
