"""Distances of the slices: none lost, none twice, all equal."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import ImagingFinding, finding, listed
from equisite.imaging.stack import Stack
from equisite.protocol.imaging import SeriesLimits

WHOLE_MULTIPLE = 0.1
"""A gap counts as lost slices when it is this close to a whole multiple of the median."""
TAG_DIFFERENCE_MM = 0.05

KEYS: dict[str, Callable[[ImageHeader], object]] = {
    "TemporalPositionIdentifier": lambda h: h.temporal_position,
    "EchoNumbers": lambda h: h.echo_number,
    "EchoTime": lambda h: h.echo_time,
    "DiffusionBValue": lambda h: h.b_value,
    "ImageType": lambda h: h.image_type[2:],
    "AcquisitionNumber": lambda h: h.acquisition_number,
    "AcquisitionTime": lambda h: h.acquisition_time,
    "TriggerTime": lambda h: h.trigger_time,
}
"""What may tell the volumes of one series apart, in the order in which it is named."""


def check_spacing(stack: Stack, limits: SeriesLimits) -> list[ImagingFinding]:
    """All findings about number and distance of positions; no stop at the first."""
    findings = _repeated(stack)
    slices = len(stack.positions)
    if slices < limits.minimum_slices:
        findings.append(finding("TOO_FEW_SLICES", value=slices, limit=limits.minimum_slices))
    if slices < 2:
        return findings
    # Of an even number the lower one: of two gaps one is double when a slice was lost.
    median = float(np.percentile(stack.gaps, 50, method="lower"))
    ratio = stack.gaps / median
    lost = (ratio >= 1.5) & (np.abs(ratio - np.round(ratio)) < WHOLE_MULTIPLE)
    if lost.any():
        first = int(np.flatnonzero(lost)[0])
        findings.append(
            finding(
                "MISSING_SLICE",
                value=int(np.sum(np.round(ratio[lost]) - 1)),
                gap=f"{stack.gaps[first]:.3f}",
                median=f"{median:.3f}",
                slice=listed(np.flatnonzero(lost) + 1),
                total=slices,
            )
        )
    limit = max(limits.slice_gap_mm, limits.slice_gap_fraction * median)
    off = np.where(lost, 0.0, np.abs(stack.gaps - median))
    uneven = off > limit
    if uneven.any():
        worst = int(np.argmax(off))
        findings.append(
            finding(
                "NONUNIFORM_SPACING",
                value=round(float(off[worst]), 4),
                limit=round(limit, 4),
                gap=f"{stack.gaps[worst]:.3f}",
                median=f"{median:.3f}",
                slice=listed(np.flatnonzero(uneven) + 1),
                total=slices,
            )
        )
    findings += _tags(stack, median)
    if not lost.any() and not uneven.any():
        findings += _ends(stack)
    return findings


def _repeated(stack: Stack) -> list[ImagingFinding]:
    counts = np.bincount(stack.place)
    most = int(counts.max())
    if most == 1:
        return []
    if len(counts) >= 2 and bool((counts == most).all()):
        return [
            finding("MULTI_VOLUME", value=most, positions=len(counts), key=_key(stack, most))
        ]
    twice = np.flatnonzero(counts > 1)
    return [
        finding(
            "DUPLICATE_POSITION",
            value=int(counts.sum()) - len(counts),
            slice=listed(twice + 1),
            total=len(counts),
        )
    ]


def _key(stack: Stack, volumes: int) -> str:
    """Fields that take each of `volumes` values once at every position."""
    names = []
    for name, read in KEYS.items():
        at: dict[int, list[object]] = {}
        for place, header in zip(stack.place.tolist(), stack.headers, strict=True):
            at.setdefault(place, []).append(read(header))
        sets = [frozenset(values) for values in at.values()]
        if all(len(s) == volumes for s in sets) and len(set(sets)) == 1:
            names.append(name)
    return ", ".join(names) or "no field of the header"


def _tags(stack: Stack, median: float) -> list[ImagingFinding]:
    first = stack.headers[0]
    stated = first.spacing_between if first.spacing_between is not None else first.thickness
    if stated is None or abs(abs(stated) - median) <= TAG_DIFFERENCE_MM:
        return []
    return [finding("SPACING_TAG_DIFFERS", value=round(median, 4), tag=stated)]


def _ends(stack: Stack) -> list[ImagingFinding]:
    """END_GAP: even positions, but the numbering tells of slices before or after."""
    numbers = [h.instance_number for h in stack.headers]
    known = [n for n in numbers if n is not None]
    count = len(stack.headers)
    reasons = []
    if len(known) == count:
        if min(known) not in (0, 1):
            reasons.append(f"instance numbers begin at {min(known)}")
        if max(known) - min(known) + 1 > count:
            reasons.append(f"instance numbers span {max(known) - min(known) + 1}")
    stated = {
        "ImagesInAcquisition": stack.headers[0].images_in_acquisition,
        "NumberOfSlices": (
            stack.headers[0].number_of_slices if stack.headers[0].modality == "PT" else None
        ),
    }
    reasons += [f"{name} is {n}" for name, n in stated.items() if n is not None and n > count]
    return [finding("END_GAP", count=count, reason=", ".join(reasons))] if reasons else []
