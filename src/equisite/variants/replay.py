"""Do two sets of records describe the same pair of haplotypes? Answered by replaying them.

The same change can be written in many ways (TCAC>CCAT, or two SNPs; a repeat shortened at
its left or right end). Records are compared by the sequences they lead to: within a cluster
of neighbouring records every phasing is written out, and two sides agree when one unordered
pair of haplotypes is common to both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from equisite.variants.alleles import Edit, Reference, apply_edits, left_shifted, span
from equisite.variants.vcf import Genotype

GAP = 20
"""Records whose spans lie at most this many bases apart belong to one cluster."""
MAX_HETEROZYGOUS = 9
"""More heterozygous records on a side: phasings are not written out."""
MAX_RECORDS = 13
"""More records in a cluster: no search for the largest part that agrees."""

Copies = tuple[Edit | None, Edit | None]
"""What the two haplotypes carry; None is the reference."""

Pair = tuple[str, str]
"""Bases of both haplotypes, in the order of the alphabet."""


@dataclass(frozen=True)
class Placed:
    """A record with the bases it may touch in any of its ways of writing."""

    record: Genotype
    copies: Copies
    start: int
    end: int


@dataclass(frozen=True)
class Cluster:
    """Neighbouring records of both sides on one sequence."""

    truth: tuple[Placed, ...]
    calls: tuple[Placed, ...]


def place(record: Genotype, copies: Copies, reference: Reference) -> Placed:
    """A record with its span; `copies` are the edits that count, at least one of them."""
    spans = [span(edit, reference) for edit in copies if edit is not None]
    return Placed(record, copies, min(s for s, _ in spans), max(e for _, e in spans))


def clusters(truth: Iterable[Placed], calls: Iterable[Placed]) -> list[Cluster]:
    """Group the records of both sides; the order of input does not matter."""
    tagged = [(p, True) for p in truth] + [(p, False) for p in calls]
    tagged.sort(
        key=lambda t: (t[0].record.contig, t[0].start, t[0].end, t[1], t[0].record.line)
    )
    groups: list[list[tuple[Placed, bool]]] = []
    contig, reach = "", 0
    for placed, side in tagged:
        if not groups or placed.record.contig != contig or placed.start - reach > GAP:
            groups.append([])
            contig, reach = placed.record.contig, placed.end
        reach = max(reach, placed.end)
        groups[-1].append((placed, side))
    return [
        Cluster(tuple(p for p, side in g if side), tuple(p for p, side in g if not side))
        for g in groups
    ]


def matched(cluster: Cluster, reference: Reference) -> tuple[list[bool], list[bool]]:
    """Which records of the truth and of the calls agree with the other side.

    All, if the sides agree as a whole; else the largest parts that agree (searched where the
    cluster is small enough); else records whose left-shifted alleles and copies are equal.
    """
    truth, calls = cluster.truth, cluster.calls
    if not truth or not calls:
        return [False] * len(truth), [False] * len(calls)
    if agree(cluster, reference):
        return [True] * len(truth), [True] * len(calls)
    replay = _replay_of(cluster, reference)
    if len(truth) + len(calls) <= MAX_RECORDS:
        kept_truth, kept_calls = _largest_parts(replay, truth, calls)
    else:
        kept_truth, kept_calls = _equal_records(truth, calls, reference)
    return (
        [bool(kept_truth >> i & 1) for i in range(len(truth))],
        [bool(kept_calls >> i & 1) for i in range(len(calls))],
    )


def agree(cluster: Cluster, reference: Reference) -> bool:
    """Whether all records of both sides together describe the same pair of haplotypes."""
    replay = _replay_of(cluster, reference)
    return not replay.pairs(cluster.truth).isdisjoint(replay.pairs(cluster.calls))


def _replay_of(cluster: Cluster, reference: Reference) -> Replay:
    members = cluster.truth + cluster.calls
    return Replay(
        reference[members[0].record.contig],
        min(p.start for p in members),
        max(p.end for p in members),
    )


class Replay:
    """Haplotype pairs that records make of bases [start, end); each is written out once."""

    def __init__(self, sequence: str, start: int, end: int) -> None:
        self._sequence, self._start, self._end = sequence, start, end
        self._written: dict[frozenset[Edit], str | None] = {}

    def pairs(self, side: Sequence[Placed], part: int = -1) -> set[Pair]:
        """Unordered haplotype pairs of the records whose bits are set in `part`.

        Empty where the records collide, or have too many phasings.
        """
        options: list[Sequence[Copies]] = [
            _orders(p.copies) for i, p in enumerate(side) if part >> i & 1
        ]
        if sum(len(o) > 1 for o in options) > MAX_HETEROZYGOUS:
            return set()
        for at, orders in enumerate(options):  # swapping both haplotypes gives the same pair
            if len(orders) > 1:
                options[at] = orders[:1]
                break
        found = set()
        for orders in product(*options):  # one way of handing out the copies per record
            one, two = (self._write([o[copy] for o in orders]) for copy in (0, 1))
            if one is not None and two is not None:
                found.add((min(one, two), max(one, two)))
        return found

    def _write(self, copies: Iterable[Edit | None]) -> str | None:
        """The haplotype with these edits; None if they collide or one comes twice."""
        carried = [edit for edit in copies if edit is not None]
        key = frozenset(carried)
        if len(key) < len(carried):
            return None
        if key not in self._written:
            self._written[key] = apply_edits(tuple(key), self._sequence, self._start, self._end)
        return self._written[key]


def _orders(copies: Copies) -> list[Copies]:
    """Distinct ways to hand a record's two copies to the two haplotypes."""
    return [copies] if copies[0] == copies[1] else [copies, copies[::-1]]


