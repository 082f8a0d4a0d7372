"""Which insertions and deletions are asked about: those that reads show."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from equisite.genomics.somatic.alignment import DELETED, INSERTED, base_at, steps
from equisite.genomics.somatic.clips import clipped_changes
from equisite.genomics.somatic.compiled import compiled
from equisite.genomics.somatic.records import CIGARS, LENGTH, MAPQ, SEQ, Bytes, Numbers, Reads
from equisite.variants.alleles import Edit, left_shifted

LONGEST = 60
"""Bases of a change; longer ones are structural variants."""
LOWEST_MAPQ = 30
"""Mapping quality that a read needs."""


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
        for step in steps(buffer, row):
            kind, at, place, size = step[0], step[1], step[2], step[3]
            if kind not in (INSERTED, DELETED) or size > longest:
                continue
            if not 0 < place < row[LENGTH]:
                continue
            gap = found[count]
            gap[0], gap[4], gap[5] = at, place, number
            if kind == DELETED:
                gap[1] = size
            else:
                gap[2] = size
                hashed = np.int64(7)
                for index in range(size):
                    hashed = hashed * 31 + base_at(buffer, row[SEQ], place + index)
                gap[3] = hashed
            count += 1
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
    """Changes that enough fragments show, by a gap or a clipped end, leftmost and sorted.

    text: reference around the reads, which begins at `origin`; changes at its edge are left
    out. Positions of the edits are those of the reference.
    """
    seen: dict[Edit, set[int]] = {}
    for shown, members in _shown(reads, text, origin, mapq):
        if "N" in shown.alt or "N" in text[shown.start : shown.end]:
            continue
        edit = left_shifted(shown, {"": text})
        edit = Edit(contig, edit.start + origin, edit.end + origin, edit.alt)
        twins = mate[members]
        whole = np.where(twins >= 0, np.minimum(members, twins), members)
        seen.setdefault(edit, set()).update(whole.tolist())
    return sorted(edit for edit, who in seen.items() if len(who) >= fragments)


def _shown(reads: Reads, text: str, origin: int, mapq: int) -> Iterator[tuple[Edit, Numbers]]:
    """Changes in `text` as reads show them, and the numbers of those reads."""
    gaps = find_gaps(reads.buffer, reads.table, mapq, LONGEST)
    kinds, first, inverse = np.unique(
        gaps[:, :4], axis=0, return_index=True, return_inverse=True
    )
    for number, (position, deleted, inserted, _) in enumerate(kinds.tolist()):
        start = position - origin
        if start < 1 or start + deleted + 1 > len(text):
            continue
        place, read = gaps[first[number], 4:6].tolist()
        seq = int(reads.table[read, SEQ])
        letters = ("ACGTN"[base_at(reads.buffer, seq, place + i)] for i in range(inserted))
        edit = Edit("", start, start + deleted, "".join(letters))
        yield edit, gaps[inverse.ravel() == number, 5]
    for edit, read in clipped_changes(reads, text, origin, mapq=mapq, longest=LONGEST):
        yield edit, np.array([read])
