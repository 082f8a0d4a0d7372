"""Small DICOM series and structure sets, made in code."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from equisite.imaging.discovery import one_series, scan
from equisite.imaging.series import SeriesReport, judge_series
from equisite.protocol.imaging import SeriesLimits

CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
}
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
ENHANCED = {
    "CT": "1.2.840.10008.5.1.4.1.1.2.1",
    "MR": "1.2.840.10008.5.1.4.1.1.4.1",
    "PT": "1.2.840.10008.5.1.4.1.1.130",
}
LEGACY = {
    "CT": "1.2.840.10008.5.1.4.1.1.2.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128.1",
}
UNASSIGNED = frozenset(
    [
        "InstanceNumber",
        "Units",
        "DecayCorrection",
        "CorrectedImage",
        "SeriesDate",
        "SeriesTime",
        "AcquisitionDate",
        "AcquisitionTime",
        "RadiopharmaceuticalInformationSequence",
    ]
)
CLASSIC_ONLY = UNASSIGNED | frozenset(
    [
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "PixelSpacing",
        "SliceThickness",
        "RescaleSlope",
        "RescaleIntercept",
        "RescaleType",
        "PixelData",
    ]
)
"""Attributes that an enhanced object does not hold at its top level."""
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
ROOT = "1.2.826.0.1.3680043.10.9999"
AXIAL = np.eye(3)
LIMITS = SeriesLimits()
Fault = Callable[[list[Dataset]], list[Dataset]]


def rotation(degrees: Sequence[float]) -> NDArray[np.float64]:
    """Rotation about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        a, b = [i for i in range(3) if i != axis]
        one = np.eye(3)
        one[a, a] = one[b, b] = np.cos(angle)
        one[a, b], one[b, a] = -np.sin(angle), np.sin(angle)
        matrix = one @ matrix
    return matrix


def make_series(
    slices: int = 8,
    rows: int = 12,
    columns: int = 10,
    modality: str = "CT",
    spacing: tuple[float, float] = (0.8, 0.7),
    gap: float = 2.5,
    origin: Sequence[float] = (-10.0, 20.0, 30.0),
    axes: NDArray[np.float64] = AXIAL,
    uid: int = 1,
    seed: int = 0,
    scale: tuple[float, float] = (1.0, -1024.0),
) -> list[Dataset]:
    """A regular series; axes: columns are row direction, column direction and normal."""
    rng = np.random.default_rng(seed)
    made = []
    for k in range(slices):
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SOPClassUID = CLASSES[modality]
        ds.SOPInstanceUID = f"{ROOT}.{uid}.{k + 1}"
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.Modality = modality
        ds.PatientID = "MADE^PATIENT"
        ds.StudyInstanceUID = f"{ROOT}.100"
        ds.SeriesInstanceUID = f"{ROOT}.{uid}"
        ds.FrameOfReferenceUID = f"{ROOT}.200"
        ds.InstanceNumber = k + 1
        ds.PatientPosition = "HFS"
        place = np.asarray(origin) + axes[:, 2] * gap * k
        ds.ImagePositionPatient = [f"{v:.9g}" for v in place]
        ds.ImageOrientationPatient = [f"{v:.9g}" for v in axes[:, :2].T.ravel()]
        ds.PixelSpacing = [f"{v:.9g}" for v in spacing]
        ds.SliceThickness = f"{gap:.9g}"
        ds.Rows, ds.Columns = rows, columns
        ds.SamplesPerPixel = 1
        ds.PhotometricInterpretation = "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
        ds.RescaleSlope, ds.RescaleIntercept = scale
        if modality == "PT":
            ds.Units = "GML"
            ds.RescaleSlope, ds.RescaleIntercept = 0.001 * (k + 1), 0
        ds.PixelData = rng.integers(200, 1600, (rows, columns), dtype="<u2").tobytes()
        made.append(ds)
    return made


def stored(ds: Dataset) -> NDArray[np.uint16]:
    return np.frombuffer(ds.PixelData, dtype="<u2").reshape(ds.Rows, ds.Columns).copy()


