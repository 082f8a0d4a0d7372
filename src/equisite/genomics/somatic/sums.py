"""What windows of a pair add up to: the facts by which it is judged.

Every part is a sum of whole numbers, so that shares of a genome, put together in any way, give
what one pass over it gives, to the last bit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from equisite.core.atomic import write_bytes
from equisite.core.canonical import canonical_json
from equisite.genomics.somatic import contamination
from equisite.genomics.somatic.compiled import compiled
from equisite.genomics.somatic.evidence import Side, Window
from equisite.genomics.somatic.records import (
    FLAG,
    LENGTH,
    NAME,
    POS,
    QUAL,
    SEQ,
    Bytes,
    Numbers,
)
from equisite.protocol.somatic import Somatic

GENOTYPED = 10
"""Fragments that a genotype needs in each sample."""
HOMOZYGOUS, HET_LOW, HET_HIGH = 0.9, 0.25, 0.75
FEWEST = 20
"""Genotypes from which on identity is judged."""
UNIT = 1 << 30
"""Likelihoods are added as whole numbers of 1/UNIT: sums of reals would hang on their order.
A site is above -10 (`contamination.STRANGE`), so that 10^8 sites fit into 63 bits."""
_DEPTHS = 256

Frequencies = Mapping[str, tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.float64]]]
"""By sequence: rising positions, code of the changed base, its population frequency."""


def _two() -> Numbers:
    return np.zeros(2, np.int64)


def _grid() -> Numbers:
    return np.zeros(len(contamination.GRID), np.int64)


def _depths() -> Numbers:
    return np.zeros(_DEPTHS, np.int64)


@dataclass
class Gathered:
    """What windows add up to.

    compared, equal: genotypes at the sites of the normal and of the tumour. shown, absent:
    alleles that one shows as a germline would, and of which the other has none. foreign, sites:
    log-likelihood of contamination at each c of the grid, in 1/UNIT, and from how many sites.
    forward, reverse: variants of one sample alone that no germline would show. normal_depths:
    histogram where the tumour is callable; tumour_depths: over the territory. reads, shared: of
    the normal, and those found in the tumour. callable_pair, callable_alone: bases.
    """

    compared: Numbers = field(default_factory=_two)
    equal: Numbers = field(default_factory=_two)
    shown: Numbers = field(default_factory=_two)
    absent: Numbers = field(default_factory=_two)
    foreign: Numbers = field(default_factory=_grid)
    sites: int = 0
    forward: int = 0
    reverse: int = 0
    normal_depths: Numbers = field(default_factory=_depths)
    tumour_depths: Numbers = field(default_factory=_depths)
    reads: int = 0
    shared: int = 0
    callable_pair: int = 0
    callable_alone: int = 0

    @classmethod
    def total(cls, parts: Iterable[Gathered]) -> Gathered:
        """Sums over shares."""
        whole = cls()
        for part in parts:
            for each in fields(cls):
                value = getattr(whole, each.name) + getattr(part, each.name)
                setattr(whole, each.name, value)
        return whole

    @classmethod
    def read(cls, path: Path) -> Gathered:
        """Sums that `write` wrote."""
        found = json.loads(path.read_bytes())
        sums = cls()
        for each in fields(cls):
            value = found[each.name]
            setattr(sums, each.name, np.array(value) if isinstance(value, list) else value)
        return sums

    def write(self, path: Path) -> None:
        """Write the sums as canonical JSON."""
        numbers = {f.name: np.asarray(getattr(self, f.name)).tolist() for f in fields(self)}
        write_bytes(path, canonical_json(numbers))

    def add(self, window: Window, settings: Somatic, known: Frequencies) -> None:
        """Add what one window says of the pair, but for the variants of one sample alone."""
        self._depths(window, settings.thresholds.callable_tumour)
        self._genotypes(window)
        self._foreign(window, known)
        ours, theirs = (_prints(side, window) for side in (window.tumour, window.normal))
        self.reads += len(theirs)
        self.shared += len(np.intersect1d(theirs, ours, assume_unique=True))

    def _depths(self, window: Window, enough: int) -> None:
        tumour = window.tumour.counts.sum(axis=1)[window.inside]
        normal = window.normal.counts.sum(axis=1)[window.inside]
        self.tumour_depths += _histogram(tumour)
        self.normal_depths += _histogram(normal[tumour >= enough])

    def _genotypes(self, window: Window) -> None:
        """Compare where one sample is not homozygous for the reference, each in its turn.

        At the normal's sites the tumour's own mutations do not matter, however many it has;
        at the tumour's they do not if the samples are exchanged.
        """
        for turn, (one, other) in enumerate(
            ((window.normal, window.tumour), (window.tumour, window.normal))
        ):
            places, alt = _variable(window, one)
            fractions = []
            for side in (one, other):
                changed = side.counts[places, alt]
                total = changed + side.counts[places, window.codes[places]]
                fractions.append(
                    np.where(total >= GENOTYPED, changed / np.maximum(total, 1), -1)
                )
            self.shown[turn] += int(((fractions[0] >= HET_LOW) & (fractions[1] >= 0)).sum())
            self.absent[turn] += int(((fractions[0] >= HET_LOW) & (fractions[1] == 0)).sum())
            ours, theirs = (_genotype(f) for f in fractions)
            both = (ours > 0) & (theirs >= 0)
            self.compared[turn] += int(both.sum())
            self.equal[turn] += int((both & (ours == theirs)).sum())

    @property
    def identity(self) -> tuple[int, float]:
        """Sites and share of equal genotypes, in the turn that speaks for one person."""
        turns = [(int(n), int(e)) for n, e in zip(self.compared, self.equal, strict=True)]
        enough = [(n, equal / n) for n, equal in turns if n >= FEWEST]
        fewest = min(n for n, _ in turns)
        return max(enough, key=lambda turn: turn[1]) if enough else (fewest, 0.0)

    def _foreign(self, window: Window, known: Frequencies) -> None:
        places, alt = _variable(window, window.normal)
        ref = window.codes[places]
        normal, tumour = window.normal.counts, window.tumour.counts
        changed = normal[places, alt]
        listed = _listed(window, known)
        sure = (normal[places, ref] == 0) & (changed >= GENOTYPED)
        for place, base in zip(places[sure].tolist(), alt[sure].tolist(), strict=True):
            other = int(tumour[place, window.codes[place]])
            frequency = listed.get((place, base))
            prior = contamination.UNKNOWN
            if frequency is not None:
                prior = contamination.hardy_weinberg(1 - frequency)
            self._site(other, other + int(tumour[place, base]), prior)
        for (place, base), frequency in sorted(listed.items()):
            ref_base = window.codes[place]
            if normal[place, base] == 0 and normal[place, ref_base] >= GENOTYPED:
                other = int(tumour[place, base])
                total = other + int(tumour[place, ref_base])
                self._site(other, total, contamination.hardy_weinberg(frequency))

    def _site(self, other: int, total: int, prior: tuple[float, float, float]) -> None:
        if total >= GENOTYPED:
            likelihoods = contamination.site_likelihoods(other, total, prior)
            self.foreign += np.rint(likelihoods * UNIT).astype(np.int64)
            self.sites += 1

    @property
    def contamination(self) -> float | None:
        """Share of foreign fragments in the tumour."""
        return contamination.best(self.foreign / UNIT, self.sites)


def _histogram(depths: NDArray[np.int32]) -> NDArray[np.int64]:
    return np.bincount(np.minimum(depths, _DEPTHS - 1), minlength=_DEPTHS).astype(np.int64)


def median(histogram: NDArray[np.int64]) -> float:
    """Median of a histogram of whole numbers; 0 where it is empty."""
    total = int(histogram.sum())
    if not total:
        return 0.0
    return float(np.searchsorted(histogram.cumsum(), (total + 1) // 2))


def _variable(window: Window, side: Side) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the territory at which a sample shows a changed base, and the commonest."""
    codes = np.minimum(window.codes, 3)
    changed = side.counts.copy()
    changed[np.arange(len(changed)), codes] = 0
    alt = changed.argmax(axis=1)
    most = changed[np.arange(len(changed)), alt]
    places = np.flatnonzero((most >= 2) & window.inside & (window.codes < 4))
    return places, alt[places]


