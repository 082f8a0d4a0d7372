"""The final calls with repeats genotyped anew where the reads that span them are sure.

Sorted files are read once, stretch by stretch: memory does not grow with the genome. A record
is written anew only where its stretch is overruled; every other line stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import merge
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
from equisite.genomics.second_caller import stretches
from equisite.genomics.spanning import Observed, ReadsInOrder, observe
from equisite.variants.alignment import edits_between
from equisite.variants.alleles import Edit
from equisite.variants.reconcile import NOISE, READS
from equisite.variants.replay import Replay, place
from equisite.variants.vcf import Genotype, open_text, read_genotypes

Line = tuple[int, tuple[str, ...], str]
"""Position, alleles and text of a record."""


def write_by_length(
    reconciled: Path,
    callers: Sequence[Path],
    reads: Path,
    reference: Mapping[str, str],
    write: Callable[[str], object],
) -> int:
    """Write the final calls as VCF; returns the number of stretches that changed.

    reconciled: the callers' common answer. callers: what each of them said, sorted as it is.
    reads: indexed BAM of the reads around all gaps, without duplicates.
    """
    import pysam

    for line in open_text(reconciled):
        if not line.startswith("#"):
            break
        write(f"{line}\n")
    order = {name: number for number, name in enumerate(reference)}
    said = merge(
        *(_heard(path) for path in callers), key=lambda r: (order[r.contig], r.position)
    )
    changed = 0
    with pysam.AlignmentFile(str(reads)) as bam:
        around = ReadsInOrder(bam)
        for contig, ours, theirs in stretches(reference, read_genotypes(reconciled), said):
            lines = [(r.position, r.alleles, r.line) for r in ours]
            for old, new in _changes(contig, ours, theirs, around, reference):
                lines = [line for line in lines if line[2] not in old] + new
                changed += 1
            for _, _, line in sorted(lines):
                write(f"{line}\n")
    return changed


def _heard(path: Path) -> Iterator[Genotype]:
    """Records of a caller that are more than noise, and change known bases."""
    bases = frozenset("ACGT")
    return (
        r for r in read_genotypes(path) if r.quality >= NOISE and set(r.alleles[0]) <= bases
    )


def _changes(
    contig: str,
    ours: Iterable[Genotype],
    theirs: Iterable[Genotype],
    reads: ReadsInOrder,
    reference: Mapping[str, str],
) -> Iterator[tuple[set[str], list[Line]]]:
    """Lines that go and records that come instead, by stretch."""
    sequence = reference[contig]
    final = [place(r, r.edits, reference) for r in ours]
    heard = [place(r, r.edits, reference) for r in theirs]
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
            reads.over(contig, stretch.start - 1, stretch.end + 1),
            sequence,
            stretch.start,
            stretch.end,
            changed,
        )
        judged = judge(observed, sequence[stretch.start : stretch.end], pairs)
        if judged is not None and overruled(judged, called):
            lines = _records(contig, stretch, judged, observed, reference)
            yield {placed.record.line for placed in kept}, lines


def _records(
    contig: str,
    stretch: Stretch,
    judged: Judged,
    observed: Observed,
    reference: Mapping[str, str],
) -> list[Line]:
    """Records of the best pair of haplotypes; changes at one place share one record."""
    carried: dict[Edit, list[int]] = {}
    for number, bases in enumerate(judged.best):
        for edit in edits_between(contig, stretch.start, stretch.end, bases, reference):
            carried.setdefault(edit, []).append(number)
    sequence = reference[contig]
    same = sequence[stretch.start : stretch.end]
    quality = judged.phred((same, same))
    lines = []
    for _, group in groupby(sorted(carried), key=lambda edit: (edit.start, edit.is_indel)):
        edits = list(group)
        first = edits[0].start - any(edit.is_indel for edit in edits)
        last = max(edit.end for edit in edits)
        alts = [
            sequence[first : edit.start] + edit.alt + sequence[edit.end : last]
            for edit in edits
        ]
        copies = sorted(
            next((n for n, e in enumerate(edits, 1) if number in carried[e]), 0)
            for number in (0, 1)
        )
        info = f"DP={observed.counts.total()};CONS={READS}"
        if any(edit.is_indel for edit in edits):
            info = f"INDEL;{info}"
        fields = [
            contig, str(first + 1), ".", sequence[first:last], ",".join(alts), str(quality),
            ".", info, "GT:DP", f"{copies[0]}/{copies[1]}:{observed.counts.total()}",
        ]  # fmt: skip
        lines.append((first, (sequence[first:last], *alts), "\t".join(fields)))
    return lines