def save(
    datasets: Sequence[Dataset], folder: Path, implicit: bool = False, prefix: str = "i"
) -> list[Path]:
    """Write one file per data set; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, ds in enumerate(datasets):
        path = folder / f"{prefix}{number:03d}"
        if implicit:
            ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        pydicom.dcmwrite(path, ds, enforce_file_format=True)
        paths.append(path)
    return paths


def judge(folder: Path, modality: str = "CT", volume: Path | None = None) -> SeriesReport:
    """Verdict on the only series of a folder."""
    return judge_series(one_series(scan(folder)), modality, LIMITS, volume)


def codes(report: SeriesReport, severity: str = "refuse") -> list[str]:
    """Codes of one severity, sorted."""
    return sorted({f.code for f in report.findings if f.severity == severity})


def sentence(report: SeriesReport, code: str) -> str:
    return next(f.sentence for f in report.findings if f.code == code)


def to_mm(series: Sequence[Dataset], points: Any) -> NDArray[np.float64]:
    """Voxel coordinates (column, row, slice) to mm, LPS, by DICOM's own formula."""
    first, last = (
        np.array(ds.ImagePositionPatient, dtype=float) for ds in (series[0], series[-1])
    )
    direction = np.array(series[0].ImageOrientationPatient, dtype=float)
    dy, dx = (float(v) for v in series[0].PixelSpacing)
    step = (last - first) / max(1, len(series) - 1)
    x, y, k = np.asarray(points, dtype=float).T
    return (
        first
        + np.outer(x * dx, direction[:3])
        + np.outer(y * dy, direction[3:])
        + np.outer(k, step)
    )


def square(k: float, low: float = 2.2, high: float = 6.7) -> list[tuple[float, float, float]]:
    """A square ring in voxel coordinates on slice k."""
    return [(low, low, k), (high, low, k), (high, high, k), (low, high, k)]


