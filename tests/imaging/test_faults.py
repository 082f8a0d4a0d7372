"""Fault injection: each fault gives exactly its codes, and its neighbour still passes."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_making import (
    LIMITS,
    ROOT,
    codes,
    judge,
    make_enhanced,
    make_series,
    rotation,
    save,
    sentence,
    stored,
)
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from equisite.core.errors import InputError
from equisite.imaging.discovery import one_series, scan, series_by_uid
from equisite.imaging.series import judge_series

Made = list[Dataset]


def every(ds: Made, **values: object) -> Made:
    for one in ds:
        for keyword, value in values.items():
            setattr(one, keyword, value)
    return ds


def one(ds: Made, index: int = 3, **values: object) -> Made:
    every([ds[index]], **values)
    return ds


def moved(ds: Made, index: int, shift: tuple[float, float, float]) -> Made:
    place = np.array(ds[index].ImagePositionPatient, dtype=float) + shift
    ds[index].ImagePositionPatient = [f"{v:.6f}" for v in place]
    return ds


def tilted(ds: Made, slope: float = 0.2) -> Made:
    for k in range(len(ds)):
        moved(ds, k, (0, slope * k * 2.5, 0))
    return ds


def turned(ds: Made, degrees: float) -> Made:
    axes = rotation((degrees, 0, 0))
    ds[3].ImageOrientationPatient = [f"{v:.8f}" for v in axes[:, :2].T.ravel()]
    return ds


def copied(ds: Made, index: int = 3, uid: str | None = None, change: bool = False) -> Made:
    twin = pydicom.dcmread(_bytes(ds[index]))
    if uid:
        twin.SOPInstanceUID = f"{ROOT}.{uid}"
    if change:
        twin.PixelData = bytes(reversed(twin.PixelData))
    return [*ds, twin]


def _bytes(ds: Dataset) -> pydicom.filebase.DicomBytesIO:
    stream = pydicom.filebase.DicomBytesIO()
    pydicom.dcmwrite(stream, ds, enforce_file_format=True)
    stream.seek(0)
    return stream


def second_echo(ds: Made) -> Made:
    every(ds, EchoNumbers=1)
    later = [copied([d], 0, f"1.9{k}")[1] for k, d in enumerate(ds)]
    return ds + every(later, EchoNumbers=2)


def larger(ds: Made) -> Made:
    ds[3].Rows, ds[3].Columns = 15, 13
    ds[3].PixelData = bytes(range(195)) * 2
    return ds


def colour(ds: Made) -> Made:
    for d in ds:
        d.PixelData = d.PixelData * 3
    return every(ds, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)


def flat(ds: Made, *indices: int) -> Made:
    for i in indices:
        ds[i].PixelData = b"\0" * len(ds[i].PixelData)
    return ds


def without(ds: Made, *keywords: str, index: int = 3) -> Made:
    for keyword in keywords:
        delattr(ds[index], keyword)
    return ds


def raw(ds: Made, keyword: str, value: bytes) -> Made:
    """Bytes that pydicom would not write by itself."""
    tag = pydicom.tag.Tag(keyword)
    ds[3][tag] = pydicom.dataelem.RawDataElement(tag, "DS", len(value), value, 0, False, True)
    return ds


def scout_in_line(ds: Made) -> Made:
    """A scout of the same matrix and orientation, far above."""
    scout = copied(ds, 7, "1.77")[-1]
    ds.append(scout)
    return moved(ds, len(ds) - 1, (0, 0, 8.9))


def excess_inside(ds: Made) -> Made:
    ds[3].PixelData = ds[3].PixelData + b"\0" * 100
    return ds


def padded(ds: Made) -> Made:
    for d in ds:
        values = stored(d)
        values[0, 0] = 63536
        d.PixelData = values.tobytes()
    return every(ds, PixelPaddingValue=63536)


FAULTS: list[tuple[str, Callable[[Made], Made], list[str], list[str]]] = [
    ("nothing", lambda d: d, [], []),
    ("middle slice lost", lambda d: d[:3] + d[4:], ["MISSING_SLICE"], []),
    ("first two lost", lambda d: d[2:], [], ["END_GAP"]),
    ("slice moved", lambda d: moved(d, 3, (0, 0, 0.75)), ["NONUNIFORM_SPACING"], []),
    ("file twice", copied, [], ["DUPLICATE_INSTANCE"]),
    ("instance twice", lambda d: copied(d, change=True), ["DUPLICATE_INSTANCE"], []),
    ("position twice", lambda d: copied(d, uid="1.9"), ["DUPLICATE_POSITION"], []),
    (
        "all one instance",
        lambda d: every(d, SOPInstanceUID=f"{ROOT}.5"),
        ["DUPLICATE_INSTANCE"],
        [],
    ),
    ("tilt", tilted, ["GANTRY_TILT"], []),
    ("orientation", lambda d: turned(d, 2), ["MIXED_ORIENTATION"], []),
    ("matrix", larger, ["MIXED_MATRIX"], []),
    ("slope", lambda d: one(d, RescaleSlope=1.1), [], ["MIXED_RESCALE"]),
    (
        "empty slope",
        lambda d: every(d, RescaleSlope=None, RescaleIntercept=None),
        [],
        ["VALUE_RANGE"],
    ),
    ("colour", colour, ["COLOUR"], []),
    ("palette", lambda d: every(d, PhotometricInterpretation="PALETTE COLOR"), ["PALETTE"], []),
    (
        "inverted",
        lambda d: every(d, PhotometricInterpretation="MONOCHROME1"),
        [],
        ["MONOCHROME1"],
    ),
    ("other patient", lambda d: one(d, PatientID="OTHER"), ["TWO_SERIES_IN_ONE"], []),
    ("other study", lambda d: one(d, StudyInstanceUID=f"{ROOT}.7"), ["TWO_SERIES_IN_ONE"], []),
    ("second echo", second_echo, ["MULTI_VOLUME"], []),
    (
        "localizer",
        lambda d: one(d, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]),
        ["LOCALIZER"],
        [],
    ),
    (
        "projection",
        lambda d: every(d, ImageType=["DERIVED", "SECONDARY", "MIP"]),
        ["DERIVED_PROJECTION"],
        [],
    ),
    ("mosaic", lambda d: every(d, ImageType=["ORIGINAL", "PRIMARY", "MOSAIC"]), ["MOSAIC"], []),
    (
        "secondary",
        lambda d: every(d, SOPClassUID="1.2.840.10008.5.1.4.1.1.7"),
        ["SECONDARY_CAPTURE"],
        [],
    ),
    (
        "ultrasound",
        lambda d: every(d, SOPClassUID="1.2.840.10008.5.1.4.1.1.6.1"),
        ["SOP_UNSUPPORTED"],
        [],
    ),
    ("no position", lambda d: without(d, "ImagePositionPatient"), ["MISSING_GEOMETRY"], []),
    ("no spacing", lambda d: one(d, PixelSpacing=None), ["MISSING_GEOMETRY"], []),
    (
        "long axis",
        lambda d: every(d, ImageOrientationPatient=[1.01, 0, 0, 0, 1.01, 0]),
        ["BAD_ORIENTATION"],
        [],
    ),
    (
        "pixel spacing",
        lambda d: one(d, PixelSpacing=[0.808, 0.707]),
        ["MIXED_PIXEL_SPACING"],
        [],
    ),
    ("video", lambda d: d, ["UNSUPPORTED_SYNTAX"], []),
    ("lossy", lambda d: every(d, LossyImageCompression="01"), ["LOSSY"], []),
    ("zero slice", lambda d: flat(d, 3), ["CONSTANT_IMAGE"], []),
    ("all zero", lambda d: flat(d, *range(8)), ["CONSTANT_IMAGE"], ["VALUE_RANGE"]),
    ("slope of zero", lambda d: one(d, RescaleSlope=0), ["CONSTANT_IMAGE"], ["MIXED_RESCALE"]),
    ("zero ends", lambda d: flat(d, 0, 7), [], []),
    ("two slices", lambda d: d[:2], ["TOO_FEW_SLICES"], []),
    ("shift", lambda d: moved(d, 3, (1.0, 0, 0)), ["IN_PLANE_SHIFT"], []),
    (
        "frames",
        lambda d: one(d, FrameOfReferenceUID=f"{ROOT}.8"),
        ["MIXED_FRAME_OF_REFERENCE"],
        [],
    ),
    ("units", lambda d: one(d, RescaleType="US"), ["MIXED_UNITS"], []),
    ("bits", lambda d: one(d, BitsStored=12, HighBit=11), ["MIXED_PIXEL_FORMAT"], []),
    ("impossible bits", lambda d: every(d, BitsStored=20), ["BITS_INCONSISTENT"], []),
    (
        "sign not stated",
        lambda d: without(d, "PixelRepresentation"),
        ["MIXED_PIXEL_FORMAT"],
        ["BITS_INCONSISTENT"],
    ),
    ("sign of two", lambda d: every(d, PixelRepresentation=2), ["BITS_INCONSISTENT"], []),
    ("high bit", lambda d: every(d, BitsStored=12, HighBit=15), [], ["BITS_INCONSISTENT"]),
    ("modality", lambda d: every(d, Modality="OT"), ["MODALITY_DIFFERS"], []),
    ("burned in", lambda d: one(d, BurnedInAnnotation="YES"), [], ["BURNED_IN"]),
    ("no rescale of CT", lambda d: every(d, RescaleIntercept=0), [], ["VALUE_RANGE"]),
    ("scout in line", scout_in_line, ["NONUNIFORM_SPACING"], []),
    ("excess", excess_inside, [], ["EXCESS_PIXELS"]),
    (
        "slope is no number",
        lambda d: raw(d, "RescaleSlope", b"1,5 "),
        ["RESCALE_UNREADABLE"],
        [],
    ),
    ("no pixels", lambda d: without(d, "PixelData"), ["TRUNCATED_PIXELS"], []),
]


@pytest.mark.parametrize(
    ("fault", "refused", "warned"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_fault_has_its_codes_and_spares_its_neighbour(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    fault: Callable[[Made], Made],
    refused: list[str],
    warned: list[str],
) -> None:
    bad = fault(make_series(8))
    if "video" in request.node.name:
        every([d.file_meta for d in bad], TransferSyntaxUID="1.2.840.10008.1.2.4.100")
        for d in bad:
            d["PixelData"].is_undefined_length = True
            d.PixelData = pydicom.encaps.encapsulate([d.PixelData])
    save(bad, tmp_path, prefix="a")
    save(make_series(8, uid=2, seed=5, origin=(0, 0, 0)), tmp_path, prefix="b")
    found = scan(tmp_path)
    report = judge_series(series_by_uid(found, f"{ROOT}.1"), "CT", LIMITS, tmp_path / "x.nii")
    assert codes(report) == refused
    assert codes(report, "warn") == warned
    assert (tmp_path / "x.nii").exists() == (not refused)
    neighbour = judge_series(series_by_uid(found, f"{ROOT}.2"), "CT", LIMITS)
    assert codes(neighbour) == codes(neighbour, "warn") == []


@pytest.mark.parametrize("share", [0.6, 0.9, None])
def test_a_cut_file_is_truncated(tmp_path: Path, share: float | None) -> None:
    paths = save(make_series(8), tmp_path)
    content = paths[3].read_bytes()
    paths[3].write_bytes(content[: 600 if share is None else int(share * len(content))])
    report = judge(tmp_path)
    refused = codes(report)
    assert "TRUNCATED_PIXELS" in refused
    # A file without its position leaves a gap as well; both are true.
    assert set(refused) <= {"TRUNCATED_PIXELS", "MISSING_SLICE"}


@pytest.mark.parametrize("implicit", [False, True])
def test_a_file_cut_between_two_elements_is_truncated(tmp_path: Path, implicit: bool) -> None:
    """What is there parses well; only that no pixels follow tells that it is not whole."""
    paths = save(make_series(8), tmp_path / "s", implicit=implicit)
    content = paths[3].read_bytes()
    assert codes(judge(tmp_path / "s")) == []
    tags = (
        b"\x08\x00\x16\x00",
        b"\x08\x00\x60\x00",
        b"\x20\x00\x0e\x00",
        b"\x28\x00\x02\x00",
        b"\xe0\x7f\x10\x00",
    )
    for tag in tags:
        paths[3].write_bytes(content[: content.rindex(tag)])
        assert "TRUNCATED_PIXELS" in codes(judge(tmp_path / "s")), tag


def test_pixels_on_a_server_are_a_syntax_that_is_not_read(tmp_path: Path) -> None:
    made = make_series(6)
    for ds in made:
        del ds.PixelData
        ds.PixelDataProviderURL = "https://pacs.example/jpip"
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.94"
    save(made, tmp_path)
    assert codes(judge(tmp_path)) == ["UNSUPPORTED_SYNTAX"]


def test_pixels_that_are_too_few_are_not_made_up_by_what_follows_them(tmp_path: Path) -> None:
    series = make_series(8)
    series[3].PixelData = series[3].PixelData[:-2]
    series[3].add_new(0xFFFCFFFC, "OB", b"\0" * 64)
    save(series, tmp_path / "s")
    assert "TRUNCATED_PIXELS" in codes(judge(tmp_path / "s"))


@pytest.mark.parametrize(("degrees", "refused"), [(0.2, False), (0.24, False), (0.26, True)])
def test_a_tilt_begins_at_its_limit(tmp_path: Path, degrees: float, refused: bool) -> None:
    save(tilted(make_series(8), math.tan(math.radians(degrees))), tmp_path / "s")
    assert ("GANTRY_TILT" in codes(judge(tmp_path / "s"))) is refused


def test_a_series_of_which_all_is_cut_is_truncated(tmp_path: Path) -> None:
    (path,) = save([make_enhanced(make_series(6))], tmp_path)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(InputError) as error:
        judge(tmp_path)
    assert error.value.code == "TRUNCATED_PIXELS"
    with pytest.raises(InputError) as error:
        series_by_uid(scan(tmp_path), f"{ROOT}.1")
    assert error.value.code == "TRUNCATED_PIXELS"
    with pytest.raises(InputError) as error:
        series_by_uid(scan(tmp_path), f"{ROOT}.2")
    assert error.value.code == "SERIES_NOT_FOUND"


def test_one_slice_of_a_short_series_is_missing_not_misplaced(tmp_path: Path) -> None:
    made = make_series(4)
    save(made[:2] + made[3:], tmp_path)
    assert codes(judge(tmp_path)) == ["MISSING_SLICE"]


def test_a_slice_that_lacks_because_its_file_is_cut_is_told_once(tmp_path: Path) -> None:
    paths = save(make_series(8), tmp_path)
    paths[3].write_bytes(paths[3].read_bytes()[:600])
    report = judge(tmp_path)
    assert codes(report) == ["TRUNCATED_PIXELS"]
    assert "MISSING_SLICE" in codes(report, "info")
    paths[5].unlink()
    assert codes(judge(tmp_path)) == ["MISSING_SLICE", "TRUNCATED_PIXELS"]


def test_a_file_cut_before_its_series_belongs_to_the_only_series_of_its_folder(
    tmp_path: Path,
) -> None:
    paths = save(make_series(8), tmp_path / "one")
    paths[0].write_bytes(paths[0].read_bytes()[:300])
    alone = series_by_uid(scan(tmp_path), f"{ROOT}.1")
    assert alone.broken == 1
    save(make_series(4, uid=2), tmp_path / "one", prefix="n")
    assert series_by_uid(scan(tmp_path), f"{ROOT}.1").broken == 0


def test_bytes_after_the_pixels_are_excess(tmp_path: Path) -> None:
    paths = save(make_series(8), tmp_path)
    paths[3].write_bytes(paths[3].read_bytes() + b"\1" * 100)
    report = judge(tmp_path)
    assert (codes(report), codes(report, "warn")) == ([], ["EXCESS_PIXELS"])


def test_an_element_after_the_pixels_is_none(tmp_path: Path) -> None:
    made = make_series(8)
    for ds in made:
        ds.add_new(0xFFFCFFFC, "OB", b"\0" * 64)
    save(made, tmp_path)
    assert codes(judge(tmp_path), "warn") == []


def test_all_findings_come_together(tmp_path: Path) -> None:
    made = make_series(9)
    made = flat(one(made[:2] + made[3:], PatientID="OTHER"), 4)
    made[6].RescaleType = "US"
    save(made, tmp_path)
    assert codes(judge(tmp_path)) == [
        "CONSTANT_IMAGE",
        "MISSING_SLICE",
        "MIXED_UNITS",
        "TWO_SERIES_IN_ONE",
    ]


def test_class_codes_end_the_tests(tmp_path: Path) -> None:
    made = one(every(make_series(8), SOPClassUID="1.2.840.10008.5.1.4.1.1.7"), PatientID="X")
    save(colour(made), tmp_path)
    assert codes(judge(tmp_path)) == ["COLOUR", "SECONDARY_CAPTURE"]


def test_a_microscopy_class_is_no_secondary_capture(tmp_path: Path) -> None:
    save(every(make_series(4), SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.2"), tmp_path)
    assert codes(judge(tmp_path)) == ["SOP_UNSUPPORTED"]


def test_sentences_name_slices_by_number_with_value_and_limit(tmp_path: Path) -> None:
    made = make_series(60, rows=4, columns=4, gap=5.0)
    save(made[:31] + made[32:], tmp_path / "lost")
    text = sentence(judge(tmp_path / "lost"), "MISSING_SLICE")
    assert text.startswith("Gap 10.000 mm after slice 31 of 59; the usual gap is 5.000 mm")
    save(moved(make_series(8), 3, (0, 0, 0.75)), tmp_path / "moved")
    text = sentence(judge(tmp_path / "moved"), "NONUNIFORM_SPACING")
    assert "slice 3, 4 of 8" in text and "limit 0.025 mm" in text
    save(tilted(make_series(8)), tmp_path / "tilt")
    assert "11.31 degrees (limit 0.25" in sentence(judge(tmp_path / "tilt"), "GANTRY_TILT")
    save(second_echo(make_series(8)), tmp_path / "echo")
    assert "EchoNumbers" in sentence(judge(tmp_path / "echo"), "MULTI_VOLUME")


def test_published_scout_accident_is_refused(tmp_path: Path) -> None:
    """One scout above 0.700 mm slices made other tools read 0.817 mm."""
    made = make_series(85, rows=4, columns=4, gap=0.7)
    save(moved(copied(made, 84, "1.977"), 85, (0, 0, 10.6)), tmp_path)
    report = judge(tmp_path)
    assert report.grid is None
    assert codes(report) == ["NONUNIFORM_SPACING"]
    assert "Gap 10.600 mm after slice 85 of 86" in sentence(report, "NONUNIFORM_SPACING")


def test_a_scout_of_another_direction_is_mixed(tmp_path: Path) -> None:
    made = make_series(8)
    made[0].ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    save(made, tmp_path)
    report = judge(tmp_path)
    assert codes(report) == ["MIXED_ORIENTATION"]
    assert sentence(report, "MIXED_ORIENTATION").startswith("1 of 8 images")


def test_informations(tmp_path: Path) -> None:
    made = make_series(8, axes=rotation((60, 0, 0)), gap=2.5)
    every(made, SpacingBetweenSlices=5, PatientPosition="FFS", FrameOfReferenceUID="")
    save(flat(padded(made), 0), tmp_path)
    (tmp_path / "notes.txt").write_text("x" * 400, encoding="utf-8")
    (tmp_path / "empty").touch()
    (tmp_path / "out").symlink_to("/etc/hostname")
    report = judge(tmp_path)
    assert (codes(report), codes(report, "warn")) == ([], [])
    assert codes(report, "info") == [
        "EMPTY_END_SLICES", "EMPTY_FILE", "LINK_SKIPPED", "NON_AXIAL", "NOT_DICOM",
        "NO_FRAME_OF_REFERENCE", "OBLIQUE", "PATIENT_POSITION", "PIXEL_PADDING",
        "SPACING_TAG_DIFFERS",
    ]  # fmt: skip


def test_one_value_below_air_is_padding(tmp_path: Path) -> None:
    made = make_series(8)
    for ds in made:
        ds.PixelRepresentation = 1
        values = stored(ds).view("<i2").copy()
        values[:4] = -2000
        ds.PixelData = values.tobytes()
    save(made, tmp_path)
    report = judge(tmp_path)
    assert codes(report, "info") == ["PADDING"]
    assert codes(report, "warn") == []


def test_pet_slopes_per_slice_are_normal(tmp_path: Path) -> None:
    save(make_series(8, modality="PT"), tmp_path)
    report = judge(tmp_path, "PT")
    assert "MIXED_RESCALE" in codes(report, "info")
    assert codes(report, "warn") == []


def test_a_pet_slice_without_slope_among_others_is_refused(tmp_path: Path) -> None:
    save(without(make_series(8, modality="PT"), "RescaleSlope"), tmp_path)
    assert codes(judge(tmp_path, "PT")) == ["MIXED_RESCALE"]


def test_uptake_of_two_kinds_in_one_series_is_refused(tmp_path: Path) -> None:
    made = every(make_series(8, modality="PT"), SUVType="BW")
    save(one(made, SUVType="LBM"), tmp_path)
    assert codes(judge(tmp_path, "PT")) == ["MIXED_UNITS"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("1.2.840.10008.5.1.4.1.1.1.2", "A mammogram is a projection"),
        ("1.2.840.10008.5.1.4.1.1.1.2.1", "A mammogram is a projection"),
        ("1.2.840.10008.5.1.4.1.1.13.1.3", "Breast tomosynthesis sees a small angle"),
        ("1.2.840.10008.5.1.4.1.1.6.1", "Ultrasound frames share no grid"),
        ("1.2.840.10008.5.1.4.1.1.3.1", "Ultrasound frames share no grid"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_own_sentence(
    tmp_path: Path, kind: str, reason: str
) -> None:
    save(every(make_series(4), SOPClassUID=kind), tmp_path)
    report = judge(tmp_path)
    assert codes(report) == ["SOP_UNSUPPORTED"]
    assert f"). {reason}" in sentence(report, "SOP_UNSUPPORTED")


def test_slices_that_pet_counts_but_are_not_there(tmp_path: Path) -> None:
    save(every(make_series(8, modality="PT"), NumberOfSlices=9), tmp_path)
    assert codes(judge(tmp_path, "PT"), "warn") == ["END_GAP"]


def test_the_protocol_lists_what_is_no_slice(tmp_path: Path) -> None:
    save(every(make_series(8), ImageType=["DERIVED", "SECONDARY", "AVERAGE"]), tmp_path)
    assert codes(judge(tmp_path)) == []
    limits = LIMITS.model_copy(update={"projections": ("Average",)})
    report = judge_series(one_series(scan(tmp_path)), "CT", limits)
    assert codes(report) == ["DERIVED_PROJECTION"]


def test_lossy_may_be_accepted_by_the_protocol(tmp_path: Path) -> None:
    save(every(make_series(8), LossyImageCompression="01"), tmp_path)
    limits = LIMITS.model_copy(update={"lossy": "accept"})
    report = judge_series(one_series(scan(tmp_path)), "CT", limits)
    assert (codes(report), codes(report, "warn")) == ([], ["LOSSY"])


def test_compressed_fragments_that_end_early_are_truncated(tmp_path: Path) -> None:
    made = make_series(8)
    for ds in made:
        ds.compress(RLELossless, generate_instance_uid=False)
    paths = save(made, tmp_path)
    assert codes(judge(tmp_path)) == []
    paths[3].write_bytes(paths[3].read_bytes()[:-12])
    assert codes(judge(tmp_path)) == ["TRUNCATED_PIXELS"]
