"""DICOM and NIfTI files written byte by byte: a small explicit little-endian encoder."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic.phantom import Body, Grid, rings
from synthetic.streams import stable_uid

MR_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
RTSTRUCT_STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"
_STUDY_COMPONENT = "1.2.840.10008.3.1.2.3.1"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_LONG = {"OB", "OW", "SQ", "UN", "UT"}


Value = str | bytes | int | list[bytes]


def element(group: int, number: int, kind: str, value: Value) -> bytes:
    """One data element in explicit little-endian form (PS3.5, 7.1.2).

    value: text, raw bytes, an unsigned short, or the encoded items of a sequence.
    """
    if isinstance(value, list):
        content = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(i)) + i for i in value)
    elif isinstance(value, int):
        content = struct.pack("<H", value)
    elif isinstance(value, bytes):
        content = value
    else:
        content = value.encode()
    if len(content) % 2:
        content += b"\0" if kind in ("UI", "OB") else b" "
    tag = struct.pack("<HH", group, number) + kind.encode()
    if kind in _LONG:
        return tag + struct.pack("<HI", 0, len(content)) + content
    return tag + struct.pack("<H", len(content)) + content


def _file(sop_class: str, instance: str, body: bytes) -> bytes:
    meta = b"".join(
        (
            element(2, 0x01, "OB", b"\0\1"),
            element(2, 0x02, "UI", sop_class),
            element(2, 0x03, "UI", instance),
            element(2, 0x10, "UI", _EXPLICIT_LITTLE),
            element(2, 0x12, "UI", "2.25.1"),
        )
    )
    length = element(2, 0x00, "UL", struct.pack("<I", len(meta)))
    return b"\0" * 128 + b"DICM" + length + meta + body


def _real(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Study:
    """What the headers of one patient's study say; `key` gives all its UIDs."""

    key: str
    name: str
    patient: str
    sex: str
    age: int
    date: str
    station: str

    @property
    def study_uid(self) -> str:
        """StudyInstanceUID."""
        return stable_uid(self.key, "study")

    @property
    def series_uid(self) -> str:
        """SeriesInstanceUID of the image series."""
        return stable_uid(self.key, "series")

    @property
    def frame_uid(self) -> str:
        """FrameOfReferenceUID."""
        return stable_uid(self.key, "frame")

    def instance_uid(self, index: int) -> str:
        """SOPInstanceUID of one slice."""
        return stable_uid(self.key, "instance", index)

    def _person(self) -> bytes:
        return b"".join(
            (
                element(0x10, 0x10, "PN", self.name),
                element(0x10, 0x20, "LO", self.patient),
                element(0x10, 0x40, "CS", self.sex),
                element(0x10, 0x1010, "AS", f"{self.age:03d}Y"),
            )
        )


def mr_series(study: Study, voxels: NDArray[np.int16], grid: Grid) -> list[bytes]:
    """One classic MR file per slice, feet to head."""
    return [mr_slice(study, voxels[i], grid, i) for i in range(voxels.shape[0])]


def mr_slice(
    study: Study,
    pixels: NDArray[np.int16],
    grid: Grid,
    index: int,
    orientation: str = "1\\0\\0\\0\\1\\0",
    image_type: str = "ORIGINAL\\PRIMARY\\M\\SE",
) -> bytes:
    """One slice. `orientation` and `image_type` are changed for a scout."""
    x, y, z = grid.origin
    height = z + index * grid.spacing[2]
    rows, columns = pixels.shape
    uid = study.instance_uid(index)
    body = (
        element(0x08, 0x05, "CS", "ISO_IR 192")
        + element(0x08, 0x08, "CS", image_type)
        + element(0x08, 0x16, "UI", MR_STORAGE)
        + element(0x08, 0x18, "UI", uid)
        + element(0x08, 0x20, "DA", study.date)
        + element(0x08, 0x21, "DA", study.date)
        + element(0x08, 0x30, "TM", "101500")
        + element(0x08, 0x31, "TM", "102000")
        + element(0x08, 0x60, "CS", "MR")
        + element(0x08, 0x70, "LO", "Synthetic")
        + element(0x08, 0x1010, "SH", study.station)
        + element(0x08, 0x103E, "LO", "T1 axial")
        + study._person()
        + element(0x18, 0x20, "CS", "SE")
        + element(0x18, 0x23, "CS", "2D")
        + element(0x18, 0x50, "DS", _real(grid.spacing[2]))
        + element(0x18, 0x87, "DS", "1.5")
        + element(0x18, 0x88, "DS", _real(grid.spacing[2]))
        + element(0x18, 0x5100, "CS", "HFS")
        + element(0x20, 0x0D, "UI", study.study_uid)
        + element(0x20, 0x0E, "UI", study.series_uid)
        + element(0x20, 0x11, "IS", "2")
        + element(0x20, 0x13, "IS", str(index + 1))
        + element(0x20, 0x32, "DS", "\\".join(_real(v) for v in (x, y, height)))
        + element(0x20, 0x37, "DS", orientation)
        + element(0x20, 0x52, "UI", study.frame_uid)
        + element(0x20, 0x1041, "DS", _real(height))
        + element(0x28, 0x02, "US", 1)
        + element(0x28, 0x04, "CS", "MONOCHROME2")
        + element(0x28, 0x10, "US", rows)
        + element(0x28, 0x11, "US", columns)
        + element(0x28, 0x30, "DS", f"{_real(grid.spacing[1])}\\{_real(grid.spacing[0])}")
        + element(0x28, 0x100, "US", 16)
        + element(0x28, 0x101, "US", 16)
        + element(0x28, 0x102, "US", 15)
        + element(0x28, 0x103, "US", 1)
        + element(0x7FE0, 0x10, "OW", np.ascontiguousarray(pixels, dtype="<i2").tobytes())
    )
    return _file(MR_STORAGE, uid, body)