def make_structures(
    series: Sequence[Dataset],
    rings: Mapping[str, Sequence[Any]],
    kind: str = "CLOSED_PLANAR",
    digits: int = 6,
) -> Dataset:
    """A structure set; rings: voxel coordinates (column, row, slice) by name of region."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = RTSTRUCT
    ds.SOPInstanceUID = f"{ROOT}.300.1"
    ds.file_meta.MediaStorageSOPClassUID = RTSTRUCT
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.Modality = "RTSTRUCT"
    ds.SeriesInstanceUID = f"{ROOT}.300"
    one = Dataset()
    one.SeriesInstanceUID = series[0].SeriesInstanceUID
    study = Dataset()
    study.RTReferencedSeriesSequence = DicomSequence([one])
    frame = Dataset()
    frame.FrameOfReferenceUID = series[0].get("FrameOfReferenceUID", "")
    frame.RTReferencedStudySequence = DicomSequence([study])
    ds.ReferencedFrameOfReferenceSequence = DicomSequence([frame])
    ds.StructureSetROISequence = DicomSequence()
    ds.ROIContourSequence = DicomSequence()
    for number, (name, shapes) in enumerate(rings.items(), start=1):
        roi = Dataset()
        roi.ROINumber = number
        roi.ROIName = name
        roi.ReferencedFrameOfReferenceUID = frame.FrameOfReferenceUID
        ds.StructureSetROISequence.append(roi)
        contours = Dataset()
        contours.ReferencedROINumber = number
        contours.ContourSequence = DicomSequence()
        for shape in shapes:
            contour = Dataset()
            image = Dataset()
            k = int(np.clip(round(float(np.mean(np.asarray(shape)[:, 2]))), 0, len(series) - 1))
            image.ReferencedSOPClassUID = series[k].SOPClassUID
            image.ReferencedSOPInstanceUID = series[k].SOPInstanceUID
            contour.ContourImageSequence = DicomSequence([image])
            contour.ContourGeometricType = kind
            points = to_mm(series, shape)
            contour.NumberOfContourPoints = len(points)
            contour.ContourData = [f"{v:.{digits}f}" for v in points.ravel()]
            contours.ContourSequence.append(contour)
        ds.ROIContourSequence.insert(0, contours)  # not in the order of the names
    return ds


def make_segmentation(
    series: Sequence[Dataset],
    segments: Mapping[str, NDArray[Any]],
    kind: str = "BINARY",
    leave_out: Sequence[int] = (),
    maximum: int = 255,
) -> Dataset:
    """A segmentation object; segments: (slice, row, column) by name, overlaps allowed.

    BINARY frames are packed without alignment. leave_out: slices that are not stored. In a
    label map the last of two overlapping segments wins.
    """
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = SEGMENTATION if kind != "LABELMAP" else LABEL_MAP
    ds.SOPInstanceUID = f"{ROOT}.400.1"
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.Modality = "SEG"
    ds.SeriesInstanceUID = f"{ROOT}.400"
    ds.FrameOfReferenceUID = series[0].get("FrameOfReferenceUID", "")
    ds.SegmentationType = kind
    if kind == "FRACTIONAL":
        ds.SegmentationFractionalType = "PROBABILITY"
        ds.MaximumFractionalValue = maximum
    reference = Dataset()
    reference.SeriesInstanceUID = series[0].SeriesInstanceUID
    reference.ReferencedInstanceSequence = DicomSequence()
    for one in series:
        item = Dataset()
        item.ReferencedSOPClassUID = one.SOPClassUID
        item.ReferencedSOPInstanceUID = one.SOPInstanceUID
        reference.ReferencedInstanceSequence.append(item)
    ds.ReferencedSeriesSequence = DicomSequence([reference])
    ds.SegmentSequence = DicomSequence()
    for number, name in enumerate(segments, start=1):
        item = Dataset()
        item.SegmentNumber, item.SegmentLabel = number, name
        ds.SegmentSequence.append(item)
    orientation, measures, shared = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = series[0].ImageOrientationPatient
    measures.PixelSpacing = series[0].PixelSpacing
    shared.PlaneOrientationSequence = DicomSequence([orientation])
    shared.PixelMeasuresSequence = DicomSequence([measures])
    ds.SharedFunctionalGroupsSequence = DicomSequence([shared])
    ds.PerFrameFunctionalGroupsSequence = DicomSequence()
    frames = []

    def add(k: int, number: int, values: NDArray[Any]) -> None:
        position, own = Dataset(), Dataset()
        position.ImagePositionPatient = series[k].ImagePositionPatient
        own.PlanePositionSequence = DicomSequence([position])
        if number:
            segment = Dataset()
            segment.ReferencedSegmentNumber = number
            own.SegmentIdentificationSequence = DicomSequence([segment])
        ds.PerFrameFunctionalGroupsSequence.append(own)
        frames.append(values)

    slices = [k for k in reversed(range(len(series))) if k not in leave_out]
    if kind == "LABELMAP":
        merged = np.zeros((len(series), series[0].Rows, series[0].Columns), dtype=np.uint8)
        for number, mask in enumerate(segments.values(), start=1):
            merged[mask != 0] = number
        for k in slices:
            add(k, 0, merged[k])
    else:
        for number, mask in enumerate(segments.values(), start=1):
            for k in slices:
                add(k, number, mask[k])
    ds.NumberOfFrames = len(frames)
    ds.Rows, ds.Columns = series[0].Rows, series[0].Columns
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    bits = 1 if kind == "BINARY" else 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = (
        bits,
        bits,
        bits - 1,
        0,
    )
    values = np.stack(frames).astype(np.uint8)
    raw = np.packbits(values.ravel(), bitorder="little") if bits == 1 else values
    ds.PixelData = raw.tobytes() + b"\0" * (raw.size % 2)
    return ds


def item_of(**values: Any) -> Dataset:
    """A data set of these attributes."""
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def make_enhanced(
    series: Sequence[Dataset],
    order: Sequence[int] | None = None,
    legacy: bool = False,
    shared: Sequence[str] = ("orientation", "measures"),
) -> Dataset:
    """One file with the slices of a classic series as frames, in any order.

    shared: the groups that are written once. legacy: a legacy converted object, which keeps
    classic attributes (Units, SeriesTime ...) among the unassigned ones.
    """
    first = series[0]
    ds = Dataset()
    for element in first:
        if element.keyword not in CLASSIC_ONLY:
            ds.add(copy.deepcopy(element))
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = (LEGACY if legacy else ENHANCED)[first.Modality]
    ds.SOPInstanceUID = f"{first.SeriesInstanceUID}.9"
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    order = list(range(len(series))) if order is None else list(order)
    ds.NumberOfFrames = len(order)
    ds.PixelData = b"".join(series[k].PixelData for k in order)
    common = Dataset()
    ds.PerFrameFunctionalGroupsSequence = DicomSequence()
    for k in order:
        one = series[k]
        groups = {
            "orientation": (
                "PlaneOrientationSequence",
                item_of(ImageOrientationPatient=one.ImageOrientationPatient),
            ),
            "measures": (
                "PixelMeasuresSequence",
                item_of(PixelSpacing=one.PixelSpacing, SliceThickness=one.SliceThickness),
            ),
            "scale": (
                "PixelValueTransformationSequence",
                item_of(
                    RescaleSlope=one.RescaleSlope,
                    RescaleIntercept=one.RescaleIntercept,
                    RescaleType="US",
                ),
            ),
            "position": (
                "PlanePositionSequence",
                item_of(ImagePositionPatient=one.ImagePositionPatient),
            ),
            "content": ("FrameContentSequence", item_of(InStackPositionNumber=k + 1)),
        }
        if legacy:
            kept = {name: one[name].value for name in CLASSIC_ONLY if name in one}
            groups["unassigned"] = (
                "UnassignedPerFrameConvertedAttributesSequence",
                item_of(**{n: v for n, v in kept.items() if n in UNASSIGNED}),
            )
        own = Dataset()
        for name, (keyword, item) in groups.items():
            setattr(common if name in shared else own, keyword, DicomSequence([item]))
        ds.PerFrameFunctionalGroupsSequence.append(own)
    ds.SharedFunctionalGroupsSequence = DicomSequence([common])
    return ds
