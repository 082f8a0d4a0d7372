"""Orientation and position of the slices: present, orthonormal, one and the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import ImagingFinding, finding
from equisite.imaging.stack import Stack
from equisite.protocol.imaging import SeriesLimits

PLANES = ("sagittal", "coronal", "axial")
OBLIQUE_DEGREES = 1.0
NON_AXIAL_DEGREES = 30.0


def check_present(headers: Sequence[ImageHeader]) -> list[ImagingFinding]:
    """MISSING_GEOMETRY when position, orientation or spacing lacks in any frame."""
    missing = {
        "ImagePositionPatient": sum(h.position is None for h in headers),
        "ImageOrientationPatient": sum(h.orientation is None for h in headers),
        "PixelSpacing": sum(h.spacing is None or min(h.spacing) <= 0 for h in headers),
    }
    if not any(missing.values()):
        return []
    fields = ", ".join(f"{name} in {n}" for name, n in missing.items() if n)
    return [finding("MISSING_GEOMETRY", fields=fields, total=len(headers))]


def check_orientation(
    headers: Sequence[ImageHeader], limits: SeriesLimits
) -> list[ImagingFinding]:
    """BAD_ORIENTATION, MIXED_ORIENTATION: without one orthonormal frame nothing has a place."""
    direction = np.array([h.orientation for h in headers], dtype=np.float64)
    row, column = direction[:, :3], direction[:, 3:]
    error = np.max(
        [
            np.abs(np.linalg.norm(row, axis=1) - 1),
            np.abs(np.linalg.norm(column, axis=1) - 1),
            np.abs(np.sum(row * column, axis=1)),
        ],
        axis=0,
    )
    limit = limits.orientation
    findings = []
    if (bad := int(np.sum(error > limit))) > 0:
        findings.append(
            finding(
                "BAD_ORIENTATION",
                value=round(float(error.max()), 6),
                limit=limit,
                count=bad,
                total=len(headers),
            )
        )
    # The commonest orientation is the reference, so that the odd slice is counted.
    rounded = np.round(direction / limit).astype(np.int64)
    _, member, counts = np.unique(rounded, axis=0, return_inverse=True, return_counts=True)
    reference = direction[np.flatnonzero(member.ravel() == int(np.argmax(counts)))[0]]
    difference = np.max(np.abs(direction - reference), axis=1)
    if (odd := int(np.sum(difference > limit))) > 0:
        findings.append(
            finding(
                "MIXED_ORIENTATION",
                value=round(float(difference.max()), 6),
                limit=limit,
                count=odd,
                total=len(headers),
            )
        )
    return findings


def describe_plane(stack: Stack) -> list[ImagingFinding]:
    """NON_AXIAL and OBLIQUE, for information."""
    size = np.abs(stack.normal)
    axis = int(np.argmax(size))
    findings = []
    from_z = math.degrees(math.acos(min(1.0, float(size[2]))))
    if from_z > NON_AXIAL_DEGREES:
        findings.append(finding("NON_AXIAL", plane=PLANES[axis], value=round(from_z, 2)))
    from_axis = math.degrees(math.acos(min(1.0, float(size[axis]))))
    if from_axis > OBLIQUE_DEGREES:
        findings.append(finding("OBLIQUE", plane=PLANES[axis], value=round(from_axis, 2)))
    return findings


def check_direction(stack: Stack, limits: SeriesLimits) -> list[ImagingFinding]:
    """GANTRY_TILT and IN_PLANE_SHIFT: the slices must stand one above the other."""
    if len(stack.positions) < 2:
        return []
    findings = []
    way = stack.origins[-1] - stack.origins[0]
    across = np.linalg.norm(way - stack.normal * float(way @ stack.normal))
    tilt = math.degrees(math.atan2(float(across), float(way @ stack.normal)))
    if tilt > limits.tilt_degrees:
        tags = sorted({h.tilt for h in stack.headers if h.tilt is not None})
        findings.append(
            finding(
                "GANTRY_TILT",
                value=round(tilt, 3),
                limit=limits.tilt_degrees,
                tag=", ".join(f"{t:g}" for t in tags) or "none",
            )
        )
    along = stack.along - stack.along.mean()
    slope = (along @ (stack.origins - stack.origins.mean(axis=0))) / float(along @ along)
    line = stack.origins.mean(axis=0) + along[:, None] * slope
    off = np.linalg.norm(stack.origins - line, axis=1)
    spacing = min(stack.headers[0].spacing or (0.0,))
    limit = max(limits.in_plane_shift_mm, 0.1 * spacing)
    if float(off.max()) > limit:
        findings.append(
            finding(
                "IN_PLANE_SHIFT",
                value=round(float(off.max()), 3),
                limit=round(limit, 4),
                slice=int(np.argmax(off)) + 1,
                total=len(stack.headers),
            )
        )
    return findings
