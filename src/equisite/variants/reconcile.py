"""Two callers, one answer: which of them to believe where they differ.

Calls are never merged allele by allele: the same change written in two ways would become two
calls. Neighbouring records of both callers form a cluster, and one caller's records of it are
taken whole. Both callers' common error is a lost changed copy; freebayes writes compound
changes better, bcftools long insertions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from equisite.variants.alleles import Edit, Reference, left_shifted
from equisite.variants.replay import Cluster, Placed, agree, clusters, matched, place
from equisite.variants.vcf import Genotype

CLEAR, BOTH, HOM, FREEBAYES, BCFTOOLS, SINGLE = "clear", "both", "hom", "fb", "bcf", "single"
READS = "reads"
"""Labels of a call, as in INFO/CONS.

clear: a lone substitution of high quality, for which the second caller is not asked. both:
the same two haplotypes. hom: the same allele, the caller with two copies was taken. fb, bcf:
the callers differ, this one was taken. single: only one caller has a call here. reads: the
reads that span a repeat overruled both (`equisite.genomics.repeat_genotypes`).
"""

SURE = 20.0
"""freebayes is believed against bcftools, or alone, from this quality."""
NOISE = 1.0
"""Records of freebayes below this quality are no calls."""
_BASES = frozenset("ACGT")
_UNSURE = 30.0
_MARGIN = 40

Interval = tuple[str, int, int]


def unsettled(records: Iterable[Genotype], reference: Reference) -> Iterator[Interval]:
    """Bases [start, end) around the clusters in which a second caller can change the answer.

    records: the first caller's calls of a stretch. Clusters with an indel, with several
    records or with a doubtful one count; intervals may overlap.
    """
    for cluster in clusters([place(r, r.edits, reference) for r in records], []):
        group = cluster.truth
        if len(group) > 1 or group[0].record.is_indel or group[0].record.quality < _UNSURE:
            contig = group[0].record.contig
            start = max(min(p.start for p in group) - _MARGIN, 0)
            end = max(p.end for p in group) + _MARGIN
            yield contig, start, min(end, len(reference[contig]))


def reconcile(
    first: Iterable[Genotype],
    second: Iterable[Genotype],
    asked: Sequence[tuple[int, int]],
    reference: Reference,
) -> Iterator[tuple[Genotype, str]]:
    """Final records of a stretch of one sequence with their labels, in no special order.

    first: bcftools. second: freebayes, whose records count from quality 1 and inside the
    intervals `asked` only, where it was run.
    """

    def was_asked(record: Genotype) -> bool:
        return any(start <= record.position < end for start, end in asked)

    # freebayes also calls where the reference has no base; bcftools does not.
    heard = [
        r for r in second if r.quality >= NOISE and was_asked(r) and set(r.alleles[0]) <= _BASES
    ]
    for cluster in clusters(
        [place(r, r.edits, reference) for r in first],
        [place(r, r.edits, reference) for r in heard],
    ):
        chosen, label = _decide(cluster, reference)
        if label == SINGLE and not any(was_asked(p.record) for p in chosen):
            label = CLEAR
        for placed in chosen:
            yield placed.record, label


def _decide(cluster: Cluster, reference: Reference) -> tuple[Sequence[Placed], str]:
    """Records to take and their label; the cluster's truth is bcftools, its calls freebayes."""
    ours, theirs = cluster.truth, cluster.calls
    if not theirs:
        return ours, SINGLE
    if not ours:
        sure = [p for p in theirs if p.record.quality >= SURE]
        return sure, SINGLE
    if agree(cluster, reference):
        return ours, BOTH
    allele = _one_simple_allele(ours, reference)
    if allele is not None and allele == _one_simple_allele(theirs, reference):
        return (ours if len(set(ours[0].copies)) == 1 else theirs), HOM
    if any(_is_compound(p) for p in theirs):
        return theirs, FREEBAYES
    if len(theirs) < len(ours) and all(p.record.quality >= SURE for p in theirs):
        return theirs, FREEBAYES
    if _adds_substitutions(cluster, reference):
        return theirs, FREEBAYES
    return ours, BCFTOOLS


def _adds_substitutions(cluster: Cluster, reference: Reference) -> bool:
    """Whether freebayes has all that bcftools has, and sure single substitutions besides.

    bcftools judges qualities anew around a gap and may lose a substitution beside it.
    """
    ours, theirs = matched(cluster, reference)
    more = [p for p, found in zip(cluster.calls, theirs, strict=True) if not found]
    return all(ours) and all(
        p.record.quality >= SURE
        and all(e is None or len(e.alt) == 1 == e.end - e.start for e in p.copies)
        for p in more
    )


def _one_simple_allele(side: Sequence[Placed], reference: Reference) -> Edit | None:
    """The only allele of the only record, left-shifted; None where there is more."""
    alleles = {e for p in side for e in p.copies if e is not None}
    if len(side) != 1 or len(alleles) != 1:
        return None
    return left_shifted(alleles.pop(), reference)


def _is_compound(placed: Placed) -> bool:
    """Whether an allele replaces bases by others, and is more than one substitution."""
    return any(
        e is not None and e.alt and e.end > e.start and len(e.alt) + e.end - e.start > 2
        for e in placed.copies
    )
