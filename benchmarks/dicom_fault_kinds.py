"""Faults that are put into a sound series, with the codes that each must give.

A fault takes the data sets of a series (single slices, uncompressed, in order) and gives the
faulty ones; `after` then spoils written files. Codes of `refuse` must be exactly those that
refuse, codes of `tell` must be among the others.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import JPEG2000Lossless, generate_uid

Series = list[Dataset]


SMALLEST = 64
"""Rows and columns that the JPEG 2000 encoder needs at its usual settings."""


class NotPossible(Exception):  # noqa: N818 - no error, the fault does not fit the series
    """This fault cannot be put into this series."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault. modality: only for such series. mask: what is done to the mask."""

    name: str
    change: Callable[[Series], Series]
    refuse: tuple[str, ...] = ()
    tell: tuple[str, ...] = ()
    after: Callable[[list[Path]], None] | None = None
    modality: str = ""
    mask: str = ""


def every(**values: Any) -> Callable[[Series], Series]:
    """Set attributes in all slices."""
    return lambda made: [_set(ds, values) for ds in made]


def one(**values: Any) -> Callable[[Series], Series]:
    """Set attributes in one inner slice."""

    def change(made: Series) -> Series:
        _set(made[len(made) // 2], values)
        return made

    return change


def _set(ds: Dataset, values: dict[str, Any]) -> Dataset:
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def same(made: Series) -> Series:
    """No change: a control, or a fault of the files or the mask."""
    return made


def step(made: Series) -> np.ndarray:
    """Vector from one slice to the next, mm."""
    first, last = (np.array(made[i].ImagePositionPatient, float) for i in (0, -1))
    return (last - first) / (len(made) - 1)


def moved(ds: Dataset, by: np.ndarray) -> Dataset:
    """Shift one slice by mm."""
    place = np.array(ds.ImagePositionPatient, float) + by
    ds.ImagePositionPatient = [f"{v:.6f}" for v in place]
    return ds


def drop_middle(made: Series) -> Series:
    """Lose one inner slice."""
    return made[: len(made) // 2] + made[len(made) // 2 + 1 :]


def shift_one(made: Series) -> Series:
    """Move a slice by 0.3 of a slice distance."""
    moved(made[len(made) // 2], 0.3 * step(made))
    return made


def twin(made: Series, new_uid: bool, other_pixels: bool) -> Series:
    """The middle slice a second time."""
    again = copy.deepcopy(made[len(made) // 2])
    if new_uid:
        again.SOPInstanceUID = generate_uid(entropy_srcs=["twin", again.SOPInstanceUID])
    if other_pixels:
        again.PixelData = bytes(reversed(again.PixelData))
    return [*made, again]


def tilt(made: Series) -> Series:
    """Shear the stack along the columns."""
    column = np.array(made[0].ImageOrientationPatient, float)[3:]
    distance = float(np.linalg.norm(step(made)))
    return [moved(ds, 0.2 * k * distance * column) for k, ds in enumerate(made)]


def turn_one(made: Series) -> Series:
    """Turn a slice by 2 degrees about its rows."""
    ds = made[len(made) // 2]
    direction = np.array(ds.ImageOrientationPatient, float)
    row, column = direction[:3], direction[3:]
    turned = np.cos(np.radians(2)) * column + np.sin(np.radians(2)) * np.cross(row, column)
    ds.ImageOrientationPatient = [f"{v:.8f}" for v in (*row, *turned)]
    return made


def larger_one(made: Series) -> Series:
    """A slice with three rows more."""
    ds = made[len(made) // 2]
    ds.PixelData = ds.PixelData + ds.PixelData[: 3 * len(ds.PixelData) // ds.Rows]
    ds.Rows += 3
    return made


def colour(made: Series) -> Series:
    """Three samples per pixel."""
    for ds in made:
        ds.PixelData = ds.PixelData * 3
    return every(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)(
        made
    )


def second_echo(made: Series) -> Series:
    """All slices again, with another echo."""
    again = copy.deepcopy(made)
    for ds in again:
        ds.SOPInstanceUID = generate_uid(entropy_srcs=["echo", ds.SOPInstanceUID])
    return every(EchoNumbers=1)(made) + every(EchoNumbers=2)(again)


def scout(made: Series) -> Series:
    """A scout far above the stack, of its matrix and direction."""
    made = twin(made, True, True)
    moved(made[-1], step(made[:-1]) * (len(made) + 2.7))
    return made


def long_axes(made: Series) -> Series:
    """Directions of length 1.01."""
    for ds in made:
        ds.ImageOrientationPatient = [
            f"{1.01 * float(v):.6f}" for v in ds.ImageOrientationPatient
        ]
    return made


def wider_pixels(made: Series) -> Series:
    """Pixel spacing of a slice 1 % larger."""
    ds = made[len(made) // 2]
    ds.PixelSpacing = [f"{1.01 * float(v):.6f}" for v in ds.PixelSpacing]
    return made


def scale_one(made: Series) -> Series:
    """Another slope in one slice."""
    ds = made[len(made) // 2]
    ds.RescaleSlope = f"{1.1 * float(ds.get('RescaleSlope') or 1):.8g}"
    return made


def without(*keywords: str) -> Callable[[Series], Series]:
    """Remove attributes from one slice."""

    def change(made: Series) -> Series:
        for keyword in keywords:
            if keyword in made[len(made) // 2]:
                delattr(made[len(made) // 2], keyword)
        return made

    return change


def flat_one(made: Series) -> Series:
    """One inner slice of zeros."""
    ds = made[len(made) // 2]
    ds.PixelData = bytes(len(ds.PixelData))
    return made


def sideways(made: Series) -> Series:
    """One slice off the line by 2 pixels."""
    ds = made[len(made) // 2]
    row = np.array(ds.ImageOrientationPatient, float)[:3]
    moved(ds, 2 * float(ds.PixelSpacing[1]) * row)
    return made


def video(made: Series) -> Series:
    """Slices in a transfer syntax of moving pictures."""
    for ds in made:
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"
        ds.PixelData = encapsulate([ds.PixelData])
        ds["PixelData"].is_undefined_length = True
    return made


def compressed(made: Series) -> Series:
    """JPEG 2000, without loss; raises NotPossible for slices too small for its encoder."""
    if min(made[0].Rows, made[0].Columns) < SMALLEST:
        raise NotPossible
    for ds in made:
        ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    return made


def lossy_syntax(made: Series) -> Series:
    """JPEG 2000 whose syntax allows loss, without the lossy attribute."""
    for ds in compressed(made):
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.91"
    return made


def more_bytes(made: Series) -> Series:
    """100 bytes too many in the pixel data of one slice."""
    made[len(made) // 2].PixelData += bytes(100)
    return made


def pet(**values: Any) -> Callable[[Series], Series]:
    """A PET series in BQML with sound fields for SUV, of which `values` are changed."""

    def change(made: Series) -> Series:
        fields = {
            "Units": "BQML", "PatientWeight": 70, "DecayCorrection": "START",
            "CorrectedImage": ["ATTN", "DECY", "SCAT"], "SeriesDate": "20200102",
            "SeriesTime": "120000", "AcquisitionDate": "20200102", "AcquisitionTime": "120000",
            "RadionuclideTotalDose": 3.7e8, "RadionuclideHalfLife": 6586.2,
            "RadiopharmaceuticalStartTime": "110000", **values,
        }  # fmt: skip
        for ds in made:
            dose = Dataset()
            for keyword, value in fields.items():
                setattr(dose if keyword.startswith("Radio") else ds, keyword, value)
            ds.RadiopharmaceuticalInformationSequence = Sequence([dose])
            if "SUVType" in ds:
                del ds.SUVType
        return made

    return change


def cut_at(share: float) -> Callable[[list[Path]], None]:
    """End one file after a share of its bytes."""

    def after(paths: list[Path]) -> None:
        path = paths[len(paths) // 2]
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])

    return after


def cut_header(paths: list[Path]) -> None:
    """End one file inside its header."""
    path = paths[len(paths) // 2]
    path.write_bytes(path.read_bytes()[:600])


def cut_between(paths: list[Path]) -> None:
    """End one file just before its pixel data: every element that is there is whole."""
    path = paths[len(paths) // 2]
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"\xe0\x7f\x10\x00")])


def no_number(made: Series) -> Series:
    """A slope with a comma in one slice."""
    value = b"1,5 "
    tag = Tag("RescaleSlope")
    made[len(made) // 2][tag] = RawDataElement(tag, "DS", len(value), value, 0, False, True)
    return made


def no_slope(made: Series) -> Series:
    """One slice without slope among others that state one."""
    del made[len(made) // 2].RescaleSlope
    return made


def append_bytes(paths: list[Path]) -> None:
    """100 bytes behind one file."""
    path = paths[len(paths) // 2]
    path.write_bytes(path.read_bytes() + b"\x55" * 100)


def spoil_stream(paths: list[Path]) -> None:
    """Flip bytes in the size marker of one JPEG 2000 stream."""
    path = paths[len(paths) // 2]
    content = bytearray(path.read_bytes())
    at = content.index(b"\xff\x4f\xff\x51")
    content[at + 8 : at + 16] = bytes(b ^ 0xFF for b in content[at + 8 : at + 16])
    path.write_bytes(content)


def empty_file(paths: list[Path]) -> None:
    """One file of length zero, beside the whole series."""
    (paths[0].parent / "empty").touch()


MIP = ["DERIVED", "SECONDARY", "MIP"]
SCOUT = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
FAULTS = (
    Fault("control", same),
    Fault("middle slice lost", drop_middle, ("MISSING_SLICE",)),
    Fault("first two slices lost", lambda made: made[2:], (), ("END_GAP",)),
    Fault("slice moved by 0.3 distances", shift_one, ("NONUNIFORM_SPACING",)),
    Fault("same file twice", lambda m: twin(m, False, False), (), ("DUPLICATE_INSTANCE",)),
    Fault("same UID, other pixels", lambda m: twin(m, False, True), ("DUPLICATE_INSTANCE",)),
    Fault("new UID, same position", lambda m: twin(m, True, False), ("DUPLICATE_POSITION",)),
    Fault("sheared stack", tilt, ("GANTRY_TILT",)),
    Fault("one slice turned", turn_one, ("MIXED_ORIENTATION",)),
    Fault("one slice larger", larger_one, ("MIXED_MATRIX",)),
    Fault("file cut at 60 %", same, ("TRUNCATED_PIXELS",), after=cut_at(0.6)),
    Fault("file cut in its header", same, ("TRUNCATED_PIXELS",), after=cut_header),
    Fault("file cut before its pixels", same, ("TRUNCATED_PIXELS",), after=cut_between),
    Fault("slope that is no number", no_number, ("RESCALE_UNREADABLE",)),
    Fault("PET slice without slope", no_slope, ("MIXED_RESCALE",), modality="PT"),
    Fault("sign of pixels is 2", every(PixelRepresentation=2), ("BITS_INCONSISTENT",)),
    Fault("tomosynthesis", every(SOPClassUID="1.2.840.10008.5.1.4.1.1.13.1.3"),
          ("SOP_UNSUPPORTED",)),
    Fault("bytes after the file", same, (), ("EXCESS_PIXELS",), after=append_bytes),
    Fault("bytes too many in the pixels", more_bytes, (), ("EXCESS_PIXELS",)),
    Fault("other slope in one slice", scale_one, (), ("MIXED_RESCALE",)),
    Fault("empty rescale", every(RescaleSlope=None, RescaleIntercept=None)),
    Fault("colour", colour, ("COLOUR",)),
    Fault("palette", every(PhotometricInterpretation="PALETTE COLOR"), ("PALETTE",)),
    Fault("inverted display", every(PhotometricInterpretation="MONOCHROME1"), (),
          ("MONOCHROME1",)),
    Fault("slice of another patient", one(PatientID="OTHER"), ("TWO_SERIES_IN_ONE",)),
    Fault("slice of another study", one(StudyInstanceUID="1.2.3.4"), ("TWO_SERIES_IN_ONE",)),
    Fault("second echo", second_echo, ("MULTI_VOLUME",)),
    Fault("scout in the series", scout, ("NONUNIFORM_SPACING",)),
    Fault("image type of a scout", one(ImageType=SCOUT), ("LOCALIZER",)),
    Fault("projections", every(ImageType=MIP), ("DERIVED_PROJECTION",)),
    Fault("mosaic", every(ImageType=["ORIGINAL", "PRIMARY", "MOSAIC"]), ("MOSAIC",)),
    Fault("secondary capture", every(SOPClassUID="1.2.840.10008.5.1.4.1.1.7"),
          ("SECONDARY_CAPTURE",)),
    Fault("ultrasound", every(SOPClassUID="1.2.840.10008.5.1.4.1.1.6.1"), ("SOP_UNSUPPORTED",)),
    Fault("mammography", every(SOPClassUID="1.2.840.10008.5.1.4.1.1.1.2"),
          ("SOP_UNSUPPORTED",)),
    Fault("no position", without("ImagePositionPatient"), ("MISSING_GEOMETRY",)),
    Fault("no spacing", without("PixelSpacing"), ("MISSING_GEOMETRY",)),
    Fault("directions too long", long_axes, ("BAD_ORIENTATION",)),
    Fault("other pixel spacing", wider_pixels, ("MIXED_PIXEL_SPACING",)),
    Fault("slice off the line", sideways, ("IN_PLANE_SHIFT",)),
    Fault("other frame of reference", one(FrameOfReferenceUID="1.2.3.5"),
          ("MIXED_FRAME_OF_REFERENCE",)),
    Fault("other rescale type", one(RescaleType="OTHER"), ("MIXED_UNITS",)),
    Fault("other bit depth", one(BitsStored=10, HighBit=9), ("MIXED_PIXEL_FORMAT",)),
    Fault("more bits stored than there", every(BitsStored=20, HighBit=19),
          ("BITS_INCONSISTENT",)),
    Fault("moving pictures", video, ("UNSUPPORTED_SYNTAX",)),
    Fault("lossy by attribute", every(LossyImageCompression="01"), ("LOSSY",)),
    Fault("lossy by syntax", lossy_syntax, ("LOSSY",)),
    Fault("JPEG 2000 stream spoilt", compressed, ("CORRUPT_PIXELS",), after=spoil_stream),
    Fault("JPEG 2000 stream cut", compressed, ("TRUNCATED_PIXELS",), after=cut_at(0.8)),
    Fault("one slice of zeros", flat_one, ("CONSTANT_IMAGE",)),
    Fault("two slices only", lambda made: made[:2], ("TOO_FEW_SLICES",)),
    Fault("burned-in text", one(BurnedInAnnotation="YES"), (), ("BURNED_IN",)),
    Fault("other modality", every(Modality="OT"), ("MODALITY_DIFFERS",)),
    Fault("empty file beside", same, (), (), after=empty_file),
    Fault("contours 400 mm away", same, ("ROI_OUTSIDE",), mask="far"),
    Fault("contours between slices", same, (), ("ROI_BETWEEN_SLICES",), mask="between"),
    Fault("every second contour lost", same, (), ("ROI_SLICE_GAP",), mask="gaps"),
    Fault("contours of another series", same, ("FOR_MISMATCH",), mask="elsewhere"),
    Fault("contours tilted", same, ("ROI_OBLIQUE_CONTOUR",), mask="tilted"),
    Fault("structure of another name", same, ("ROI_NOT_FOUND",), mask="unnamed"),
    Fault("structure set cut", same, ("MASK_UNREADABLE",), mask="cut"),
    Fault("NIfTI mask one voxel off", same, ("MASK_GRID",), mask="nifti off"),
    Fault("control in BQML", pet(), modality="PT"),
    Fault("weight 0", pet(PatientWeight=0), ("SUV_NO_WEIGHT",), modality="PT"),
    Fault("dose in MBq", pet(RadionuclideTotalDose=370), ("SUV_NO_DOSE",), modality="PT"),
    Fault("not attenuation corrected", pet(CorrectedImage=["DECY"]), ("SUV_NOT_CORRECTED",),
          modality="PT"),
    Fault("half-life in minutes", pet(RadionuclideHalfLife=109.8), ("SUV_HALF_LIFE",),
          modality="PT"),
    Fault("injection 30 h before", pet(RadiopharmaceuticalStartDateTime="20200101060000"),
          ("SUV_TIME",), modality="PT"),
    Fault("counts per second", pet(Units="PROPCPS"), ("SUV_UNITS",), modality="PT"),
    Fault("uptake by lean body mass", every(Units="GML", SUVType="LBM"), ("SUV_TYPE",),
          modality="PT"),
)  # fmt: skip
