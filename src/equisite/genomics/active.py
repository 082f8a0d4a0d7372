"""Active bases: where reads differ from the reference often enough that a call is possible.

Reads without any difference carry no candidate, so that a scan of the others sees every
alternative read; what the callers then read around the active bases holds all reads again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

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
_MD = re.compile(rb"(\^[A-Z]+|[A-Z])")
_FLUSH = 2000

_Witnesses = dict[bytes, int]
"""Quality of a difference by name of the molecule."""


def active_windows(reads: Iterable[bytes], gap_margin: int = GAP_MARGIN) -> Iterator[Interval]:
    """Intervals [start, end) around active bases, sorted and disjoint.

    reads: SAM lines with the tag MD, sorted by position; memory does not grow with them.
    gap_margin: bases read on each side of an active gap.
    """
    for contig, sites in _neighbourhoods(active_sites(reads), 2 * (MARGIN + gap_margin) + 1):
        yield from _windows(contig, sites, gap_margin)


def active_sites(reads: Iterable[bytes]) -> Iterator[tuple[str, int, bool]]:
    """Active bases: sequence, base, and whether a gap is there; in order of position."""
    substitutions: dict[int, _Witnesses] = {}
    gaps: dict[int, _Witnesses] = {}
    contig, flushed = b"", 0
    for line in reads:
        fields = line.split(b"\t")
        start = int(fields[3]) - 1
        if fields[2] != contig or start - flushed > _FLUSH:
            # Later reads begin here or further on: what lies before is complete.
            before = start if fields[2] == contig else None
            yield from _settled(contig.decode(), substitutions, gaps, before)
            contig, flushed = fields[2], start
        mapping = int(fields[4])
        if mapping:
            _note(fields, start, mapping, substitutions, gaps)
    yield from _settled(contig.decode(), substitutions, gaps, None)


def _note(
    fields: list[bytes],
    start: int,
    mapping: int,
    substitutions: dict[int, _Witnesses],
    gaps: dict[int, _Witnesses],
) -> None:
    """Write down the differences of one read; a base is no surer than the read's place."""
    name, qualities = fields[0], fields[10]
    blocks = []
    place, at = start, 0
    for length, operation in _CIGAR.findall(fields[5]):
        bases = int(length)
        if operation in b"M=X":
            blocks.append((place, place + bases, at))
            place, at = place + bases, at + bases
        elif operation in b"ID":
            gaps.setdefault(place, {})[name] = mapping
            if operation == b"I":
                at += bases
            else:
                place += bases
        elif operation == b"S":
            at += bases
        elif operation == b"N":
            return  # spliced: no read of a genome
    mismatches = next(f for f in fields[11:] if f.startswith(b"MD:Z:"))[5:]
    block = 0
    place = blocks[0][0] if blocks else start
    for part in _MD.split(mismatches.rstrip()):
        if part.isdigit():
            place += int(part)
        elif part.startswith(b"^"):
            place += len(part) - 1
        elif part:
            while place >= blocks[block][1]:
                block += 1
            base = mapping
            if qualities != b"*":
                base = qualities[blocks[block][2] + place - blocks[block][0]] - 33
            seen = substitutions.setdefault(place, {})
            seen[name] = max(seen.get(name, 0), min(base, mapping))
            place += 1


def _settled(
    contig: str,
    substitutions: dict[int, _Witnesses],
    gaps: dict[int, _Witnesses],
    before: int | None,
) -> list[tuple[str, int, bool]]:
    """Active bases before a place, which are taken out of both books."""
    found = []
    for book, is_gap in ((substitutions, False), (gaps, True)):
        done = [place for place in book if before is None or place < before]
        for place in done:
            seen = book.pop(place)
            enough = is_gap or sum(seen.values()) >= LEAST_QUALITY
            if enough and len(seen) >= LEAST_FRAGMENTS:
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
