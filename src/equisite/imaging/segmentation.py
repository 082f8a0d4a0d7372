"""Regions of a DICOM segmentation object, frame by frame onto the grid of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.imaging.decode import DecodeError, FrameReader
from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import ImagingFinding, finding, listed
from equisite.imaging.foreign import foreign_parser
from equisite.imaging.gaps import HOW, gaps
from equisite.imaging.grid import Grid
from equisite.imaging.groups import frame_groups, numbers
from equisite.imaging.header import read_header
from equisite.imaging.names import repaired
from equisite.imaging.regions import judge_size
from equisite.imaging.syntaxes import NATIVE_LITTLE

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
BINARY, FRACTIONAL, LABELMAP = "BINARY", "FRACTIONAL", "LABELMAP"
GRID_VOXELS = 0.02
"""A frame's corner may lie off a voxel centre of the image by this part of a voxel."""


@dataclass(frozen=True)
class Segment:
    """One region: its number in the file and its local name."""

    number: int
    name: str


@dataclass(frozen=True)
class SegmentFrame:
    """One stored frame. segment: its number, 0 in a label map. Geometry in mm, LPS."""

    index: int
    segment: int
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing: tuple[float, ...]


@dataclass(frozen=True)
class Segmentation:
    """A segmentation object without its pixels, which are read frame by frame.

    maximum: value that stands for 1 in a fractional object. images: SOPInstanceUIDs it
    was drawn on. series: SeriesInstanceUIDs it names.
    """

    header: ImageHeader
    kind: str
    maximum: int
    segments: tuple[Segment, ...]
    frames: tuple[SegmentFrame, ...]
    frame_of_reference: str
    images: frozenset[str]
    series: frozenset[str]


def read_segmentation(path: Path) -> Segmentation:
    """Read everything but the pixels.

    Raises InputError MASK_UNREADABLE, SEG_TYPE (a kind that has no defined regions) or
    MASK_GRID (a frame without place); OSError when the machine cannot read.
    """
    import pydicom

    def unreadable(why: str) -> InputError:
        return InputError("MASK_UNREADABLE", problem=why)

    header = read_header(path).header
    if header is None:
        raise unreadable("it ends early")
    with path.open("rb") as stream, foreign_parser(unreadable):
        dataset = pydicom.dcmread(stream, stop_before_pixels=True, force=True)
        kind = str(dataset.get("SegmentationType", ""))
        if header.sop_class == LABEL_MAP:
            kind = LABELMAP
        maximum = int(dataset.get("MaximumFractionalValue") or 0)
        _known_kind(kind, maximum, header)
        frames = tuple(_frames(dataset, kind))
        if len(frames) != header.frames:
            raise unreadable(f"it describes {len(frames)} of {header.frames} frames")
        references = list(dataset.get("ReferencedSeriesSequence") or ())
        return Segmentation(
            header,
            kind,
            maximum,
            tuple(_segments(dataset)),
            frames,
            str(dataset.get("FrameOfReferenceUID", "")),
            frozenset(
                str(image.get("ReferencedSOPInstanceUID", ""))
                for series in references
                for image in series.get("ReferencedInstanceSequence") or ()
            ),
            frozenset(str(series.get("SeriesInstanceUID", "")) for series in references),
        )


def _known_kind(kind: str, maximum: int, header: ImageHeader) -> None:
    if kind not in (BINARY, FRACTIONAL, LABELMAP):
        raise InputError([finding("SEG_TYPE", value=kind or "none")])
    if kind == FRACTIONAL and maximum <= 0:
        raise InputError([finding("SEG_TYPE", value="FRACTIONAL without a maximum")])
    if header.bits_allocated not in (1, 8, 16):
        raise InputError([finding("SEG_TYPE", value=f"{header.bits_allocated} bits")])


def _segments(dataset: Any) -> list[Segment]:
    """Segments by number; the background of a label map (number 0) is none."""
    found = []
    for item in dataset.get("SegmentSequence") or ():
        number = int(item.SegmentNumber)
        kinds = item.get("SegmentedPropertyTypeCodeSequence") or ()
        meaning = str(kinds[0].get("CodeMeaning", "")) if kinds else ""
        if number > 0:
            label = str(item.get("SegmentLabel", "")).strip() or meaning
            found.append(Segment(number, repaired(label)))
    return sorted(found, key=lambda s: s.number)


def _frames(dataset: Any, kind: str) -> list[SegmentFrame]:
    found = []
    for index, groups in enumerate(frame_groups(dataset)):
        position = numbers(groups.value("PlanePositionSequence", "ImagePositionPatient"), 3)
        orientation = numbers(
            groups.value("PlaneOrientationSequence", "ImageOrientationPatient"), 6
        )
        spacing = numbers(groups.value("PixelMeasuresSequence", "PixelSpacing"), 2)
        if position is None or orientation is None or spacing is None or min(spacing) <= 0:
            raise InputError("MASK_GRID", reason=f"frame {index + 1} states no place")
        segment = 0
        if kind != LABELMAP:
            segment = int(
                groups.value("SegmentIdentificationSequence", "ReferencedSegmentNumber")
            )
        found.append(SegmentFrame(index, segment, position, orientation, spacing))
    return found


