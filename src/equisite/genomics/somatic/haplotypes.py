"""Votes for an insertion or deletion by whole reads, soft-clipped ends included.

An aligner shows a gap only where enough bases lie beyond it; near their ends reads are clipped
or carry mismatches instead. So each read is laid without gaps on the reference and on the
changed haplotype, once held at its left end and once at its right, and votes for the one that
explains it better. A read that neither explains, because it carries another gap, votes by its
own alignment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.genomics.somatic.compiled import compiled
from equisite.genomics.somatic.records import (
    CIGAR,
    CIGARS,
    CLIP_LEFT,
    CLIP_RIGHT,
    END,
    FLAG,
    LENGTH,
    MAPQ,
    POS,
    QUAL,
    SEQ,
    Bytes,
    Numbers,
    Reads,
)
from equisite.genomics.somatic.votes import (
    BACKWARD,
    FEATURES,
    HIGHEST,
    Counts,
    add_fragment,
    base_at,
    operation,
)
from equisite.variants.alleles import Edit, left_shifted, span

REACH = 300
"""Bases of each haplotype on either side of the change."""
LONGEST = 60
"""Bases of a change; longer ones are structural variants."""
LOWEST_MAPQ = 30
"""Mapping quality that a read needs."""
HIGHEST_MAPQ = 50
INDEL_LEVELS = HIGHEST_MAPQ - LOWEST_MAPQ + 1
"""Levels of min(mapping quality, 50): the errors of a vote depend on nothing else."""
DECIDES = 2.0
"""Log10 ratio of likelihoods from which on a read votes."""
TELLING = 3
"""Bases that must lie where the haplotypes differ: a read that ends inside a repeat, or one
base behind it, cannot tell how long the repeat is."""
EXPLAINED = 8.0
"""A haplotype explains a read if it costs no more, in log10 likelihood, than the read's own
alignment and two mismatches of high quality."""
FLANK = 10
"""Aligned bases on either side of a place without gap by which a read's own alignment shows
the reference; aligners place gaps from there on."""
_WORST = 0.75
_MATCH = np.array([math.log10(1 - min(10 ** (-q / 10), _WORST)) for q in range(HIGHEST + 1)])
_MISMATCH = np.array([math.log10(min(10 ** (-q / 10), _WORST) / 3) for q in range(HIGHEST + 1)])


@dataclass(frozen=True)
class Haplotypes:
    """Codes of both haplotypes around a change, and where it lies in them.

    start: position of the first base of both. at: position of the change. deleted, inserted:
    its bases. left: first base (counted from the start) in which they differ. right: the same
    counted from their ends.
    """

    ref: Bytes
    alt: Bytes
    start: int
    at: int
    deleted: int
    inserted: int
    left: int
    right: int


@compiled
def find_gaps(buffer: Bytes, table: Numbers, minimum: int, longest: int) -> Numbers:
    """Gaps of all reads of a mapping quality: int64, (gap, 6).

    Columns: position, deleted bases, inserted bases, hash of the inserted bases, offset of the
    first of them within the read, number of the read.
    """
    room = 0
    for number in range(len(table)):
        room += table[number, CIGARS]
    found = np.zeros((room, 6), np.int64)
    count = 0
    for number in range(len(table)):
        row = table[number]
        if row[MAPQ] < minimum:
            continue
        at, place = row[POS], 0
        for step in range(row[CIGARS]):
            kind, size = operation(buffer, row[CIGAR] + 4 * step)
            if kind in (1, 2) and size <= longest and 0 < place < row[LENGTH]:
                gap = found[count]
                gap[0], gap[4], gap[5] = at, place, number
                if kind == 2:
                    gap[1] = size
                else:
                    gap[2] = size
                    hashed = np.int64(7)
                    for index in range(size):
                        hashed = hashed * 31 + base_at(buffer, row[SEQ], place + index)
                    gap[3] = hashed
                count += 1
            if kind in (0, 7, 8):
                at += size
                place += size
            elif kind in (1, 4):
                place += size
            elif kind in (2, 3):
                at += size
    return found[:count].copy()


def candidates(
    reads: Reads,
    mate: Numbers,
    contig: str,
    text: str,
    origin: int,
    *,
    fragments: int,
    mapq: int = LOWEST_MAPQ,
) -> list[Edit]:
    """Gaps that enough fragments show, leftmost and sorted.

    text: reference around the reads, which begins at `origin`; gaps at its edge are left out.
    Positions of the edits are those of the reference.
    """
    gaps = find_gaps(reads.buffer, reads.table, mapq, LONGEST)
    seen: dict[Edit, set[int]] = {}
    if not len(gaps):
        return []
    kinds, first, inverse = np.unique(
        gaps[:, :4], axis=0, return_index=True, return_inverse=True
    )
    for number, (position, deleted, inserted, _) in enumerate(kinds.tolist()):
        start = position - origin
        if start < 1 or start + deleted + 1 > len(text):
            continue
        place, read = gaps[first[number], 4:6].tolist()
        row = reads.table[read]
        letters = [
            "ACGTN"[base_at(reads.buffer, int(row[SEQ]), place + i)] for i in range(inserted)
        ]
        alt = "".join(letters)
        if "N" in alt or "N" in text[start : start + deleted]:
            continue
        edit = left_shifted(Edit("", start, start + deleted, alt), {"": text})
        edit = Edit(contig, edit.start + origin, edit.end + origin, edit.alt)
        members = gaps[inverse.ravel() == number, 5]
        twins = mate[members]
        whole = np.where(twins >= 0, np.minimum(members, twins), members)
        seen.setdefault(edit, set()).update(whole.tolist())
    return sorted(edit for edit, who in seen.items() if len(who) >= fragments)


def haplotypes(edit: Edit, codes: Bytes, origin: int) -> Haplotypes:
    """Both haplotypes around an edit; codes: reference from `origin` on."""
    low = max(edit.start - REACH, origin)
    high = min(edit.end + REACH, origin + len(codes))
    inserted = np.array(["ACGT".index(base) for base in edit.alt], np.uint8)
    ref = codes[low - origin : high - origin]
    alt = np.concatenate([ref[: edit.start - low], inserted, ref[edit.end - low :]]).astype(
        np.uint8
    )
    shorter = min(len(ref), len(alt))
    differ = np.flatnonzero(ref[:shorter] != alt[:shorter])
    left = int(differ[0]) if len(differ) else shorter
    differ = np.flatnonzero(ref[::-1][:shorter] != alt[::-1][:shorter])
    right = int(differ[0]) if len(differ) else shorter
    return Haplotypes(
        np.ascontiguousarray(ref), alt, low, edit.start, edit.end - edit.start,
        len(edit.alt), left, right,
    )  # fmt: skip


def repeats(edit: Edit, text: str, origin: int) -> int:
    """Units of the repeat in which a change stands: its own, or a run of one base beside it.

    Polymerases slip in a run whatever the allele is that comes of it.

    >>> repeats(Edit("c", 13, 14, ""), "GCTAAAAAG", 10)
    5
    >>> repeats(Edit("c", 11, 11, "TC"), "GGC", 10)
    2
    """
    local = Edit("", edit.start - origin, edit.end - origin, edit.alt)
    moved = edit.alt or text[local.start : local.end]
    size = next(
        n for n in range(1, len(moved) + 1)
        if len(moved) % n == 0 and moved == moved[:n] * (len(moved) // n)
    )  # fmt: skip
    low, high = span(local, {"": text})
    return max((high - low) // size, _run(text, low - 1), _run(text, low), _run(text, high))


def _run(text: str, place: int) -> int:
    """Length of the run of one base around a place."""
    if not 0 <= place < len(text):
        return 0
    base = text[place]
    before = text[: place + 1]
    after = text[place:]
    return len(before) - len(before.rstrip(base)) + len(after) - len(after.lstrip(base)) - 1


@compiled
def _score(
    buffer: Bytes,
    row: Numbers,
    haplotype: Bytes,
    offset: int,
    match: NDArray[np.float64],
    mismatch: NDArray[np.float64],
) -> float:
    total = 0.0
    for index in range(row[LENGTH]):
        at = offset + index
        if at < 0 or at >= len(haplotype):
            continue
        code = base_at(buffer, row[SEQ], index)
        if code == 4 or haplotype[at] == 4:
            continue
        quality = min(buffer[row[QUAL] + index], HIGHEST)
        total += match[quality] if code == haplotype[at] else mismatch[quality]
    return total


@compiled
def _own_alignment(
    buffer: Bytes,
    row: Numbers,
    ref: Bytes,
    start: int,
    low: int,
    high: int,
    deleted: int,
    inserted: int,
    match: NDArray[np.float64],
    mismatch: NDArray[np.float64],
) -> tuple[float, int]:
    """Likelihood of a read as it is aligned, gaps free, and what it shows.

    [low, high]: where the change may stand. 1 for a gap of its size there, -1 for aligned
    bases all through and beyond, else 0.
    """
    total, shows = 0.0, 0
    at, place = row[POS], 0
    for step in range(row[CIGARS]):
        kind, size = operation(buffer, row[CIGAR] + 4 * step)
        if kind in (0, 7, 8):
            if at <= low - FLANK and at + size >= high + FLANK:
                shows = -1
            for index in range(size):
                here = at + index - start
                if here < 0 or here >= len(ref):
                    continue
                code = base_at(buffer, row[SEQ], place + index)
                if code < 4 and ref[here] < 4:
                    quality = min(buffer[row[QUAL] + place + index], HIGHEST)
                    total += match[quality] if code == ref[here] else mismatch[quality]
            at += size
            place += size
        elif kind in (1, 4):
            if kind == 1 and size == inserted and low <= at <= high:
                shows = 1
            place += size
        elif kind in (2, 3):
            if kind == 2 and size == deleted and low <= at <= high:
                shows = 1
            at += size
    return total, shows


@compiled
def _votes(
    buffer: Bytes,
    table: Numbers,
    ref: Bytes,
    alt: Bytes,
    start: int,
    at: int,
    deleted: int,
    inserted: int,
    left: int,
    right: int,
    match: NDArray[np.float64],
    mismatch: NDArray[np.float64],
) -> Counts:
    """1 for the changed haplotype, -1 for the reference, 0 for neither; by read."""
    found = np.zeros(len(table), np.int32)
    for number in range(len(table)):
        row = table[number]
        if row[MAPQ] < LOWEST_MAPQ:
            continue
        low, high = row[POS] - row[CLIP_LEFT], row[END] + row[CLIP_RIGHT]
        if high < at or low > at + deleted or row[LENGTH] == 0:
            continue
        length = row[LENGTH]
        from_left, from_right = low - start, high - start - length
        left_ref = _score(buffer, row, ref, from_left, match, mismatch)
        right_ref = _score(buffer, row, ref, from_right, match, mismatch)
        left_alt = right_alt = -1e9
        if low <= at:
            left_alt = _score(buffer, row, alt, from_left, match, mismatch)
        if high >= at + deleted:
            shifted = from_right + inserted - deleted
            right_alt = _score(buffer, row, alt, shifted, match, mismatch)
        best_ref, best_alt = max(left_ref, right_ref), max(left_alt, right_alt)
        own, shows = _own_alignment(
            buffer, row, ref, start, at, start + left, deleted, inserted, match, mismatch
        )
        if max(best_ref, best_alt) < own - EXPLAINED:
            found[number] = shows
            continue
        ratio = best_alt - best_ref
        # Bases of the read where the haplotypes differ, as the losing one is held.
        beyond = from_left + length - left
        before = len(ref) - right - from_right
        if ratio >= DECIDES:
            telling = beyond if left_ref >= right_ref else before
            if telling >= TELLING:
                found[number] = 1
        elif ratio <= -DECIDES:
            telling = beyond if left_alt >= right_alt else before
            if telling >= TELLING:
                found[number] = -1
    return found


@compiled
def _by_fragment(table: Numbers, mate: Numbers, votes: Counts) -> tuple[Counts, Counts]:
    """Votes (2, level) of reference and change, and sums (2, feature) as in `FEATURES`.

    Mates that vote alike count once, those that contradict each other not at all.
    """
    counts = np.zeros((2, INDEL_LEVELS), np.int32)
    sums = np.zeros((2, FEATURES), np.int32)
    for number in range(len(table)):
        vote = votes[number]
        if vote == 0:
            continue
        twin = mate[number]
        row = table[number]
        mapq = row[MAPQ]
        forward = row[FLAG] & BACKWARD == 0
        reverse = not forward
        if twin >= 0 and votes[twin] != 0:
            if votes[twin] != vote or twin < number:
                continue
            mapq = max(mapq, table[twin, MAPQ])
            if table[twin, FLAG] & BACKWARD:
                reverse = True
            else:
                forward = True
        side = 1 if vote > 0 else 0
        counts[side, min(mapq, HIGHEST_MAPQ) - LOWEST_MAPQ] += 1
        add_fragment(sums[side], row[FLAG], mapq, 0, forward, reverse)
    return counts, sums


def vote(reads: Reads, mate: Numbers, both: Haplotypes) -> tuple[Counts, Counts]:
    """Fragments for reference and change.

    Returns votes int32 (2, INDEL_LEVELS) and sums (2, FEATURES); row 1 is the change.
    """
    votes = _votes(
        reads.buffer, reads.table, both.ref, both.alt, both.start, both.at, both.deleted,
        both.inserted, both.left, both.right, _MATCH, _MISMATCH,
    )  # fmt: skip
    return _by_fragment(reads.table, mate, votes)
