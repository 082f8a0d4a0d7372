"""Contours of a DICOM structure set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.imaging.findings import ImagingFinding, finding
from equisite.imaging.foreign import foreign_parser
from equisite.imaging.names import repaired
from equisite.imaging.stack import Stack

RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})
_CONTOUR_DATA = 0x30060050


@dataclass(frozen=True)
class Structure:
    """One region: its local name, frame of reference and rings.

    rings: (point, 3) in mm, LPS, one array per closed contour. open_contours: contours
    that enclose nothing, left out. images: SOPInstanceUIDs the contours were drawn on.
    series: SeriesInstanceUIDs that the file names under the region's frame of reference.
    """

    name: str
    frame_of_reference: str
    rings: tuple[NDArray[np.float64], ...]
    open_contours: int
    images: frozenset[str]
    series: frozenset[str]


@dataclass(frozen=True)
class StructureSet:
    """All regions of a file, by ROI number."""

    structures: tuple[Structure, ...]


def read_structures(path: Path) -> StructureSet:
    """Read an RTSTRUCT. ROI numbers link names to contours, never the order of lists.

    Raises InputError MASK_UNREADABLE when the file is no whole structure set, OSError when
    the machine cannot read it.
    """
    import pydicom

    def unreadable(why: str) -> InputError:
        return InputError("MASK_UNREADABLE", problem=why)

    with path.open("rb") as stream, foreign_parser(unreadable):
        dataset = pydicom.dcmread(stream, force=True)
        if str(dataset.get("SOPClassUID", "")) != RTSTRUCT:
            raise unreadable("it is no DICOM structure set")
        return _structure_set(dataset)


def _structure_set(dataset: Any) -> StructureSet:
    contours = {
        int(item.ReferencedROINumber): item for item in dataset.get("ROIContourSequence") or ()
    }
    named: dict[str, set[str]] = {}
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ():
        named.setdefault(str(frame.get("FrameOfReferenceUID", "")), set()).update(
            str(one.SeriesInstanceUID)
            for study in frame.get("RTReferencedStudySequence") or ()
            for one in study.get("RTReferencedSeriesSequence") or ()
        )
    structures = [
        _structure(item, contours.get(int(item.ROINumber)), named)
        for item in sorted(dataset.StructureSetROISequence, key=lambda i: int(i.ROINumber))
    ]
    return StructureSet(tuple(structures))


def _structure(item: Any, contours: Any, named: Mapping[str, set[str]]) -> Structure:
    """One region. named: series of each frame of reference that the file lists.

    A file may hold regions of several frames: a region belongs to the series of its own.
    """
    frame = str(item.get("ReferencedFrameOfReferenceUID", ""))
    rings = []
    open_contours = 0
    images: set[str] = set()
    for contour in (contours.get("ContourSequence") or ()) if contours is not None else ():
        images.update(
            str(image.ReferencedSOPInstanceUID)
            for image in contour.get("ContourImageSequence") or ()
        )
        points = _points(contour)
        if str(contour.get("ContourGeometricType", "")) in CLOSED and len(points) >= 3:
            rings.append(points)
        else:
            open_contours += 1
    return Structure(
        repaired(str(item.get("ROIName", ""))),
        frame,
        tuple(rings),
        open_contours,
        frozenset(images),
        frozenset(named[frame] if frame in named else set().union(*named.values())),
    )


def _points(contour: Any) -> NDArray[np.float64]:
    """ContourData from its raw bytes: making objects of each number is the slow part."""
    if _CONTOUR_DATA not in contour:
        return np.empty((0, 3))
    raw = contour.get_item(_CONTOUR_DATA).value
    if isinstance(raw, bytes):
        parts = raw.strip(b" \0")
        numbers = [float(part) for part in parts.split(b"\\")] if parts else []
    else:
        numbers = [float(part) for part in raw or ()]
    if len(numbers) % 3 or not all(map(math.isfinite, numbers)):
        raise ValueError("contour data are no points")
    return np.array(numbers, dtype=np.float64).reshape(-1, 3)


def check_link(
    frame_of_reference: str,
    images: frozenset[str],
    drawn_on: frozenset[str],
    stack: Stack,
    trusted: bool = False,
) -> list[ImagingFinding]:
    """Does a region belong to this series: FOR_MISMATCH, FRAME_*, STALE_REFERENCE.

    frame_of_reference: of the region. images: SOPInstanceUIDs that it refers to. drawn_on:
    SeriesInstanceUIDs that its file names. trusted: the sheet vouches for the frame.
    Equal frame of reference, or the file names the series. References to images that are
    not there are common after de-identification; geometry decides, they warn.
    """
    header = stack.headers[0]
    same_frame = bool(header.frame_of_reference) and (
        frame_of_reference == header.frame_of_reference
    )
    findings = []
    if not same_frame and header.series not in drawn_on:
        if not trusted:
            return [finding("FOR_MISMATCH")]
        findings.append(finding("FRAME_TRUSTED"))
    elif header.frame_of_reference and frame_of_reference and not same_frame:
        findings.append(finding("FRAME_DIFFERS"))
    known = {h.sop_instance for h in stack.headers}
    stale = len(images - known)
    if stale:
        findings.append(finding("STALE_REFERENCE", count=stale, total=len(images)))
    return findings