def _genotype(fraction: NDArray[np.float64]) -> NDArray[np.int64]:
    """0, 1 or 2 changed alleles; -1 where the fraction tells none."""
    found = np.full(len(fraction), -1)
    found[(fraction >= 0) & (fraction < 1 - HOMOZYGOUS)] = 0
    found[(fraction >= HET_LOW) & (fraction <= HET_HIGH)] = 1
    found[fraction > HOMOZYGOUS] = 2
    return found


def _listed(window: Window, known: Frequencies) -> dict[tuple[int, int], float]:
    """Frequencies of the population's alleles in a window, by place in it and base."""
    if window.contig not in known:
        return {}
    positions, bases, shares = known[window.contig]
    low, high = np.searchsorted(positions, [window.start, window.end])
    return {
        (int(positions[at]) - window.start, int(bases[at])): float(shares[at])
        for at in range(low, high)
        if window.inside[int(positions[at]) - window.start]
    }


def _prints(side: Side, window: Window) -> Numbers:
    """Reads that begin in the window's territory, each as one number."""
    found: Numbers = np.unique(
        read_prints(side.reads.buffer, side.reads.table, window.start, window.inside)
    )
    return found


@compiled
def read_prints(
    buffer: Bytes, table: Numbers, start: int, inside: NDArray[np.bool_]
) -> Numbers:
    """Hash of name, position, flag, bases and qualities of each read that begins inside.

    inside: bool by position, from `start` on.

    Amplicons give the same bases at the same place in every sample, hence the name too.
    """
    found = np.empty(len(table), np.int64)
    count = 0
    for number in range(len(table)):
        row = table[number]
        at = row[POS] - start
        if at < 0 or at >= len(inside) or not inside[at]:
            continue
        hashed = np.uint64(14695981039346656037)  # FNV-1a
        hashed = (hashed ^ np.uint64(row[NAME])) * np.uint64(1099511628211)
        hashed = (hashed ^ np.uint64(row[POS])) * np.uint64(1099511628211)
        hashed = (hashed ^ np.uint64(row[FLAG])) * np.uint64(1099511628211)
        for place in range(row[SEQ], row[QUAL] + row[LENGTH]):
            hashed = (hashed ^ np.uint64(buffer[place])) * np.uint64(1099511628211)
        found[count] = np.int64(hashed)
        count += 1
    return found[:count].copy()