def rtstruct(study: Study, grid: Grid, regions: Sequence[tuple[str, Body]]) -> bytes:
    """Structure set with one closed planar contour per region and slice."""
    uid = stable_uid(study.key, "rtstruct")
    structures, contours, observations = [], [], []
    for number, (label, body) in enumerate(regions, start=1):
        structures.append(
            element(0x3006, 0x22, "IS", str(number))
            + element(0x3006, 0x24, "UI", study.frame_uid)
            + element(0x3006, 0x26, "LO", label)
            + element(0x3006, 0x36, "CS", "MANUAL")
        )
        drawn = [
            element(
                0x3006,
                0x16,
                "SQ",
                [
                    element(0x08, 0x1150, "UI", MR_STORAGE)
                    + element(0x08, 0x1155, "UI", study.instance_uid(index))
                ],
            )
            + element(0x3006, 0x42, "CS", "CLOSED_PLANAR")
            + element(0x3006, 0x46, "IS", str(len(points)))
            + element(0x3006, 0x50, "DS", "\\".join(_real(v) for v in points.ravel()))
            for index, points in rings(body, grid)
        ]
        contours.append(
            element(0x3006, 0x2A, "IS", "255\\0\\0")
            + element(0x3006, 0x40, "SQ", drawn)
            + element(0x3006, 0x84, "IS", str(number))
        )
        observations.append(
            element(0x3006, 0x82, "IS", str(number))
            + element(0x3006, 0x84, "IS", str(number))
            + element(0x3006, 0xA4, "CS", "GTV")
            + element(0x3006, 0xA6, "PN", "")
        )
    series = element(0x20, 0x0E, "UI", study.series_uid) + element(
        0x3006,
        0x16,
        "SQ",
        [
            element(0x08, 0x1150, "UI", MR_STORAGE)
            + element(0x08, 0x1155, "UI", study.instance_uid(i))
            for i in range(grid.shape[0])
        ],
    )
    referenced = element(0x08, 0x1150, "UI", _STUDY_COMPONENT) + element(
        0x08, 0x1155, "UI", study.study_uid
    )
    frame = element(0x20, 0x52, "UI", study.frame_uid) + element(
        0x3006, 0x12, "SQ", [referenced + element(0x3006, 0x14, "SQ", [series])]
    )
    content = (
        element(0x08, 0x05, "CS", "ISO_IR 192")
        + element(0x08, 0x16, "UI", RTSTRUCT_STORAGE)
        + element(0x08, 0x18, "UI", uid)
        + element(0x08, 0x20, "DA", study.date)
        + element(0x08, 0x30, "TM", "101500")
        + element(0x08, 0x60, "CS", "RTSTRUCT")
        + element(0x08, 0x70, "LO", "Synthetic")
        + study._person()
        + element(0x20, 0x0D, "UI", study.study_uid)
        + element(0x20, 0x0E, "UI", stable_uid(study.key, "rtseries"))
        + element(0x20, 0x11, "IS", "3")
        + element(0x3006, 0x02, "SH", "REGIONS")
        + element(0x3006, 0x08, "DA", study.date)
        + element(0x3006, 0x09, "TM", "120000")
        + element(0x3006, 0x10, "SQ", [frame])
        + element(0x3006, 0x20, "SQ", structures)
        + element(0x3006, 0x39, "SQ", contours)
        + element(0x3006, 0x80, "SQ", observations)
    )
    return _file(RTSTRUCT_STORAGE, uid, content)


def nifti_mask(mask: NDArray[np.bool_], grid: Grid) -> bytes:
    """A label mask (0, 1) as NIfTI-1, uncompressed, on the image's grid.

    The header's frame is RAS: x and y of the DICOM frame change their sign.
    """
    nz, ny, nx = mask.shape
    dx, dy, dz = grid.spacing
    x, y, z = grid.origin
    header = struct.pack("<i10s18sihcB", 348, b"", b"", 0, 0, b"r", 0)
    header += struct.pack("<8h", 3, nx, ny, nz, 1, 1, 1, 1)
    header += struct.pack("<3fhhhh", 0, 0, 0, 0, 2, 8, 0)  # datatype 2: uint8, 8 bits
    header += struct.pack("<8f", 1.0, dx, dy, dz, 0, 0, 0, 0)
    header += struct.pack("<3fhBB4f2i", 352.0, 1.0, 0.0, 0, 0, 2, 0, 0, 0, 0, 0, 0)
    header += struct.pack("<80s24shh", b"", b"", 1, 1)
    # Rotation of 180 degrees about z (x and y flipped): quaternion b, c, d = 0, 0, 1.
    header += struct.pack("<6f", 0.0, 0.0, 1.0, -x, -y, z)
    header += struct.pack("<12f", -dx, 0, 0, -x, 0, -dy, 0, -y, 0, 0, dz, z)
    header += struct.pack("<16s4s", b"", b"n+1\0")
    return header + b"\0" * 4 + mask.astype(np.uint8).tobytes()
