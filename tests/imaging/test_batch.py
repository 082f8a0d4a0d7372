from __future__ import annotations

import copy
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from dicom_making import ROOT, make_series, make_structures, save, square
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imaging_cases import REGION, change, make_case, only, row, run, said
from pydicom.dataset import Dataset

from equisite.imaging import decode
from equisite.protocol.imaging import Imaging, RoiRule


def test_region_lies_where_it_was_drawn(tmp_path: Path) -> None:
    make_case(tmp_path)
    result = run(tmp_path)
    (pair,) = result.regions
    image, mask = (nibabel.load(tmp_path / name) for name in (pair.image, pair.mask))
    voxels = np.asarray(mask.dataobj)
    assert voxels.dtype == np.uint8
    assert voxels[3:7, 3:7, 2:6].all() and voxels.sum() == 64 == pair.voxels
    assert np.array_equal(image.affine, mask.affine)
    assert (pair.flags, said(result, "refused")) == ("", [])
    assert [o.item for o in result.outcomes if o.outcome == "done"] == ["CT/t1/gtv"]
    assert [s.verdict for s in result.series] == ["ok"]


def test_all_regions_found_or_the_one_asked_for(tmp_path: Path) -> None:
    make_case(
        tmp_path,
        {"Edema-a": [square(1)], "GTV": REGION, "edema b": [square(6)], "GTV primary": REGION},
    )
    result = run(tmp_path)
    assert [(p.roi, p.voxels) for p in result.regions] == [("gtv", 64), ("edema", 32)]
    result = run(tmp_path, row(tmp_path, roi="edema"))
    assert [p.roi for p in result.regions] == ["edema"]
    result = run(tmp_path, row(tmp_path, roi="gtv", roi_label="Edema-a"))
    assert [(p.roi, p.voxels) for p in result.regions] == [("gtv", 16)]


def test_a_region_that_is_not_there_names_what_is(tmp_path: Path) -> None:
    make_case(tmp_path, {"Heart\tLV": REGION})
    result = run(tmp_path, row(tmp_path, roi="gtv"))
    outcome = only(result, "ROI_NOT_FOUND")
    assert "expected: gtv_primary, gtv.*" in outcome.sentence
    assert "found: Heart LV" in outcome.sentence
    assert not list((tmp_path / "volumes").iterdir())  # no image without a region


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [("ISO_IR 192", "utf-8"), ("", "utf-8"), ("ISO_IR 100", "latin-1")],
)
def test_names_beyond_ascii_match_whatever_the_file_declares(
    tmp_path: Path, declared: str, encoding: str
) -> None:
    make_case(tmp_path, {"NNNNNNN": REGION})
    content = (tmp_path / "rs.dcm").read_bytes()
    name = "Läsion".encode(encoding).ljust(8)
    content = content.replace(b"LO\x08\x00NNNNNNN ", b"LO\x08\x00" + name)
    (tmp_path / "rs.dcm").write_bytes(content)
    if declared:
        change(tmp_path / "rs.dcm", lambda ds: setattr(ds, "SpecificCharacterSet", declared))
    rule = RoiRule(name="gtv", patterns=("läsion",))
    result = run(tmp_path, imaging=Imaging(roi=(rule,)))
    assert [(p.roi, p.voxels) for p in result.regions] == [("gtv", 64)]


def test_two_names_for_one_region_are_ambiguous(tmp_path: Path) -> None:
    make_case(tmp_path, {"GTV1": REGION, "GTV2": REGION, "edema": REGION})
    result = run(tmp_path)
    assert said(result, "refused") == ["ROI_AMBIGUOUS"]
    assert [p.roi for p in result.regions] == ["edema"]


def test_a_structure_without_contours_refuses_only_itself(tmp_path: Path) -> None:
    make_case(tmp_path, {"GTV": [], "edema": REGION})
    result = run(tmp_path)
    assert said(result, "refused") == ["ROI_NO_VOXEL"]
    assert only(result, "ROI_NO_VOXEL").item == "CT/t1/gtv"
    assert [p.roi for p in result.regions] == ["edema"]


def test_open_contours_enclose_nothing(tmp_path: Path) -> None:
    make_case(tmp_path, kind="OPEN_PLANAR")
    assert said(run(tmp_path), "refused") == ["ROI_NO_VOXEL"]
    make_case(tmp_path)

    def one_point(ds: Dataset) -> None:
        contours = ds.ROIContourSequence[0].ContourSequence
        contours[0].ContourGeometricType = "POINT"

    change(tmp_path / "rs.dcm", one_point)
    result = run(tmp_path)
    assert said(result, "flagged") == ["ROI_OPEN_CONTOUR", "ROI_TINY"]
    assert result.regions[0].voxels == 48


