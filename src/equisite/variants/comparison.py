"""Precision and recall of calls against a truth, with intervals, by haplotype replay.

Truth records and call records are counted apart: recall over the truth, precision over the
calls. A record counts if its position lies in the territory; records outside still take part
in the replay, so that a change written across a border is not charged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from equisite.variants.alleles import Edit, Reference, left_shifted
from equisite.variants.intervals import Territory
from equisite.variants.replay import Placed, clusters, matched, place
from equisite.variants.strata import Strata
from equisite.variants.vcf import Genotype

SNP, INDEL = "snp", "indel"


@dataclass(frozen=True)
class Tally:
    """Counts of one kind. found, missed: truth records; right, wrong: call records."""

    found: int = 0
    missed: int = 0
    right: int = 0
    wrong: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.found + other.found,
            self.missed + other.missed,
            self.right + other.right,
            self.wrong + other.wrong,
        )

    @property
    def recall(self) -> float | None:
        """Share of the truth that was found; None without truth."""
        return _share(self.found, self.missed)

    @property
    def precision(self) -> float | None:
        """Share of the calls that are right; None without calls."""
        return _share(self.right, self.wrong)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; 0 if nothing matches, None without both."""
        if self.recall is None and self.precision is None:
            return None
        total = (self.recall or 0.0) + (self.precision or 0.0)
        return 2 * (self.recall or 0.0) * (self.precision or 0.0) / total if total else 0.0


Tallies = dict[str, Tally]
"""One tally per kind, and per label of strata."""


def compare_genotypes(
    truth: Iterable[Genotype],
    calls: Iterable[Genotype],
    reference: Reference,
    territory: Territory,
    strata: Strata | None = None,
) -> list[Tallies]:
    """One entry per cluster: alleles and their copies must both agree.

    strata: records count under its labels, too.
    """
    return _tallied(
        [place(r, r.edits, reference) for r in truth],
        [place(r, r.edits, reference) for r in calls],
        reference,
        _Counter(territory, strata),
    )


def compare_alleles(
    truth: Iterable[Genotype],
    calls: Iterable[Genotype],
    reference: Reference,
    territory: Territory,
    strata: Strata | None = None,
) -> list[Tallies]:
    """One entry per allele or cluster: each carried allele once, whatever its copies.

    Alleles that are equal after left-shifting match; the rest is replayed as homozygous.
    """
    counter = _Counter(territory, strata)
    waiting = _alleles(truth, reference)
    offered = _alleles(calls, reference)
    common = Counter(_canonical(p, reference) for p in waiting)
    common &= Counter(_canonical(p, reference) for p in offered)
    entries = []
    rest: dict[bool, list[Placed]] = {True: [], False: []}
    for side, is_truth in ((waiting, True), (offered, False)):
        left = Counter(common)
        for placed in side:
            key = _canonical(placed, reference)
            if left[key]:
                left[key] -= 1
                entries.append(counter.entry([(placed, is_truth, True)]))
            else:
                rest[is_truth].append(placed)
    return [e for e in entries if e] + _tallied(rest[True], rest[False], reference, counter)


def total(entries: Iterable[Tallies]) -> Tallies:
    """Sum over clusters by kind, and by label where there are any; both kinds present."""
    summed = {SNP: Tally(), INDEL: Tally()}
    for entry in entries:
        for kind, tally in entry.items():
            summed[kind] = summed.get(kind, Tally()) + tally
    return summed


def bootstrap_f1(
    entries: Sequence[Tallies], kind: str, *, rounds: int, seed: int
) -> tuple[float, float] | None:
    """95 % percentile interval of F1, clusters drawn with replacement.

    None where there is nothing to draw from.
    """
    import numpy as np

    counts = np.array(
        [[t.found, t.missed, t.right, t.wrong] for e in entries if (t := e.get(kind))], float
    )
    if not len(counts):
        return None
    rng = np.random.default_rng(seed)
    drawn = np.empty(rounds)
    for number in range(rounds):
        weights = np.bincount(
            rng.integers(len(counts), size=len(counts)), minlength=len(counts)
        )
        found, missed, right, wrong = (weights[:, None] * counts).sum(axis=0)
        recall = found / max(found + missed, 1)
        precision = right / max(right + wrong, 1)
        both = recall + precision
        drawn[number] = 2 * recall * precision / both if both else 0.0
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None


def _alleles(records: Iterable[Genotype], reference: Reference) -> list[Placed]:
    return [
        place(record, (edit, edit), reference)
        for record in records
        for edit in dict.fromkeys(record.edits)
        if edit is not None
    ]


def _canonical(placed: Placed, reference: Reference) -> Edit:
    edit = placed.copies[0]
    if edit is None:
        raise ValueError("an allele that changes nothing")
    return left_shifted(edit, reference)


def _tallied(
    truth: Sequence[Placed],
    calls: Sequence[Placed],
    reference: Reference,
    counter: _Counter,
) -> list[Tallies]:
    entries = []
    for cluster in clusters(truth, calls):
        truth_matched, calls_matched = matched(cluster, reference)
        judged = [(p, True, ok) for p, ok in zip(cluster.truth, truth_matched, strict=True)]
        judged += [(p, False, ok) for p, ok in zip(cluster.calls, calls_matched, strict=True)]
        entry = counter.entry(judged)
        if entry:
            entries.append(entry)
    return entries


@dataclass(frozen=True)
class _Counter:
    """Counts judged records that lie in the territory, by kind and label."""

    territory: Territory
    strata: Strata | None

    def entry(self, judged: Iterable[tuple[Placed, bool, bool]]) -> Tallies:
        """Tallies of records, each with whether it is of the truth and whether it matched."""
        entry: Tallies = {}
        for placed, is_truth, ok in judged:
            if not self.territory.holds(placed.record.contig, placed.record.position):
                continue
            kind = INDEL if any(e is not None and e.is_indel for e in placed.copies) else SNP
            one = (
                Tally(found=int(ok), missed=int(not ok))
                if is_truth
                else Tally(right=int(ok), wrong=int(not ok))
            )
            for label in (kind, *(self.strata.labels(placed) if self.strata else ())):
                entry[label] = entry.get(label, Tally()) + one
        return entry
