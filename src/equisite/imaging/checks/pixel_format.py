"""Are the pixel bytes all there, and in a form that can be read; without decoding them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import REFUSE, WARN, ImagingFinding, finding, listed
from equisite.imaging.header import DEFLATED
from equisite.imaging.stack import Stack
from equisite.imaging.syntaxes import (
    JPEG_2000,
    LOSSY_DECODERS,
    UNCOMPRESSED,
    is_supported,
)
from equisite.protocol.imaging import SeriesLimits

READABLE_BITS = (8, 16, 32)
_TRAILING_GROUPS = frozenset({0x7FE0, 0x7FE1, 0xFFFA, 0xFFFC})


def check_pixel_format(
    stack: Stack, broken: int, limits: SeriesLimits
) -> tuple[list[ImagingFinding], frozenset[int]]:
    """Findings, and the indices of frames that must not be decoded.

    broken: files of the series that end inside their header.
    """
    headers = stack.headers
    total = len(headers)
    findings = []
    unreadable: set[int] = set()

    def name(code: str, frames: list[int], level: str = "", /, **numbers: str | float) -> None:
        if frames:
            where = listed(i + 1 for i in frames)
            findings.append(
                finding(code, level, count=len(frames), slice=where, total=total, **numbers)
            )

    unsupported = [i for i, h in enumerate(headers) if not is_supported(h.syntax)]
    name("UNSUPPORTED_SYNTAX", unsupported, value=_syntax_names(headers, unsupported))
    unreadable.update(unsupported)
    lossy = [
        i for i, h in enumerate(headers) if h.syntax in LOSSY_DECODERS or h.lossy in ("01", "1")
    ]
    name("LOSSY", lossy, REFUSE if limits.lossy == "refuse" else WARN)
    impossible = [
        i
        for i, h in enumerate(headers)
        if h.bits_stored > h.bits_allocated
        or h.bits_allocated not in READABLE_BITS
        or h.pixel_representation not in (-1, 0, 1)
    ]
    differs = _files(headers, _codestream_differs)
    odd = [
        i
        for i, h in enumerate(headers)
        if i not in impossible
        and (h.high_bit != h.bits_stored - 1 or h.pixel_representation < 0 or h.path in differs)
    ]
    name("BITS_INCONSISTENT", impossible or odd, REFUSE if impossible else WARN)
    unreadable.update(impossible)
    readable = [i for i in range(total) if i not in unreadable]
    cut_files = _files([headers[i] for i in readable], _is_cut)
    cut = [i for i in readable if headers[i].path in cut_files]
    unreadable.update(cut)
    if cut or broken:
        where = f"slice {listed(i + 1 for i in cut)} of {total}" if cut else "in the header"
        findings.append(finding("TRUNCATED_PIXELS", count=len(cut) + broken, where=where))
    excess = _files([headers[i] for i in readable if i not in cut], _has_excess)
    name("EXCESS_PIXELS", [i for i, h in enumerate(headers) if h.path in excess])
    return findings, frozenset(unreadable)


def _files(
    headers: Sequence[ImageHeader], test: Callable[[ImageHeader], bool]
) -> frozenset[str]:
    """Paths of the files that a test finds; a file with many frames is tested once."""
    return frozenset(path for path, h in {h.path: h for h in headers}.items() if test(h))


def expected_bytes(header: ImageHeader) -> int:
    """Bytes of the uncompressed pixel data that the header promises."""
    pixels = (header.rows or 0) * (header.columns or 0) * header.frames * header.samples
    return pixels * header.bits_allocated // 8


def _is_cut(header: ImageHeader) -> bool:
    if header.pixel_offset is None or not expected_bytes(header):
        return True
    if header.syntax == DEFLATED:
        return False  # only inflating tells; the decoder does
    if header.syntax in UNCOMPRESSED:
        there = header.size - header.pixel_offset
        stated = there if header.pixel_length is None else header.pixel_length
        return min(there, stated) < expected_bytes(header)
    return not _fragments_whole(header)


def _fragments_whole(header: ImageHeader) -> bool:
    """Whether the sequence of fragments is closed and holds one per frame; PS3.5 A.4."""
    fragments = -1  # the first item is the table of offsets
    with Path(header.path).open("rb") as stream:
        position = header.pixel_offset or 0
        while True:
            stream.seek(position)
            start = stream.read(8)
            if len(start) < 8:
                return False
            group, element, length = struct.unpack("<HHI", start)
            if (group, element) == (0xFFFE, 0xE0DD):
                return fragments >= header.frames
            if (group, element) != (0xFFFE, 0xE000):
                return False
            fragments += 1
            position += 8 + length


def _has_excess(header: ImageHeader) -> bool:
    """More pixel bytes than promised, or bytes after the pixel data that are no element."""
    if header.syntax not in UNCOMPRESSED or header.syntax == DEFLATED:
        return False
    if header.pixel_length is None or header.pixel_offset is None:
        return False
    if header.pixel_length > expected_bytes(header) + 1:
        return True
    end = header.pixel_offset + header.pixel_length
    if header.size <= end:
        return False
    with Path(header.path).open("rb") as stream:
        stream.seek(end)
        start = stream.read(4)
    groups = {int.from_bytes(start[:2], order) for order in ("little", "big")}
    return len(start) < 4 or not groups & _TRAILING_GROUPS


def _codestream_differs(header: ImageHeader) -> bool:
    """Whether a JPEG 2000 stream states another sign or precision than the header.

    Source: ITU-T T.800 A.5.1, Ssiz of the SIZ marker segment.
    """
    if header.syntax not in JPEG_2000 or header.pixel_offset is None:
        return False
    with Path(header.path).open("rb") as stream:
        stream.seek(header.pixel_offset)
        start = stream.read(4096)
    at = start.find(b"\xff\x4f\xff\x51")
    if at < 0 or at + 42 >= len(start):
        return False
    depth = start[at + 42]
    return (depth >> 7, (depth & 0x7F) + 1) != (header.pixel_representation, header.bits_stored)


def _syntax_names(headers: tuple[ImageHeader, ...], frames: list[int]) -> str:
    return ", ".join(sorted({headers[i].syntax or "none" for i in frames}))