def test_links_to_the_series(tmp_path: Path) -> None:
    make_case(tmp_path)

    def stale(ds: Dataset) -> None:
        for contour in ds.ROIContourSequence[0].ContourSequence:
            contour.ContourImageSequence[0].ReferencedSOPInstanceUID = f"{ROOT}.77"

    def other_frame(ds: Dataset) -> None:
        ds.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = f"{ROOT}.78"

    def other_series(ds: Dataset) -> None:
        frame = ds.ReferencedFrameOfReferenceSequence[0]
        study = frame.RTReferencedStudySequence[0]
        study.RTReferencedSeriesSequence[0].SeriesInstanceUID = f"{ROOT}.79"

    change(tmp_path / "rs.dcm", stale)
    result = run(tmp_path)
    assert (said(result, "flagged"), result.regions[0].flags) == (
        ["STALE_REFERENCE"],
        "STALE_REFERENCE",
    )
    change(tmp_path / "rs.dcm", other_frame)
    result = run(tmp_path)  # it still names the series
    assert said(result, "refused") == []
    assert said(result, "flagged") == ["FRAME_DIFFERS", "STALE_REFERENCE"]
    change(tmp_path / "rs.dcm", other_series)
    assert said(run(tmp_path), "refused") == ["FOR_MISMATCH"]
    result = run(tmp_path, row(tmp_path, trust_frame="yes"))
    assert said(result, "flagged") == ["FRAME_TRUSTED", "STALE_REFERENCE"]
    assert result.regions[0].voxels == 64


def test_a_region_of_another_frame_of_the_same_file_is_not_ours(tmp_path: Path) -> None:
    """One structure set for CT and MR: both series are named, each region belongs to one."""
    make_case(tmp_path, {"GTV": REGION, "edema": REGION})

    def two_frames(ds: Dataset) -> None:
        other = copy.deepcopy(ds.ReferencedFrameOfReferenceSequence[0])
        other.FrameOfReferenceUID = f"{ROOT}.777"
        other.RTReferencedStudySequence[0].RTReferencedSeriesSequence[
            0
        ].SeriesInstanceUID = f"{ROOT}.78"
        ds.ReferencedFrameOfReferenceSequence.append(other)
        ds.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = f"{ROOT}.777"

    change(tmp_path / "rs.dcm", two_frames)
    result = run(tmp_path)
    assert [p.roi for p in result.regions] == ["gtv"]
    assert only(result, "FOR_MISMATCH").item == "CT/t1/edema"


def test_structure_sets_beside_the_images_are_no_images(tmp_path: Path) -> None:
    make_case(tmp_path)
    (tmp_path / "rs.dcm").rename(tmp_path / "series" / "rs.dcm")
    result = run(tmp_path, row(tmp_path, mask=str(tmp_path / "series/rs.dcm")))
    assert len(result.regions) == 1
    assert [s.code for s in result.series] == ["NOT_IMAGE"]


def test_label_images_and_structure_sets_agree(tmp_path: Path) -> None:
    make_case(tmp_path)
    (pair,) = run(tmp_path).regions
    labels = nibabel.load(tmp_path / pair.mask)
    values = np.asarray(labels.dataobj) * 4
    values[0, 0, 0] = 1
    nibabel.save(
        nibabel.as_closest_canonical(nibabel.Nifti1Image(values, labels.affine)),
        tmp_path / "m.nii.gz",
    )
    asked = {"mask": str(tmp_path / "m.nii.gz"), "roi": "gtv"}
    result = run(tmp_path, row(tmp_path, roi_label="4", **asked), row(tmp_path, "t2", **asked))
    assert said(result, "refused") == ["MASK_LABELS"]
    (again,) = result.regions
    assert (tmp_path / again.mask).read_bytes() == (tmp_path / pair.mask).read_bytes()
    unnamed = row(tmp_path, roi_label="4", mask=asked["mask"])
    assert said(run(tmp_path, unnamed), "refused") == ["ROI_UNNAMED"]


def test_mask_shifted_by_one_voxel(tmp_path: Path) -> None:
    make_case(tmp_path)
    (pair,) = run(tmp_path).regions
    labels = nibabel.load(tmp_path / pair.mask)
    affine = labels.affine.copy()
    affine[2, 3] += 2.5
    nibabel.save(nibabel.Nifti1Image(np.asarray(labels.dataobj), affine), tmp_path / "m.nii")
    asked = row(tmp_path, mask=str(tmp_path / "m.nii"), roi="gtv")
    assert (
        "shifted by +2.500 mm along the slices"
        in only(run(tmp_path, asked), "MASK_GRID").sentence
    )


