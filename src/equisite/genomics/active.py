"""Active bases: where reads differ from the reference often enough that a call is possible.

Reads without any difference carry no candidate, so that a scan of the others sees every
alternative read; what the callers then read around the active bases holds all reads again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from equisite.variants.intervals import Interval

LEAST_FRAGMENTS = 2
"""Molecules that must differ at a base; bcftools, too, asks for two before it sees a gap."""
LEAST_QUALITY = 30
"""Summed phred quality of a substitution, one witness per molecule. A call needs odds of about
1000 to 1 against the reference (`bcftools call -P 1.1e-3`), which is 30."""
MARGIN = 10
"""Bases read on each side of an active substitution."""
GAP_MARGIN = 50
"""Bases read on each side of an active gap: bcftools judges qualities near gaps anew, base by
base, so that calls within reach of a gap depend on where it began to read."""
LONE_GAP_MARGIN = 110
"""The same where bcftools is the only caller, and no other one puts its call right: as far as
it realigns reads around a gap (`mpileup --indel-size`, 110)."""

_CIGAR = re.compile(rb"(\d+)([MIDNSHP=X])")
_MD = re.compile(rb"(?:^|\t)MD:Z:([0-9A-Z^]+)")
_DIFFERENCE = re.compile(rb"(\^[A-Z]+|[A-Z])")
_LOST = ord("^")
_FLUSH = 2000

_Book = dict[int, dict[bytes, int]]
"""By place, the quality of a difference by name of the molecule."""


def active_windows(reads: Iterable[bytes], gap_margin: int = GAP_MARGIN) -> Iterator[Interval]:
    """Intervals [start, end) around active bases, sorted and disjoint.

    reads: SAM lines with the tag MD, sorted by position; memory does not grow with them.
    gap_margin: bases read on each side of an active gap.
    Raises ValueError for a read without MD.
    """
    for contig, sites in _neighbourhoods(active_sites(reads), 2 * (MARGIN + gap_margin) + 1):
        yield from _windows(contig, sites, gap_margin)


def active_sites(reads: Iterable[bytes]) -> Iterator[tuple[str, int, bool]]:
    """Active bases: sequence, base, and whether a gap is there; in order of position.

    Raises ValueError for a read without MD.
    """
    substitutions: _Book = {}
    gaps: _Book = {}
    contig, flushed = b"", 0
    for line in reads:
        name, _, sequence, position, mapq, cigar, _, _, _, _, qualities, tags = line.split(
            b"\t", 11
        )
        start = int(position) - 1
        if sequence != contig or start - flushed > _FLUSH:
            # Later reads begin here or further on: what lies before is complete.
            before = start if sequence == contig else None
            yield from _settled(contig.decode(), substitutions, gaps, before)
            contig, flushed = sequence, start
        mapping = int(mapq)
        shape = _shape(cigar)
        if not mapping or shape is None:
            continue
        for gap in shape.gaps:
            gaps.setdefault(start + gap, {})[name] = mapping
        blocks = iter(shape.blocks)
        end = ahead = place = 0
        for same, other in _differences(tags):
            place += int(same)
            if other[0] == _LOST:
                place += len(other) - 1
                continue
            while place >= end:
                end, ahead = next(blocks)
            # A base is no surer than the read's place.
            quality = (
                mapping if qualities == b"*" else min(qualities[place + ahead] - 33, mapping)
            )
            witnesses = substitutions.setdefault(start + place, {})
            if witnesses.get(name, -1) < quality:
                witnesses[name] = quality
            place += 1
    yield from _settled(contig.decode(), substitutions, gaps, None)


@dataclass(frozen=True)
class _Shape:
    """What a CIGAR says, counted from the first aligned base of the reference.

    blocks: where a run of aligned bases ends, and how far the read is ahead of the reference
    in it. gaps: where the reference goes on behind an insertion, or is left out.
    """

    blocks: tuple[tuple[int, int], ...]
    gaps: tuple[int, ...]


@lru_cache(maxsize=1 << 12)
def _shape(cigar: bytes) -> _Shape | None:
    """Most reads of a run share a few CIGARs. None: spliced, no read of a genome."""
    blocks, gaps = [], []
    place = at = 0
    for size, operation in _CIGAR.findall(cigar):
        bases = int(size)
        if operation in b"M=X":
            blocks.append((place + bases, at - place))
            place, at = place + bases, at + bases
        elif operation in b"ID":
            gaps.append(place)
            if operation == b"I":
                at += bases
            else:
                place += bases
        elif operation == b"S":
            at += bases
        elif operation == b"N":
            return None
    return _Shape(tuple(blocks), tuple(gaps))


def _differences(tags: bytes) -> Iterable[tuple[bytes, bytes]]:
    """Numbers of equal bases, each with what differs behind them (SAM tags, section 1.4)."""
    found = _MD.search(tags)
    if found is None:
        raise ValueError("a read without the tag MD")
    parts = iter(_DIFFERENCE.split(found[1]))
    return zip(parts, parts, strict=False)


def _settled(
    contig: str,
    substitutions: _Book,
    gaps: _Book,
    before: int | None,
) -> list[tuple[str, int, bool]]:
    """Active bases before a place, which are taken out of both books."""
    found = []
    for book, is_gap in ((substitutions, False), (gaps, True)):
        done = [place for place in book if before is None or place < before]
        for place in done:
            seen = book.pop(place)
            enough = len(seen) >= LEAST_FRAGMENTS
            if enough and (is_gap or sum(seen.values()) >= LEAST_QUALITY):
                found.append((contig, place, is_gap))
    return sorted(found)


def _neighbourhoods(
    sites: Iterable[tuple[str, int, bool]], apart: int
) -> Iterator[tuple[str, list[tuple[int, bool]]]]:
    """Active bases whose windows may touch, together; those so far apart do not."""
    group: list[tuple[int, bool]] = []
    contig = ""
    for name, place, is_gap in sites:
        if group and (name != contig or place - group[-1][0] > apart):
            yield contig, group
            group = []
        contig = name
        group.append((place, is_gap))
    if group:
        yield contig, group


def _windows(contig: str, sites: list[tuple[int, bool]], gap_margin: int) -> Iterator[Interval]:
    gaps = [place for place, is_gap in sites if is_gap]
    start = end = -1
    for place, is_gap in sites:
        near = is_gap or any(abs(gap - place) <= 2 * gap_margin for gap in gaps)
        margin = gap_margin if near else MARGIN
        if end >= 0 and place - margin > end:
            yield contig, start, end
            start = -1
        first = max(place - margin, 0)
        start = first if start < 0 else min(start, first)
        end = max(end, place + margin + 1)
    yield contig, start, end
