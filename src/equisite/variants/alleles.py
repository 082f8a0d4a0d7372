"""Alleles as edits of the reference: trimming, left-shifting and the span of equal places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Reference = Mapping[str, str]
"""Upper-case sequences by name."""


class Edit(NamedTuple):
    """Reference bases [start, end) of a sequence are replaced by `alt`; 0-based, trimmed.

    An insertion has start == end and stands between start - 1 and start.
    """

    contig: str
    start: int
    end: int
    alt: str

    @property
    def is_indel(self) -> bool:
        """Whether it changes the length."""
        return len(self.alt) != self.end - self.start


def trim(contig: str, start: int, ref: str, alt: str) -> Edit | None:
    """Edit without the bases that both alleles share, last bases first; None if they are equal.

    >>> trim("c", 10, "GCA", "GTA")
    Edit(contig='c', start=11, end=12, alt='T')
    """
    if ref == alt:
        return None
    shared = 0
    while shared < min(len(ref), len(alt)) and ref[-1 - shared] == alt[-1 - shared]:
        shared += 1
    ref, alt = ref[: len(ref) - shared], alt[: len(alt) - shared]
    front = 0
    while front < min(len(ref), len(alt)) and ref[front] == alt[front]:
        front += 1
    return Edit(contig, start + front, start + len(ref), alt[front:])


def left_shifted(edit: Edit, reference: Reference) -> Edit:
    """The same change written as far to the left as it can be.

    Only pure insertions and deletions can move; everything else is returned as it is.
    """
    sequence = reference[edit.contig]
    _, start, end, alt = edit
    if alt and start < end:
        return edit
    moved = alt or sequence[start:end]
    while start > 0 and sequence[start - 1] == moved[-1]:
        moved = moved[-1] + moved[:-1]
        start, end = start - 1, end - 1
    return Edit(edit.contig, start, end, moved if alt else "")


def span(edit: Edit, reference: Reference) -> tuple[int, int]:
    """Bases [start, end) that the change may touch in any of its equal ways of writing."""
    if edit.alt and edit.start < edit.end:
        return edit.start, edit.end
    sequence = reference[edit.contig]
    left = left_shifted(edit, reference)
    moved = left.alt or sequence[left.start : left.end]
    length = left.end - left.start
    right = left.start
    # Moving right by one: the base after the changed bases equals their first base.
    while right + length < len(sequence) and sequence[right + length] == moved[0]:
        moved = moved[1:] + moved[0]
        right += 1
    return left.start, right + length


def apply_edits(edits: tuple[Edit, ...], sequence: str, start: int, end: int) -> str | None:
    """Bases [start, end) of `sequence` after the edits, or None if two of them collide.

    Two edits collide when they touch the same base, or insert at the same place: no
    haplotype carries both.
    """
    pieces = []
    at = start
    last_insertion = -1
    for edit in sorted(edits, key=lambda e: (e.start, e.end)):
        if edit.start < at or (edit.start == edit.end == last_insertion):
            return None
        if edit.start == edit.end:
            last_insertion = edit.start
        pieces += [sequence[at : edit.start], edit.alt]
        at = edit.end
    pieces.append(sequence[at:end])
    return "".join(pieces)