def draw_segment(
    source: Segmentation, number: int, grid: Grid, threshold: float
) -> tuple[NDArray[np.bool_], list[ImagingFinding]]:
    """The mask (slice, row, column) of one segment on the grid of an image.

    A voxel of a fractional segment belongs to the region from `threshold` of the maximum
    on. Frames that are not stored are background.
    Raises InputError MASK_GRID, ROI_OUTSIDE, ROI_NO_VOXEL, MASK_UNREADABLE.
    """
    mask = np.zeros(grid.shape, dtype=bool)
    limits = np.array(grid.size)[:, None]
    there = lost = between = 0
    with FrameReader() as reader:
        for frame in source.frames:
            if frame.segment not in (0, number):
                continue
            values = _read(source, frame.index, reader)
            if source.kind == LABELMAP:
                region = values == number
            elif source.kind == FRACTIONAL:
                region = values >= threshold * source.maximum
                between += int(np.count_nonzero((values > 0) & (values < source.maximum)))
            else:
                region = values != 0
            row, column = np.nonzero(region)
            if not len(row):
                continue
            start, step = _place(frame, region.shape, grid)
            index = start[:, None] + np.outer(step[:, 0], column) + np.outer(step[:, 1], row)
            inside = np.all((index >= 0) & (index < limits), axis=0)
            there += len(row)
            lost += len(row) - int(np.count_nonzero(inside))
            i, j, k = index[:, inside]
            mask[k, j, i] = True
    findings = _placement(there, lost)
    findings += judge_size(mask, 0)
    if between:
        findings.append(finding("SEG_FRACTIONAL", count=between, limit=threshold))
    drawn = np.flatnonzero(mask.any(axis=(1, 2)))
    lacking = gaps(set(drawn.tolist()))
    if lacking:
        where = listed(k + 1 for k in lacking)
        findings.append(
            finding("ROI_SLICE_GAP", count=len(lacking), slice=where, how=HOW["off"])
        )
    return mask, findings


def _placement(there: int, lost: int) -> list[ImagingFinding]:
    if lost and lost == there:
        raise InputError(
            [finding("ROI_OUTSIDE", count=0, slices=0, extent="no voxel of the image")]
        )
    if not lost:
        return []
    return [finding("ROI_PARTIAL", value=round(100 * lost / there, 3), count=0)]


def _place(
    frame: SegmentFrame, shape: Sequence[int], grid: Grid
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Image index (i, j, k) of the frame's first pixel, and its change per column and row.

    Raises InputError MASK_GRID unless each corner lies within GRID_VOXELS of a voxel
    centre and the frame's axes are axes of the image.
    """
    rows, columns = shape
    direction = np.array(frame.orientation).reshape(2, 3)
    axes = np.column_stack([direction[0] * frame.spacing[1], direction[1] * frame.spacing[0]])
    inverse = np.linalg.inv(grid.lps[:3, :3])
    start = inverse @ (np.array(frame.position) - grid.lps[:3, 3])
    step = inverse @ axes
    whole = np.round(step)
    corners = np.array([[0, 0], [columns - 1, 0], [0, rows - 1], [columns - 1, rows - 1]])
    exact = start[:, None] + step @ corners.T
    nearest = np.round(start)[:, None] + whole @ corners.T
    off = float(np.max(np.abs(exact - nearest)))
    axis_like = bool((np.abs(whole).sum(axis=0) == 1).all() and np.abs(whole).max() == 1)
    if off > GRID_VOXELS or not axis_like:
        raise InputError(
            "MASK_GRID",
            reason=f"frame {frame.index + 1} lies off the voxels of the image by up to "
            f"{off:.3g} voxels (limit {GRID_VOXELS:g}; its pixels measure "
            f"{frame.spacing[1]:.4f} x {frame.spacing[0]:.4f} mm, those of the image "
            f"{grid.spacing[0]:.4f} x {grid.spacing[1]:.4f} mm)",
        )
    return np.round(start).astype(np.int64), whole.astype(np.int64)


def _read(source: Segmentation, index: int, reader: FrameReader) -> NDArray[np.integer[Any]]:
    header = source.header
    rows, columns = header.rows or 0, header.columns or 0
    try:
        if header.bits_allocated != 1 or header.syntax not in NATIVE_LITTLE:
            return reader.read(header.of_frame(index))
        # Frames of one bit per pixel follow each other without a gap (PS3.5 8.1.1).
        first = index * rows * columns
        length = (first % 8 + rows * columns + 7) // 8
        with Path(header.path).open("rb") as stream:
            stream.seek((header.pixel_offset or 0) + first // 8)
            raw = np.frombuffer(stream.read(length), dtype=np.uint8)
        bits = np.unpackbits(raw, bitorder="little")[first % 8 :][: rows * columns]
        return bits.reshape(rows, columns)
    except (DecodeError, ValueError) as problem:
        raise InputError("MASK_UNREADABLE", problem="its pixels cannot be read") from problem
