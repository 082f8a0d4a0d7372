"""Evidence for every allele that the tumour shows: counts, likelihoods and what speaks against.

Sites are judged one by one and a site sees all reads that overlap it, so that windows, shares
of the territory and threads never change a byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from equisite.genomics.somatic.alignment import BASES
from equisite.genomics.somatic.bases import MappedReference
from equisite.genomics.somatic.candidates import LOWEST_MAPQ, candidates
from equisite.genomics.somatic.haplotypes import REACH, haplotypes, repeats
from equisite.genomics.somatic.likelihood import Lods, Reals, lods
from equisite.genomics.somatic.records import Bytes, Numbers, Reads
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
from equisite.genomics.somatic.whole_reads import INDEL_LEVELS, vote
from equisite.protocol.somatic import Somatic
from equisite.variants.alleles import Edit

ERROR = 10 ** (-np.arange(QUALITY, HIGHEST + 1) / 10)
"""Probability of error at each level of `votes`: float64, (LEVELS,)."""
_MAP_ERROR = 10 ** (-np.arange(LOWEST_MAPQ, LOWEST_MAPQ + INDEL_LEVELS) / 10)
_INDEL_ERROR, _INDEL_WORST, _SHORT_REPEAT = 1e-4, 0.2, 3
"""Polymerase error of an indel: 1e-4 up to three units of a repeat, doubled by each more."""
MARGIN = 1000
"""Bases of the reference around a window in which gaps are shifted to the left."""


@dataclass(frozen=True)
class Evidence:
    """One allele of a tumour; position 0-based, indels with the base before.

    Numbers of fragments (alt, ref, depth) in both samples, LODs, mean mapping quality of alt
    and ref, median distance of alt to the end of its reads, mean differences of alt's reads
    (less its own) minus that of ref's, probability of the strands seen, fragments of alt with
    read 1 forward and reverse.
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

    @property
    def is_snv(self) -> bool:
        """Whether it replaces one base."""
        return len(self.ref) == len(self.alt) == 1

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
            _evidence(
                (window.contig, int(sites[site]), BASES[old], BASES[new]),
                (votes[[old, new]], int(votes.sum())),
                (here[[old, new]], int(here.sum())),
                judged,
                row,
                sums[[old, new]],
                (float(np.median(ends_of_alt)), excess),
            )
        )
    return found


def indels(window: Window, reference: MappedReference, settings: Somatic) -> Iterator[Evidence]:
    """Evidence for insertions and deletions whose leftmost place lies in the window."""
    limits = settings.thresholds
    origin = max(window.start - MARGIN, 0)
    text = reference.text(window.contig, origin, window.end + MARGIN)
    codes = reference.codes(window.contig, origin, window.end + MARGIN)
    tumour, normal = window.tumour, window.normal
    found: list[tuple[Edit, tuple[Counts, Counts], Counts, Reals]] = []
    for edit in candidates(
        tumour.reads,
        tumour.mate,
        window.contig,
        text,
        origin,
        fragments=limits.minimum_fragments_indel,
    ):
        place = edit.start - 1 - window.start
        if not (0 <= place < len(window.inside) and window.inside[place]):
            continue
        both = haplotypes(edit, codes, origin)
        ours = vote(tumour.reads, tumour.mate, both)
        if ours[0][1].sum() < max(
            limits.minimum_fragments_indel, limits.minimum_fraction * ours[0].sum()
        ):
            continue
        theirs, _ = vote(normal.reads, normal.mate, both)
        slips = 2.0 ** max(repeats(edit, text, origin) - _SHORT_REPEAT, 0)
        polymerase = min(_INDEL_ERROR * slips, _INDEL_WORST)
        found.append((edit, ours, theirs, np.maximum(polymerase, _MAP_ERROR)))
    if not found:
        return
    judged = lods(
        _both_sides([ours[0] for _, ours, _, _ in found]),
        _both_sides([theirs for _, _, theirs, _ in found]),
        np.stack([error for _, _, _, error in found]),
        settings.tumour_in_normal,
    )
    for row, (edit, ours, theirs, _) in enumerate(found):
        before = text[edit.start - 1 - origin]
        ref = before + text[edit.start - origin : edit.end - origin]
        yield _evidence(
            (edit.contig, edit.start - 1, ref, before + edit.alt),
            (ours[0], int(ours[0].sum())),
            (theirs, int(theirs.sum())),
            judged,
            row,
            ours[1],
            (float(REACH), 0.0),
        )


def _both_sides(votes: list[Counts]) -> tuple[Reals, Reals]:
    """Votes for the change and for the reference, each (allele, level)."""
    stacked = np.stack(votes).astype(float)
    return stacked[:, 1], stacked[:, 0]


def _levels(votes: Counts, at: Numbers, base: Numbers) -> Reals:
    return votes[at, base].reshape(-1, LEVELS).astype(float)


def _mean(total: int, votes: Counts) -> float:
    return float(total) / max(int(votes.sum()), 1)


def _evidence(
    allele: tuple[str, int, str, str],
    tumour: tuple[Counts, int],
    normal: tuple[Counts, int],
    judged: Lods,
    row: int,
    sums: Counts,
    rest: tuple[float, float],
) -> Evidence:
    """One row; votes and sums hold the reference first, then the change."""
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
