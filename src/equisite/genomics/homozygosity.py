"""Runs of homozygosity: how much of the genome came to a person twice from one ancestor.

A chain of two states along each autosome: outbred, or autozygous, where both copies are one.
Only substitutions that were called are looked at, so the same is done for genomes, exomes and
given calls. Model of Narasimhan et al. 2016 (doi:10.1093/bioinformatics/btw044), conditioned
on a substitution being there, with one frequency for all: frequencies of a panel mislead where
a person's ancestry is another one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from equisite.variants.intervals import Territory
from equisite.variants.vcf import Genotype

LEAST_SPAN = 1_000_000
"""Bases from which a run counts: shorter ones are common haplotypes met twice."""
LEAST_TERRITORY = 1_000_000
"""Autosomal bases below which nothing is said."""
_LARGEST_GAP = 500_000
"""Bases without a substitution at which a run ends: centromeres and what was not read."""
_FREQUENCY = 0.4
_WRONG = 0.01
"""Share of heterozygous calls in a run: errors of calling and mapping, new mutations."""
_MEAN_RUN, _SHARE = 5e6, 0.01
"""Expected length of a run in bases, and share of the genome in runs, before looking."""

_OUT = 1 / _MEAN_RUN
_IN = _OUT * _SHARE / (1 - _SHARE)
_HOM = _FREQUENCY / (2 - _FREQUENCY)  # p2 / (p2 + 2pq)
_SEEN = {
    True: (math.log(_HOM), math.log(1 - _WRONG)),
    False: (math.log(1 - _HOM), math.log(_WRONG)),
}
"""Log-likelihood outbred and autozygous, by whether a genotype is homozygous."""


@dataclass(frozen=True)
class Run:
    """Bases [start, end) from the first to the last substitution of a run; 0-based."""

    contig: str
    start: int
    end: int


def roh_bases(records: Iterable[Genotype], autosomes: Territory) -> int | None:
    """Bases of the autosomal territory inside runs of `LEAST_SPAN` or more.

    records: sorted, one allele each. None with less than `LEAST_TERRITORY` bases, or without
    a substitution: then nothing tells a run from one that was not looked at.
    """
    if autosomes.size < LEAST_TERRITORY:
        return None
    places = list(_places(records, autosomes))
    if not places:
        return None
    long = [r for r in runs(places) if r.end - r.start >= LEAST_SPAN]
    return Territory.of((r.contig, r.start, r.end) for r in long).intersect(autosomes).size


def _places(
    records: Iterable[Genotype], autosomes: Territory
) -> Iterator[tuple[str, int, bool]]:
    """Sequence, position and whether homozygous, of each base with a substitution."""
    last = ("", -1)
    for record in records:
        here = (record.contig, record.position)
        single = len(record.alleles[0]) == 1 and not record.is_indel
        if single and here != last and autosomes.holds(*here):
            last = here
            yield *here, set(record.copies) == {1}


def runs(places: Iterable[tuple[str, int, bool]]) -> Iterator[Run]:
    """Runs along the likeliest path, chunk by chunk between gaps."""
    chunk: list[tuple[int, bool]] = []
    name = ""
    for contig, position, homozygous in places:
        if chunk and (contig != name or position - chunk[-1][0] > _LARGEST_GAP):
            yield from _runs_of(name, chunk)
            chunk = []
        name = contig
        chunk.append((position, homozygous))
    if chunk:
        yield from _runs_of(name, chunk)


def _runs_of(contig: str, chunk: list[tuple[int, bool]]) -> Iterator[Run]:
    """Viterbi over one chunk of positions, in logarithms."""
    outbred, run = math.log(1 - _SHARE), math.log(_SHARE)
    came: list[tuple[bool, bool]] = []  # whether the best way into each state came from a run
    before = chunk[0][0]
    for position, homozygous in chunk:
        moved = -math.expm1(-(_IN + _OUT) * (position - before)) / (_IN + _OUT)
        enter, leave = _IN * moved, _OUT * moved
        stay_out, from_run = outbred + math.log1p(-enter), run + _log(leave)
        stay_in, from_outbred = run + math.log1p(-leave), outbred + _log(enter)
        came.append((from_run > stay_out, stay_in >= from_outbred))
        seen = _SEEN[homozygous]
        outbred = max(stay_out, from_run) + seen[0]
        run = max(stay_in, from_outbred) + seen[1]
        before = position
    inside = run > outbred
    end = 0
    for at in range(len(chunk) - 1, -1, -1):
        if inside and not end:
            end = chunk[at][0] + 1
        earlier = came[at][inside] if at else False
        if inside and not earlier:
            yield Run(contig, chunk[at][0], end)
            end = 0
        inside = earlier


def _log(share: float) -> float:
    return math.log(share) if share > 0 else -math.inf
