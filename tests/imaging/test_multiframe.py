"""Enhanced and legacy converted objects equal the classic series that they were made of."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dicom_making import (
    codes,
    item_of,
    judge,
    make_enhanced,
    make_series,
    make_structures,
    rotation,
    save,
    square,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRBigEndian, RLELossless
from test_suv import HOUR, pet

from equisite.imaging.batch import run_batch
from equisite.imaging.nifti import read_volume
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import Imaging, RoiRule


def same_volume(folder: Path, classic: list[Dataset], enhanced: list[Dataset]) -> None:
    modality = classic[0].Modality
    save(classic, folder / "classic")
    save(enhanced, folder / "enhanced")
    one = judge(folder / "classic", modality, folder / "a.nii")
    other = judge(folder / "enhanced", modality, folder / "b.nii")
    assert (codes(one), codes(other)) == ([], [])
    assert (folder / "a.nii").read_bytes() == (folder / "b.nii").read_bytes()


@settings(max_examples=15, deadline=None)
@given(
    order=st.permutations(range(8)),
    angles=st.tuples(*[st.floats(-80, 80)] * 3),
    modality=st.sampled_from(["CT", "MR"]),
    legacy=st.booleans(),
    shared=st.sets(st.sampled_from(["orientation", "measures", "scale"])),
)
def test_frames_in_any_order_and_any_group(
    tmp_path_factory: pytest.TempPathFactory,
    order: list[int],
    angles: tuple[float, float, float],
    modality: str,
    legacy: bool,
    shared: set[str],
) -> None:
    classic = make_series(modality=modality, axes=rotation(angles), scale=(2.5, -7))
    enhanced = make_enhanced(classic, order, legacy, tuple(shared))
    same_volume(tmp_path_factory.mktemp("e"), classic, [enhanced])


def test_each_frame_has_its_scale_and_dose(tmp_path: Path) -> None:
    classic = pet("BQML")
    same_volume(tmp_path, classic, [make_enhanced(classic, [2, 0, 3, 1], legacy=True)])


def test_enhanced_pet_is_corrected_to_the_instant_it_states(tmp_path: Path) -> None:
    classic = pet("BQML")
    enhanced = make_enhanced(classic)
    dose = item_of(
        RadionuclideTotalDose=3.7e8,
        RadionuclideHalfLife=6586.2,
        RadiopharmaceuticalStartDateTime="20240229110000",
    )
    enhanced.RadiopharmaceuticalInformationSequence = DicomSequence([dose])
    enhanced.DecayCorrected = enhanced.AttenuationCorrected = "YES"
    enhanced.DecayCorrectionDateTime = "20240229120000"
    for k, own in enumerate(enhanced.PerFrameFunctionalGroupsSequence):
        own.RealWorldValueMappingSequence = DicomSequence(
            [
                item_of(
                    RealWorldValueSlope=0.5 * (k + 1),
                    RealWorldValueIntercept=0,
                    MeasurementUnitsCodeSequence=DicomSequence([item_of(CodeValue="Bq/ml")]),
                )
            ]
        )
    save([enhanced], tmp_path / "in")
    assert codes(judge(tmp_path / "in", "PT", tmp_path / "v.nii")) == []
    _, values = read_volume(tmp_path / "v.nii")
    stored = np.frombuffer(enhanced.PixelData, "<u2").reshape(4, 12, 10)
    expected = stored * (0.5 * np.arange(1, 5))[:, None, None] * HOUR
    assert np.allclose(values, expected, rtol=1e-6)
    enhanced.AttenuationCorrected = "NO"
    save([enhanced], tmp_path / "in")
    assert codes(judge(tmp_path / "in", "PT")) == ["SUV_NOT_CORRECTED"]


def test_one_volume_over_several_files(tmp_path: Path) -> None:
    classic = make_series()
    parts = [make_enhanced(classic, [5, 1, 0, 3]), make_enhanced(classic, [2, 4, 7, 6])]
    parts[1].SOPInstanceUID += ".1"
    same_volume(tmp_path, classic, parts)


@pytest.mark.parametrize("form", ["rle", "big endian"])
def test_frames_of_other_syntaxes(tmp_path: Path, form: str) -> None:
    classic = make_series(rows=16, columns=16)
    enhanced = make_enhanced(classic, [3, 1, 0, 2, 7, 5, 6, 4])
    if form == "rle":
        enhanced.compress(RLELossless, generate_instance_uid=False)
    else:
        enhanced.PixelData = np.frombuffer(enhanced.PixelData, "<u2").astype(">u2").tobytes()
        enhanced["PixelData"].VR = "OW"
        enhanced.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    same_volume(tmp_path, classic, [enhanced])


def test_a_region_on_an_enhanced_series(tmp_path: Path) -> None:
    classic = make_series()
    save([make_enhanced(classic)], tmp_path / "in")
    (mask,) = save([make_structures(classic, {"gtv": [square(3), square(4)]})], tmp_path / "m")
    row = ImagingItem("p", "t", str(tmp_path / "in"), "", "CT", str(mask), "", "", "", "")
    imaging = Imaging(roi=(RoiRule(name="gtv", patterns=("gtv",)),))
    result = run_batch([row], imaging, tmp_path / "volumes")
    assert result.series[0].images == 8
    labels = read_volume(tmp_path / result.regions[0].mask)[1]
    assert np.flatnonzero(labels.any(axis=(1, 2))).tolist() == [3, 4]
    assert labels[3].sum() == 16


def without(keyword: str) -> Callable[[Dataset], None]:
    def fault(ds: Dataset) -> None:
        for own in ds.PerFrameFunctionalGroupsSequence:
            if keyword in own:
                delattr(own, keyword)
        if keyword in ds.SharedFunctionalGroupsSequence[0]:
            delattr(ds.SharedFunctionalGroupsSequence[0], keyword)

    return fault


def no_groups(ds: Dataset) -> None:
    del ds.PerFrameFunctionalGroupsSequence


def fewer_groups(ds: Dataset) -> None:
    ds.PerFrameFunctionalGroupsSequence.pop()


def two_stacks(ds: Dataset) -> None:
    for k, own in enumerate(ds.PerFrameFunctionalGroupsSequence):
        own.FrameContentSequence[0].StackID = str(k % 2)


def no_position_value(ds: Dataset) -> None:
    own = ds.PerFrameFunctionalGroupsSequence[2]
    own.PlanePositionSequence[0].ImagePositionPatient = None


def second_echo(ds: Dataset) -> None:
    groups = ds.PerFrameFunctionalGroupsSequence
    for k, own in enumerate(copy.deepcopy(list(groups))):
        groups[k].MREchoSequence = DicomSequence([item_of(EffectiveEchoTime=10.0)])
        own.MREchoSequence = DicomSequence([item_of(EffectiveEchoTime=20.0)])
        groups.append(own)
    ds.PixelData *= 2
    ds.NumberOfFrames = 16


def projection(ds: Dataset) -> None:
    for own in ds.PerFrameFunctionalGroupsSequence:
        kind = item_of(FrameType=["DERIVED", "PRIMARY", "VOLUME", "MIP"])
        own.CTImageFrameTypeSequence = DicomSequence([kind])


def cut(ds: Dataset) -> None:
    ds.PixelData = ds.PixelData[:-100]


def one_flat(ds: Dataset) -> None:
    size = ds.Rows * ds.Columns * 2
    ds.PixelData = ds.PixelData[: 3 * size] + bytes(size) + ds.PixelData[4 * size :]


def moved_frame(ds: Dataset) -> None:
    place = ds.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence[0]
    x, y, z = place.ImagePositionPatient
    place.ImagePositionPatient = [x, y, float(z) + 0.7]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (without("PlanePositionSequence"), ["ENHANCED_GROUPS"]),
        (without("PlaneOrientationSequence"), ["ENHANCED_GROUPS"]),
        (without("PixelMeasuresSequence"), ["ENHANCED_GROUPS"]),
        (no_groups, ["ENHANCED_GROUPS"]),
        (fewer_groups, ["ENHANCED_GROUPS"]),
        (two_stacks, ["ENHANCED_GROUPS"]),
        (no_position_value, ["MISSING_GEOMETRY"]),
        (second_echo, ["MULTI_VOLUME"]),
        (projection, ["DERIVED_PROJECTION"]),
        (cut, ["TRUNCATED_PIXELS"]),
        (one_flat, ["CONSTANT_IMAGE"]),
        (moved_frame, ["NONUNIFORM_SPACING"]),
    ],
)
def test_faults_of_frames(
    tmp_path: Path, fault: Callable[[Dataset], None], expected: list[str]
) -> None:
    enhanced = make_enhanced(make_series())
    fault(enhanced)
    save([enhanced], tmp_path / "in")
    report = judge(tmp_path / "in", "CT", tmp_path / "v.nii")
    assert codes(report) == expected
    assert not (tmp_path / "v.nii").exists()


def test_the_same_file_twice_is_a_copy(tmp_path: Path) -> None:
    enhanced = make_enhanced(make_series())
    save([enhanced], tmp_path)
    save([enhanced], tmp_path, prefix="twin")
    report = judge(tmp_path)
    assert (codes(report), codes(report, "warn")) == ([], ["DUPLICATE_INSTANCE"])


@pytest.mark.parametrize(
    ("uid", "name"),
    [
        ("1.2.840.10008.5.1.4.1.1.1.2", "Digital Mammography X-Ray Image Storage"),
        ("1.2.840.10008.5.1.4.1.1.6.1", "Ultrasound Image Storage"),
        ("1.2.3.4", "unknown"),
    ],
)
def test_other_kinds_of_image_are_named(tmp_path: Path, uid: str, name: str) -> None:
    made = make_series()
    for ds in made:
        ds.SOPClassUID = uid
    save(made, tmp_path)
    report = judge(tmp_path)
    assert codes(report) == ["SOP_UNSUPPORTED"]
    assert name in next(f.sentence for f in report.findings if f.code == "SOP_UNSUPPORTED")