def _largest_parts(
    replay: Replay, truth: Sequence[Placed], calls: Sequence[Placed]
) -> tuple[int, int]:
    """Parts of both sides, as bit sets, that agree and hold the most records together.

    Among equals the one with more substitutions: those can be written in one way only, so
    that their agreement is the surer one; then the first in order of position.
    """
    best_call: dict[Pair, tuple[tuple[int, ...], int]] = {}
    for part in range(1, 1 << len(calls)):
        score = _score(calls, part)
        for pair in replay.pairs(calls, part):
            if pair not in best_call or score > best_call[pair][0]:
                best_call[pair] = score, part
    best: tuple[int, ...] = ()
    answer = (0, 0)
    for part in range(1, 1 << len(truth)):
        score = _score(truth, part)
        for pair in replay.pairs(truth, part):
            if pair in best_call:
                other_score, other = best_call[pair]
                both = (*(a + b for a, b in zip(score, other_score, strict=True)), *score)
                if both > best:
                    best, answer = both, (part, other)
    return answer


def _score(side: Sequence[Placed], part: int) -> tuple[int, int, int]:
    """Records, substitutions, and early places before late ones."""
    chosen = [i for i in range(len(side)) if part >> i & 1]
    substitutions = sum(
        all(e is None or not e.is_indel for e in side[i].copies) for i in chosen
    )
    early = sum(1 << (len(side) - i) for i in chosen)
    return len(chosen), substitutions, early


def _equal_records(
    truth: Sequence[Placed], calls: Sequence[Placed], reference: Reference
) -> tuple[int, int]:
    """Bit sets of records that are equal after left-shifting; each takes one partner."""
    waiting: dict[tuple[object, ...], list[int]] = {}
    for at, placed in enumerate(calls):
        waiting.setdefault(_canonical(placed.copies, reference), []).append(at)
    kept_truth = kept_calls = 0
    for at, placed in enumerate(truth):
        partners = waiting.get(_canonical(placed.copies, reference))
        if partners:
            kept_truth |= 1 << at
            kept_calls |= 1 << partners.pop(0)
    return kept_truth, kept_calls


def _canonical(copies: Copies, reference: Reference) -> tuple[object, ...]:
    shifted = [left_shifted(e, reference) for e in copies if e is not None]
    return (*sorted(shifted), len(copies) - len(shifted))