def test_mask_files_of_other_kinds(tmp_path: Path) -> None:
    made = make_case(tmp_path)
    content = (tmp_path / "rs.dcm").read_bytes()
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("x" * 300, encoding="utf-8")
    (tmp_path / "cut.dcm").write_bytes(content[: len(content) // 2])
    save(made[:1], tmp_path, prefix="image")
    for name, code in (
        ("empty", "MASK_UNREADABLE"),
        ("cut.dcm", "MASK_UNREADABLE"),
        ("text", "MASK_UNSUPPORTED"),
        ("image000", "MASK_UNSUPPORTED"),
    ):
        result = run(tmp_path, row(tmp_path, mask=str(tmp_path / name)))
        assert said(result, "refused") == [code], name


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1, exclude_max=True), undefined=st.booleans())
def test_a_cut_structure_set_never_gives_part_of_a_region(
    tmp_path: Path, share: float, undefined: bool
) -> None:
    make_case(tmp_path)

    def spread(ds: Dataset) -> None:
        ds["ROIContourSequence"].is_undefined_length = undefined
        for item in ds.ROIContourSequence:
            item.is_undefined_length_sequence_item = undefined
            item["ContourSequence"].is_undefined_length = undefined

    change(tmp_path / "rs.dcm", spread)
    content = (tmp_path / "rs.dcm").read_bytes()
    (tmp_path / "rs.dcm").write_bytes(content[: int(share * len(content))])
    result = run(tmp_path)
    assert result.regions == []
    assert set(said(result, "refused")) <= {
        "MASK_UNREADABLE", "MASK_UNSUPPORTED", "ROI_NO_VOXEL", "ROI_NOT_FOUND"
    }  # fmt: skip


def test_contour_data_that_are_no_points(tmp_path: Path) -> None:
    make_case(tmp_path)

    def spoil(ds: Dataset) -> None:
        ds.ROIContourSequence[0].ContourSequence[0].ContourData = [1, 2, 3, 4]

    change(tmp_path / "rs.dcm", spoil)
    assert said(run(tmp_path), "refused") == ["MASK_UNREADABLE"]


@pytest.mark.parametrize("name", ["GTV", "edema"])
def test_voxels_on_empty_ends_or_padding(tmp_path: Path, name: str) -> None:
    made = make_series(8)
    if name == "GTV":
        for ds in made[5:]:
            ds.PixelData = b"\0" * len(ds.PixelData)
    else:
        for ds in made:
            ds.PixelPaddingValue = int.from_bytes(made[5].PixelData[8:10], "little")
            pixels = np.frombuffer(ds.PixelData, "<u2").reshape(12, 10).copy()
            pixels[3:7, 3:7][ds is made[5]] = ds.PixelPaddingValue
            ds.PixelData = pixels.tobytes()
    save(made, tmp_path / "series")
    pydicom.dcmwrite(
        tmp_path / "rs.dcm", make_structures(made, {name: REGION}), enforce_file_format=True
    )
    (pair,) = run(tmp_path).regions
    assert "ROI_IN_EMPTY" in pair.flags.split(",")


def test_one_bad_case_leaves_the_others(tmp_path: Path) -> None:
    for number in range(4):
        make_case(tmp_path / f"c{number}", uid=number + 1)
    (tmp_path / "c1/series/i003").unlink()
    (tmp_path / "c2/rs.dcm").write_bytes(b"\0" * 200 + b"no")
    rows = [row(tmp_path / f"c{n}", f"t{n}") for n in range(4)]
    rows.append(row(tmp_path / "c4", "t4"))  # the folder is not there
    result = run(tmp_path, *rows)
    assert [p.token for p in result.regions] == ["t0", "t3"]
    assert {o.patient: o.code for o in result.outcomes if o.outcome == "refused"} == {
        "patient-t1": "MISSING_SLICE",
        "patient-t2": "MASK_UNSUPPORTED",
        "patient-t4": "SERIES_NOT_FOUND",
    }
    names = sorted(p.name for p in (tmp_path / "volumes").iterdir())
    kinds = ("gtv.mask.nii", "image.json", "image.nii")
    assert names == [f"{t}.{k}" for t in ("t0", "t3") for k in kinds]


def test_rows_of_one_series_share_its_image(tmp_path: Path) -> None:
    make_case(tmp_path, {"GTV": REGION, "GTV second": REGION[:2]})
    first = row(tmp_path, "t1", roi="gtv", roi_label="GTV", reader="a")
    second = row(tmp_path, "t2", roi="gtv", roi_label="GTV second", reader="b")
    result = run(tmp_path, second, first)
    assert [p.image for p in result.regions] == ["volumes/t1.image.nii"] * 2
    assert [p.voxels for p in result.regions] == [64, 32]


def test_series_by_uid_below_a_root(tmp_path: Path) -> None:
    make_case(tmp_path, uid=5)
    save(make_series(5, uid=6), tmp_path / "series", prefix="other")
    asked = row(tmp_path, series=f"{ROOT}.5", root=str(tmp_path))
    assert len(run(tmp_path, asked).regions) == 1
    asked = row(tmp_path, series=f"{ROOT}.9", root=str(tmp_path))
    assert said(run(tmp_path, asked), "refused") == ["SERIES_NOT_FOUND"]
    assert said(run(tmp_path), "refused") == ["SERIES_AMBIGUOUS"]


def test_machine_faults_are_no_outcomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_case(tmp_path)
    (tmp_path / "rs.dcm").unlink()
    with pytest.raises(FileNotFoundError):
        run(tmp_path)
    make_case(tmp_path / "b")

    def failing(header: object) -> object:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(decode, "native_frame", failing)
    with pytest.raises(OSError, match="Input/output"):
        run(tmp_path / "b")
    assert not list((tmp_path / "b/volumes").iterdir())
