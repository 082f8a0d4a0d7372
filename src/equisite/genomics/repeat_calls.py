"""The final calls with repeats genotyped anew where the reads that span them are sure.

Answers pass stretch by stretch: memory does not grow with the genome. A record is written anew
only where its stretch is overruled; every other line stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from equisite.genomics.repeat_genotypes import (
    Judged,
    Stretch,
    is_substitution,
    judge,
    overruled,
    repeat_stretches,
)
from equisite.genomics.second_caller import Answer, Call
from equisite.genomics.spanning import Observed, ReadsInOrder, observe
from equisite.variants.alignment import edits_between
from equisite.variants.alleles import Edit
from equisite.variants.reconcile import NOISE, READS
from equisite.variants.replay import Replay, place
from equisite.variants.vcf import Genotype

_BASES = frozenset("ACGT")


def by_length(
    answered: Iterable[Answer], reads: Path, reference: Mapping[str, str]
) -> Iterator[Answer]:
    """The same answers, but where the reads are sure of others.

    reads: indexed BAM of the reads around all gaps, without duplicates.
    """
    import pysam

    with pysam.AlignmentFile(str(reads)) as bam:
        around = ReadsInOrder(bam)
        for answer in answered:
            calls = list(answer.calls)
            for old, new in _changes(answer, around, reference):
                calls = [(r, text) for r, text in calls if r.line not in old] + new
            yield replace(answer, calls=calls)


def _is_heard(record: Genotype) -> bool:
    """Whether what a caller said is more than noise, and changes known bases."""
    return record.quality >= NOISE and set(record.alleles[0]) <= _BASES


def _changes(
    answer: Answer, reads: ReadsInOrder, reference: Mapping[str, str]
) -> Iterator[tuple[set[str], list[Call]]]:
    """Lines of records that go, and records that come instead, by stretch."""
    sequence = reference[answer.contig]
    final = [place(r, r.edits, reference) for r, _ in answer.calls]
    heard = [place(r, r.edits, reference) for r in answer.heard if _is_heard(r)]
    records = final + heard
    for stretch in repeat_stretches(records, sequence):
        inside = [placed for placed in records if stretch.holds(placed)]
        if any(len(placed.record.copies) != 2 for placed in inside):
            continue  # one copy: no pair of haplotypes
        replay = Replay(sequence, stretch.start, stretch.end)
        kept = [placed for placed in final if stretch.holds(placed)]
        called = replay.pairs(kept)
        pairs = called | replay.pairs([p for p in heard if stretch.holds(p)])
        changed = {p.start for p in records if is_substitution(p) and not stretch.holds(p)}
        observed = observe(
            reads.over(answer.contig, stretch.start - 1, stretch.end + 1),
            sequence,
            stretch.start,
            stretch.end,
            changed,
        )
        judged = judge(observed, sequence[stretch.start : stretch.end], pairs)
        if judged is not None and overruled(judged, called):
            new = _records(answer.contig, stretch, judged, observed, reference)
            yield {placed.record.line for placed in kept}, new


def _records(
    contig: str,
    stretch: Stretch,
    judged: Judged,
    observed: Observed,
    reference: Mapping[str, str],
) -> list[Call]:
    """Records of the best pair of haplotypes; changes at one place share one record."""
    carried: dict[Edit, list[int]] = {}
    for number, bases in enumerate(judged.best):
        for edit in edits_between(contig, stretch.start, stretch.end, bases, reference):
            carried.setdefault(edit, []).append(number)
    sequence = reference[contig]
    same = sequence[stretch.start : stretch.end]
    quality = judged.phred((same, same))
    calls = []
    for _, group in groupby(sorted(carried), key=lambda edit: (edit.start, edit.is_indel)):
        edits = list(group)
        first = edits[0].start - any(edit.is_indel for edit in edits)
        last = max(edit.end for edit in edits)
        alts = [
            sequence[first : edit.start] + edit.alt + sequence[edit.end : last]
            for edit in edits
        ]
        one, two = sorted(
            next((n for n, e in enumerate(edits, 1) if number in carried[e]), 0)
            for number in (0, 1)
        )
        info = f"DP={observed.counts.total()};CONS={READS}"
        if any(edit.is_indel for edit in edits):
            info = f"INDEL;{info}"
        fields = [
            contig, str(first + 1), ".", sequence[first:last], ",".join(alts), str(quality),
            ".", info, "GT:DP", f"{one}/{two}:{observed.counts.total()}",
        ]  # fmt: skip
        text = "\t".join(fields)
        alleles = (sequence[first:last], *alts)
        calls.append((Genotype(contig, first, alleles, (one, two), text), text))
    return calls
