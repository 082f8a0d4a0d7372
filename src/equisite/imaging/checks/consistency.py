"""One series must be one of everything: patient, matrix, spacing, scale, frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import INFO, REFUSE, ImagingFinding, finding, listed
from equisite.imaging.stack import Stack
from equisite.protocol.imaging import SeriesLimits

OWNERS: dict[str, Callable[[ImageHeader], str]] = {
    "PatientID": lambda h: h.patient_id,
    "StudyInstanceUID": lambda h: h.study,
    "Modality": lambda h: h.modality,
    "SOPClassUID": lambda h: h.sop_class,
}


def odd_ones(
    headers: Sequence[ImageHeader], key: Callable[[ImageHeader], Hashable]
) -> list[int]:
    """Numbers (from 1) of the frames that differ from the commonest value of `key`."""
    values = [key(h) for h in headers]
    counts = Counter(values)
    most = max(counts.values())
    common = next(v for v in values if counts[v] == most)
    return [i for i, v in enumerate(values, start=1) if v != common]


def check_consistency(stack: Stack, limits: SeriesLimits) -> list[ImagingFinding]:
    """All mixtures inside one series; slices are named by number after sorting."""
    headers = stack.headers
    total = len(headers)
    findings = []

    def mixed(
        code: str, odd: Sequence[int], level: str = "", /, **numbers: str | float
    ) -> None:
        if odd:
            findings.append(
                finding(code, level, count=len(odd), slice=odd[0], total=total, **numbers)
            )

    for name, owner in OWNERS.items():
        mixed("TWO_SERIES_IN_ONE", odd_ones(headers, owner), field=name)
    odd = odd_ones(headers, lambda h: (h.rows, h.columns))
    sizes = sorted({f"{h.rows} x {h.columns}" for h in headers})
    mixed("MIXED_MATRIX", odd, sizes=", ".join(sizes))
    spacing = np.array([h.spacing for h in headers], dtype=np.float64)
    difference = np.max(np.abs(spacing - np.median(spacing, axis=0)), axis=1)
    spread = float(np.max(spacing.max(axis=0) - spacing.min(axis=0)))
    odd = [int(i) + 1 for i in np.flatnonzero(difference > limits.pixel_spacing_mm)]
    mixed(
        "MIXED_PIXEL_SPACING",
        (odd or [int(np.argmax(difference)) + 1]) if spread > limits.pixel_spacing_mm else [],
        value=round(spread, 6),
        limit=limits.pixel_spacing_mm,
    )
    mixed("MIXED_FRAME_OF_REFERENCE", odd_ones(headers, lambda h: h.frame_of_reference))
    if not any(h.frame_of_reference for h in headers):
        findings.append(finding("NO_FRAME_OF_REFERENCE"))
    findings += _scales(headers)
    mixed("MIXED_UNITS", odd_ones(headers, lambda h: (h.units, h.rescale_type, h.suv_type)))
    mixed(
        "MIXED_PIXEL_FORMAT",
        odd_ones(
            headers,
            lambda h: (h.bits_allocated, h.bits_stored, h.high_bit, h.pixel_representation),
        ),
    )
    return findings


def _scales(headers: Sequence[ImageHeader]) -> list[ImagingFinding]:
    """MIXED_RESCALE, RESCALE_UNREADABLE.

    Each slice has its own slope in PET; but where only some slices state one, the others
    are off by an unknown factor.
    """
    findings = []
    total = len(headers)
    unreadable = [i for i, h in enumerate(headers, start=1) if h.scale == "unreadable"]
    if unreadable:
        findings.append(
            finding(
                "RESCALE_UNREADABLE",
                count=len(unreadable),
                slice=listed(unreadable),
                total=total,
            )
        )
    odd = odd_ones(headers, lambda h: (h.slope, h.intercept))
    if odd:
        level = ""
        if headers[0].modality == "PT":
            level = REFUSE if len({h.scale for h in headers} - {"unreadable"}) > 1 else INFO
        scales = {(h.slope, h.intercept) for h in headers}
        findings.append(
            finding(
                "MIXED_RESCALE",
                level,
                count=len(odd),
                slice=odd[0],
                total=total,
                value=len(scales),
            )
        )
    return findings


def describe(headers: Sequence[ImageHeader]) -> list[ImagingFinding]:
    """What a reader should know but what changes nothing."""
    findings = []
    total = len(headers)
    inverted = sum(h.photometric == "MONOCHROME1" for h in headers)
    if inverted:
        findings.append(finding("MONOCHROME1", count=inverted, total=total))
    burned = sum(h.burned_in.upper() == "YES" for h in headers)
    if burned:
        findings.append(finding("BURNED_IN", count=burned, total=total))
    padded = sum(h.padding is not None for h in headers)
    if padded:
        findings.append(finding("PIXEL_PADDING", count=padded, total=total))
    places = sorted({h.patient_position for h in headers} - {"", "HFS"})
    if places:
        findings.append(finding("PATIENT_POSITION", value=", ".join(places)))
    return findings
