"""Series of several stacks, split by the fields that the protocol names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dicom_making import ROOT, make_enhanced, make_series, make_structures, rotation, save
from hypothesis import given, settings
from hypothesis import strategies as st
from imaging_cases import IMAGING, REGION, only, row, run, said
from pydicom.dataset import Dataset

from equisite.imaging.batch import BatchResult
from equisite.imaging.discovery import one_series, scan
from equisite.imaging.nifti import read_volume
from equisite.imaging.parts import split
from equisite.protocol.imaging import Imaging, SeriesLimits

LIMITS = SeriesLimits()


def second(made: list[Dataset], **changes: Any) -> list[Dataset]:
    """Another stack under the same SeriesInstanceUID."""
    for number, ds in enumerate(made, start=len(made) + 1):
        ds.SeriesInstanceUID = f"{ROOT}.1"
        ds.SOPInstanceUID = f"{ROOT}.1.{number + 50}"
        ds.InstanceNumber = number
        for keyword, value in changes.items():
            setattr(ds, keyword, value)
    return made


def echoes() -> tuple[list[Dataset], list[Dataset]]:
    one = make_series(8)
    for ds in one:
        ds.EchoNumbers = 1
    return one, second(make_series(8, uid=9, seed=9), EchoNumbers=2)


def case(folder: Path, *stacks: list[Dataset]) -> None:
    save([ds for made in stacks for ds in made], folder / "series")
    structures = make_structures(stacks[0], {"GTV": REGION})
    pydicom.dcmwrite(folder / "rs.dcm", structures, enforce_file_format=True)


def protocol(*keys: str, **choose: str) -> Imaging:
    return IMAGING.model_copy(update={"split_by": keys, "choose": choose})


def rows_of(result: BatchResult) -> list[tuple[str, str, int]]:
    return sorted({(r.part, r.verdict, r.images) for r in result.series})


def test_without_a_word_of_the_protocol_nothing_is_split(tmp_path: Path) -> None:
    case(tmp_path, *echoes())
    assert said(run(tmp_path), "refused") == ["MULTI_VOLUME"]


@pytest.mark.parametrize("echo", ["1", "2"])
def test_the_part_that_is_named_is_used_and_the_others_are_told(
    tmp_path: Path, echo: str
) -> None:
    both = echoes()
    case(tmp_path, *both)
    result = run(tmp_path, imaging=protocol("echo", echo=echo))
    assert said(result, "refused") == []
    # The contours were drawn on the first echo, which lies in the same place.
    assert said(result, "flagged") == (["STALE_REFERENCE"] if echo == "2" else [])
    assert rows_of(result) == [("", "ok", 16), ("echo 1", "ok", 8), ("echo 2", "ok", 8)]
    (pair,) = result.regions
    _, voxels = read_volume(tmp_path / pair.image)
    first = np.frombuffer(both[int(echo) - 1][0].PixelData, dtype="<u2").reshape(12, 10)
    assert np.array_equal(voxels[0], first - 1024.0)


def test_two_sound_parts_without_a_choice_are_ambiguous(tmp_path: Path) -> None:
    case(tmp_path, *echoes())
    result = run(tmp_path, imaging=protocol("echo"))
    assert "2 are sound: echo 1; echo 2" in only(result, "PARTS_AMBIGUOUS").sentence
    assert result.regions == []
    assert not list((tmp_path / "volumes").iterdir())


def test_the_only_sound_part_needs_no_choice(tmp_path: Path) -> None:
    scout = second(make_series(2, axes=rotation((90, 0, 0)), uid=9))
    case(tmp_path, make_series(8), scout)
    assert said(run(tmp_path), "refused") == ["MIXED_ORIENTATION"]
    result = run(tmp_path, imaging=protocol("orientation"))
    assert said(result, "refused") == []
    assert rows_of(result) == [
        ("", "ok", 10), ("orientation axial", "ok", 8), ("orientation coronal", "refused", 2),
    ]  # fmt: skip
    assert {r.code for r in result.series if r.part.endswith("coronal")} >= {"TOO_FEW_SLICES"}
    assert [p.voxels for p in result.regions] == [64]


def test_each_part_is_judged_alone(tmp_path: Path) -> None:
    one, two = echoes()
    case(tmp_path, one[:3] + one[4:], two[:1])
    result = run(tmp_path, imaging=protocol("echo"))
    assert only(result, "PARTS_REFUSED").sentence.endswith("(MISSING_SLICE, TOO_FEW_SLICES).")
    codes = {(r.part, r.code) for r in result.series if r.severity == "refuse"}
    assert codes == {
        ("", "PARTS_REFUSED"), ("echo 1", "MISSING_SLICE"), ("echo 2", "TOO_FEW_SLICES"),
    }  # fmt: skip


def test_a_part_that_is_not_there(tmp_path: Path) -> None:
    case(tmp_path, *echoes())
    result = run(tmp_path, imaging=protocol("echo", echo="3"))
    assert "there are: echo 1; echo 2" in only(result, "PART_NOT_FOUND").sentence


def test_a_series_of_one_stack_is_no_part(tmp_path: Path) -> None:
    case(tmp_path, make_series(8))
    result = run(tmp_path, imaging=protocol("echo", "orientation", "matrix"))
    assert rows_of(result) == [("", "ok", 8)]
    assert len(result.regions) == 1


@pytest.mark.parametrize(
    ("key", "keyword", "values", "names"),
    [
        ("image_type", "ImageType", (["A", "P", "M"], ["A", "P", "P"]),
         ["image_type A\\P\\M", "image_type A\\P\\P"]),
        ("echo", "EchoTime", (2.3, 4.6), ["echo 2.3", "echo 4.6"]),
        ("b_value", "DiffusionBValue", (0.0, 800.0), ["b_value 0", "b_value 800"]),
        ("temporal_position", "TemporalPositionIdentifier", (1, 2),
         ["temporal_position 1", "temporal_position 2"]),
        ("acquisition", "AcquisitionNumber", (3, 4), ["acquisition 3", "acquisition 4"]),
        ("frame_of_reference", "FrameOfReferenceUID", ("1.2.10", "1.2.9"),
         ["frame_of_reference 1", "frame_of_reference 2"]),
        ("spacing", "PixelSpacing", (["0.8", "0.7"], ["0.8", "0.75"]),
         ["spacing 0.8 x 0.7", "spacing 0.8 x 0.75"]),
    ],
)  # fmt: skip
def test_keys(
    tmp_path: Path, key: Any, keyword: str, values: tuple[Any, Any], names: list[str]
) -> None:
    one, two = make_series(4), second(make_series(4, uid=9, seed=9), **{keyword: values[1]})
    for ds in one:
        setattr(ds, keyword, values[0])
    save(one + two, tmp_path)
    assert list(split(one_series(scan(tmp_path)), [key], LIMITS)) == names


def test_matrix_and_two_keys(tmp_path: Path) -> None:
    one, two = echoes()
    small = second(make_series(4, rows=6, columns=6, uid=8), EchoNumbers=1)
    for number, ds in enumerate(small):
        ds.SOPInstanceUID = f"{ROOT}.1.9{number}"
    save(one + two + small, tmp_path)
    found = split(one_series(scan(tmp_path)), ["matrix", "echo"], LIMITS)
    assert {name: len(part.headers) for name, (part, _) in found.items()} == {
        "matrix 12 x 10, echo 1": 8,
        "matrix 12 x 10, echo 2": 8,
        "matrix 6 x 6, echo 1": 4,
    }


def test_frames_of_an_enhanced_file_are_split(tmp_path: Path) -> None:
    one, two = make_series(6, modality="MR"), make_series(6, modality="MR", seed=4)
    ds = make_enhanced(one + two)
    for number, own in enumerate(ds.PerFrameFunctionalGroupsSequence):
        echo = Dataset()
        echo.EffectiveEchoTime = 2.5 if number < 6 else 5.0
        own.MREchoSequence = pydicom.Sequence([echo])
    save([ds], tmp_path / "series")
    structures = make_structures(one, {"GTV": REGION[:3]})
    pydicom.dcmwrite(tmp_path / "rs.dcm", structures, enforce_file_format=True)
    asked = row(tmp_path, modality="MR")
    assert said(run(tmp_path, asked), "refused") == ["MULTI_VOLUME"]
    result = run(tmp_path, asked, imaging=protocol("echo", echo="5"))
    assert said(result, "refused") == []
    _, voxels = read_volume(tmp_path / result.regions[0].image)
    stored = np.frombuffer(two[0].PixelData, dtype="<u2").reshape(12, 10)
    assert np.array_equal(voxels[0], stored - 1024.0)


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(12)), wobble=st.floats(-4e-4, 4e-4))
def test_parts_do_not_depend_on_the_order_of_files(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], wobble: float
) -> None:
    """Directions that differ by less than the limit are one direction."""
    one = make_series(6)
    for k, ds in enumerate(one):
        ds.ImageOrientationPatient = ["1", f"{wobble * (k % 2):.7f}", "0", "0", "1", "0"]
    two = second(make_series(6, axes=rotation((90, 0, 0)), uid=9))
    folder = tmp_path_factory.mktemp("parts")
    save([(one + two)[i] for i in order], folder)
    found = split(one_series(scan(folder)), ["orientation"], LIMITS)
    assert {name: len(part.headers) for name, (part, _) in found.items()} == {
        "orientation axial": 6,
        "orientation coronal": 6,
    }
