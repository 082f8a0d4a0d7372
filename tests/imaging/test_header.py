from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dicom_making import make_series, save
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from equisite.imaging.fields import ImageHeader, whole
from equisite.imaging.foreign import foreign_parser
from equisite.imaging.header import (
    EMPTY,
    NOT_DICOM,
    TRUNCATED,
    WHOLE,
    _read_little_endian,
    _SurpriseError,
    read_header,
)
from equisite.imaging.header_pydicom import read_by_pydicom

KEYWORDS = {
    "sop_class": "SOPClassUID",
    "sop_instance": "SOPInstanceUID",
    "modality": "Modality",
    "study": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "frame_of_reference": "FrameOfReferenceUID",
    "photometric": "PhotometricInterpretation",
    "patient_position": "PatientPosition",
    "rows": "Rows",
    "columns": "Columns",
    "bits_allocated": "BitsAllocated",
    "pixel_representation": "PixelRepresentation",
    "instance_number": "InstanceNumber",
    "thickness": "SliceThickness",
    "position": "ImagePositionPatient",
    "orientation": "ImageOrientationPatient",
    "spacing": "PixelSpacing",
    "units": "Units",
}


def by_pydicom(path: Path) -> dict[str, Any]:
    """The same fields as pydicom decodes them itself."""
    with foreign_parser(AssertionError):
        ds = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        values: dict[str, Any] = {}
        for name, keyword in KEYWORDS.items():
            value = ds.get(keyword)
            if name in ("position", "orientation", "spacing"):
                count = {"position": 3, "orientation": 6, "spacing": 2}[name]
                many = tuple(float(v) for v in value) if value else None
                values[name] = many if many and len(many) == count else None
            elif name in ("thickness", "instance_number"):
                values[name] = None if value in (None, "") else float(value)
            elif name in ("rows", "columns"):
                values[name] = value
            elif name == "bits_allocated":
                values[name] = value or 0
            elif name == "pixel_representation":
                values[name] = -1 if value is None else value  # -1: not stated
            else:
                values[name] = "" if value is None else str(value)
    return values


def fields(header: ImageHeader | None) -> dict[str, Any]:
    assert header is not None
    return {name: getattr(header, name) for name in KEYWORDS}


def without_path(header: ImageHeader | None) -> dict[str, Any]:
    assert header is not None
    return dataclasses.asdict(header)


NESTED = st.integers(0, 3)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    implicit=st.booleans(),
    depth=NESTED,
    undefined=st.booleans(),
    private=st.integers(0, 60_000),
    number=st.one_of(st.none(), st.integers(-5, 999)),
    thickness=st.one_of(st.none(), st.floats(-9, 9).map(lambda v: f"{v:.6g}")),
    drop=st.sets(st.sampled_from(["PixelSpacing", "Modality", "Rows", "PatientPosition"])),
)
def test_agrees_with_pydicom_on_made_files(
    tmp_path: Path,
    implicit: bool,
    depth: int,
    undefined: bool,
    private: int,
    number: int | None,
    thickness: str | None,
    drop: set[str],
) -> None:
    (ds,) = make_series(1)
    ds.InstanceNumber = number
    ds.SliceThickness = thickness
    for keyword in drop:
        delattr(ds, keyword)
    inner = Dataset()
    inner.SeriesInstanceUID = "9.9.9"  # inside a sequence: not the file's
    for _ in range(depth):
        outer = Dataset()
        outer.ReferencedSeriesSequence = DicomSequence([inner, inner])
        outer["ReferencedSeriesSequence"].is_undefined_length = undefined
        inner.is_undefined_length_sequence_item = undefined
        inner = outer
    ds.ReferencedStudySequence = DicomSequence([inner])
    ds["ReferencedStudySequence"].is_undefined_length = undefined
    ds.add_new(0x00290010, "LO", "MAKER")
    ds.add_new(0x00291010, "OB", b"\7" * (private // 2 * 2))
    (path,) = save([ds], tmp_path, implicit)
    with path.open("rb") as stream:  # the small reader itself, not its fallback
        size = path.stat().st_size
        state = _read_little_endian(stream, stream.read(16384), size, str(path))
    assert state.state == WHOLE
    assert fields(state.header) == by_pydicom(path)
    assert without_path(state.header) == without_path(read_by_pydicom(path, size).header)


@given(cut=st.integers(1, 1500))
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_cut_file_is_never_whole(tmp_path: Path, cut: int) -> None:
    (path,) = save(make_series(1), tmp_path)
    whole_file = path.read_bytes()
    offset = read_header(path).header.pixel_offset  # type: ignore[union-attr]
    assert offset is not None
    piece = tmp_path / "cut"
    piece.write_bytes(whole_file[: min(cut, offset - 12)])
    state = read_header(piece)
    assert state.state in (TRUNCATED, NOT_DICOM) or (
        state.header is not None and state.header.pixel_offset is None
    )


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_other_encodings_go_through_pydicom(tmp_path: Path, syntax: str) -> None:
    (ds,) = make_series(1)
    (native,) = save([ds], tmp_path / "native")
    ds.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    ds["PixelData"].VR = "OW"
    path = tmp_path / "other"
    ds.save_as(path, little_endian=syntax != ExplicitVRBigEndian, implicit_vr=False)
    state = read_header(path)
    assert state.state == WHOLE
    assert fields(state.header) == fields(read_header(native).header)
    assert state.header is not None and state.header.syntax == syntax


def test_files_that_are_something_else(tmp_path: Path) -> None:
    for name, content, expected in (
        ("empty", b"", EMPTY),
        ("text.dcm", b"no image at all" * 30, NOT_DICOM),
        ("noise", bytes(range(256)) * 4, NOT_DICOM),
    ):
        (tmp_path / name).write_bytes(content)
        assert read_header(tmp_path / name).state == expected


def test_a_file_without_preamble_is_read(tmp_path: Path) -> None:
    (path,) = save(make_series(1), tmp_path)
    bare = tmp_path / "bare"
    bare.write_bytes(path.read_bytes()[132:])
    header = read_header(bare).header
    assert fields(header) == fields(read_header(path).header)
    assert header is not None and header.pixel_offset is not None


def test_one_bad_number_loses_only_its_field(tmp_path: Path) -> None:
    assert [whole(raw) for raw in (b"12 ", b"", None, b"x", b"1.5", b"nan", b"7\\8")] == [
        12, None, None, None, None, None, 7,
    ]  # fmt: skip


def test_meta_header_that_lies_about_the_form(tmp_path: Path) -> None:
    (path,) = save(make_series(1), tmp_path)
    true = read_header(path).header
    content = path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0")
    path.write_bytes(content)
    with path.open("rb") as stream, pytest.raises(_SurpriseError):
        _read_little_endian(stream, stream.read(16384), len(content), "")
    header = read_header(path).header
    assert header is not None and true is not None
    assert (header.rows, header.pixel_offset) == (12, true.pixel_offset)


@pytest.mark.data
def test_agrees_with_pydicom_on_public_files(unpacked: Path) -> None:
    different = []
    files = sorted(p for p in unpacked.rglob("*") if p.is_file() and p.suffix != ".json")
    for path in files:
        state = read_header(path)
        if state.state != WHOLE or state.header is None:
            continue
        mine = dataclasses.replace(state.header, path="")
        other = read_by_pydicom(path, path.stat().st_size).header
        same = other is not None and mine == dataclasses.replace(other, path="")
        if not same or fields(state.header) != by_pydicom(path):
            different.append(path.name)
    assert len(files) > 600
    assert different == []
