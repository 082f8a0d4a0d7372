"""The same instance twice: a copy is left out, a contradiction is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from equisite.imaging.decode import DecodeError, FrameReader
from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import REFUSE, WARN, ImagingFinding, finding


def without_copies(
    headers: Sequence[ImageHeader], reader: FrameReader
) -> tuple[list[ImageHeader], list[ImagingFinding]]:
    """Headers with each instance once, and DUPLICATE_INSTANCE where one came twice.

    Equal in place and pixels: a warning. Equal in place only: refused, one is kept for
    the other tests. Different places under one SOPInstanceUID: refused, all are kept.
    """
    groups: dict[tuple[str, int | None], list[ImageHeader]] = {}
    for number, header in enumerate(headers):
        name = header.sop_instance or f"none {number}"
        groups.setdefault((name, header.frame), []).append(header)
    kept = []
    copies = contradictions = 0
    for group in groups.values():
        first, *others = group
        kept.append(first)
        for other in others:
            if _place(other) != _place(first):
                contradictions += 1
                kept.append(other)
            elif _same_pixels(first, other, reader):
                copies += 1
            else:
                contradictions += 1
    findings = []
    if contradictions:
        findings.append(
            finding(
                "DUPLICATE_INSTANCE", REFUSE, count=contradictions, how="with other content"
            )
        )
    if copies:
        findings.append(
            finding("DUPLICATE_INSTANCE", WARN, count=copies, how="as exact copies, left out")
        )
    return kept, findings


def _place(header: ImageHeader) -> tuple[object, ...]:
    return (
        header.position,
        header.orientation,
        header.spacing,
        header.rows,
        header.columns,
        header.slope,
        header.intercept,
    )


def _same_pixels(first: ImageHeader, second: ImageHeader, reader: FrameReader) -> bool:
    if first.syntax == second.syntax and first.frame is None:
        return _pixel_bytes(first) == _pixel_bytes(second)
    try:
        return bool((reader.read(first) == reader.read(second)).all())
    except (DecodeError, ValueError):
        return False


def _pixel_bytes(header: ImageHeader) -> bytes:
    with Path(header.path).open("rb") as stream:
        stream.seek(header.pixel_offset or 0)
        return stream.read(-1 if header.pixel_length is None else header.pixel_length)
