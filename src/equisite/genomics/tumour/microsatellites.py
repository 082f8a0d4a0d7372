"""Instability of mononucleotide repeats: lengths in the tumour's reads against the normal's.

A locus is unstable when its two distributions of length differ (two-sample Kolmogorov-Smirnov
statistic, asymptotic P, Benjamini-Hochberg over all loci of the patient).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.variants.alleles import Reference
from equisite.variants.intervals import Territory

if TYPE_CHECKING:
    from pysam import AlignedSegment

SHORTEST, LONGEST = 10, 30
FLANK = 3
"""Bases beyond the repeat at either end that a read must hold: else its length is not known."""
MINIMUM_READS = 20
MINIMUM_MAPPING_QUALITY = 20
LIMIT = 0.05
MOST_LOCI = 5000
"""More loci are thinned evenly: the standard error of a score of .2 is then .006."""
_RUNS = re.compile(rf"A{{{SHORTEST},}}|C{{{SHORTEST},}}|G{{{SHORTEST},}}|T{{{SHORTEST},}}")
_LEFT_OUT = 0x4 | 0x100 | 0x200 | 0x400 | 0x800

Lengths = Counter[int]


@dataclass(frozen=True, order=True)
class Locus:
    """A run of one base on the reference, [start, end)."""

    contig: str
    start: int
    end: int


@dataclass(frozen=True)
class Instability:
    """loci: with enough reads in both. unstable: of those, with differing lengths."""

    loci: int
    unstable: int


def find_loci(territory: Territory, reference: Reference, most: int = MOST_LOCI) -> list[Locus]:
    """Runs of 10 to 30 equal bases that lie in the territory, every k-th of too many."""
    found = []
    for contig, start, end in territory:
        for run in _RUNS.finditer(reference[contig], start, end):
            whole = reference[contig][run.start() - 1 : run.start()] != run[0][0]
            if whole and run.end() - run.start() <= LONGEST:
                found.append(Locus(contig, run.start(), run.end()))
    found.sort()
    step = -(-len(found) // most) if found else 1
    return found[::step]


def length_in(read: AlignedSegment, locus: Locus) -> int | None:
    """Bases of the repeat in one read; None when it does not reach past both ends.

    Bases inserted inside or at either edge of the repeat count, deleted ones are missing.
    """
    start, end = locus.start - FLANK, locus.end + FLANK
    if read.reference_end is None or read.reference_start > start or read.reference_end < end:
        return None
    at = read.reference_start
    length = locus.end - locus.start
    for operation, size in read.cigartuples or ():
        if operation in (0, 7, 8):
            at += size
        elif operation == 1:
            if locus.start <= at <= locus.end:
                length += size
        elif operation == 2:
            overlap = min(at + size, locus.end) - max(at, locus.start)
            length -= max(overlap, 0)
            at += size
        elif operation == 3:
            if at < end and at + size > start:
                return None
            at += size
    return length


def measure_lengths(path: Path, reference: Path, loci: Sequence[Locus]) -> list[Lengths]:
    """Lengths of every locus in the well mapped reads of a CRAM or BAM; one vote per pair."""
    import pysam

    measured = []
    with pysam.AlignmentFile(str(path), reference_filename=str(reference)) as reads:
        for locus in loci:
            by_pair: dict[str, int | None] = {}
            for read in reads.fetch(locus.contig, locus.start, locus.end):
                if read.flag & _LEFT_OUT or read.mapping_quality < MINIMUM_MAPPING_QUALITY:
                    continue
                length = length_in(read, locus)
                if length is None:
                    continue
                name = read.query_name or ""
                known = by_pair.setdefault(name, length)
                if known != length:
                    by_pair[name] = None  # the mates disagree
            measured.append(Counter(n for n in by_pair.values() if n is not None))
    return measured


def difference(one: Mapping[int, int], other: Mapping[int, int]) -> float:
    """P that two samples of lengths come from one distribution (Smirnov, asymptotic)."""
    import numpy as np
    from scipy.special import kolmogorov

    n, m = sum(one.values()), sum(other.values())
    lengths = sorted({*one, *other})
    first = np.cumsum([one.get(length, 0) for length in lengths]) / n
    second = np.cumsum([other.get(length, 0) for length in lengths]) / m
    largest = float(np.max(np.abs(first - second)))
    return float(kolmogorov(largest * float(np.sqrt(n * m / (n + m)))))


def rejected(p_values: Sequence[float], limit: float = LIMIT) -> int:
    """How many hypotheses fall at a false discovery rate (Benjamini and Hochberg 1995)."""
    ordered = sorted(p_values)
    n = len(ordered)
    return max((k for k, p in enumerate(ordered, 1) if p <= limit * k / n), default=0)


def instability(tumour: Iterable[Lengths], normal: Iterable[Lengths]) -> Instability:
    """Loci with 20 reads or more in both samples, and how many of them differ."""
    pairs = [
        (t, n)
        for t, n in zip(tumour, normal, strict=True)
        if t.total() >= MINIMUM_READS and n.total() >= MINIMUM_READS
    ]
    return Instability(len(pairs), rejected([difference(t, n) for t, n in pairs]))
