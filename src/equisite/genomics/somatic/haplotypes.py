"""The reference with and without a change: what reads are laid on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equisite.genomics.somatic.records import Bytes
from equisite.variants.alleles import Edit, span

REACH = 300
"""Bases of each haplotype on either side of the change."""


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
