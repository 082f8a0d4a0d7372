from __future__ import annotations

import os
import random
from pathlib import Path

import nibabel
import numpy as np
import pytest
from dicom_making import LIMITS, ROOT, codes, judge, make_series, rotation, save, stored
from hypothesis import given, settings
from hypothesis import strategies as st

from equisite.core.errors import InputError
from equisite.imaging.discovery import one_series, scan, series_by_uid
from equisite.imaging.fields import ImageHeader
from equisite.imaging.grid import Grid
from equisite.imaging.header import read_header
from equisite.imaging.nifti import nifti_header, read_volume
from equisite.imaging.series import judge_series
from equisite.imaging.stack import Stack


def header_of(path: Path) -> ImageHeader:
    header = read_header(path).header
    assert header is not None
    return header


def test_volume_is_what_the_header_says(tmp_path: Path) -> None:
    axes = rotation((20, -10, 35))
    made = make_series(6, axes=axes, modality="MR", scale=(2.5, -7))
    made[2].RescaleSlope, made[2].RescaleIntercept = 1.5, 3
    save(made[::-1], tmp_path / "in")
    report = judge(tmp_path / "in", "MR", tmp_path / "v.nii")
    assert codes(report) == []
    image = nibabel.load(tmp_path / "v.nii")
    values = np.asarray(image.dataobj)
    for k, ds in enumerate(made):
        expected = stored(ds) * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
        assert np.array_equal(values[:, :, k].T, expected.astype(np.float32))
    # DICOM's own formula for pixel (column 3, row 5) of slice 4, PS3.3 C.7.6.2.1.1.
    first = np.array(made[4].ImagePositionPatient, dtype=float)
    lps = first + axes[:, 0] * 0.7 * 3 + axes[:, 1] * 0.8 * 5
    assert np.allclose(image.affine @ [3, 5, 4, 1], [-lps[0], -lps[1], lps[2], 1], atol=1e-5)
    assert np.allclose(image.header.get_qform(), image.header.get_sform(), atol=1e-5)
    assert (int(image.header["qform_code"]), int(image.header["sform_code"])) == (1, 1)
    assert bytes(image.header["descrip"]).strip(b"\0") == b""
    assert image.header.get_xyzt_units()[0] == "mm"


def test_an_empty_slope_is_one(tmp_path: Path) -> None:
    made = make_series(4, modality="MR")
    for ds in made:
        ds.RescaleSlope = ds.RescaleIntercept = None
    save(made, tmp_path / "in")
    judge(tmp_path / "in", "MR", tmp_path / "v.nii")
    _, values = read_volume(tmp_path / "v.nii")
    assert np.array_equal(values[2], stored(made[2]))


def test_pet_scales_each_slice_in_double_precision(tmp_path: Path) -> None:
    made = make_series(5, modality="PT")
    save(made, tmp_path / "in")
    judge(tmp_path / "in", "PT", tmp_path / "v.nii")
    _, values = read_volume(tmp_path / "v.nii")
    for k, ds in enumerate(made):
        expected = stored(ds).astype(np.float64) * float(ds.RescaleSlope)
        assert np.array_equal(values[k], expected.astype(np.float32))


@pytest.mark.parametrize(
    ("bits", "signed", "value", "expected"),
    [(12, 0, 0xF123, 0x123), (12, 1, 0x0FFF, -1), (12, 1, 0xFFFF, -1), (16, 0, 0xF123, 0xF123)],
)
def test_bits_above_the_stored_ones_are_no_value(
    tmp_path: Path, bits: int, signed: int, value: int, expected: int
) -> None:
    made = make_series(3, modality="MR", scale=(1, 0))
    for ds in made:
        ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, signed
        pixels = stored(ds)
        pixels[...] %= 1000
        pixels[4, 5] = value
        ds.PixelData = pixels.tobytes()
    save(made, tmp_path / "in")
    assert codes(judge(tmp_path / "in", "MR", tmp_path / "v.nii")) == []
    _, values = read_volume(tmp_path / "v.nii")
    assert values[1, 4, 5] == expected


def test_order_and_names_of_files_change_nothing(tmp_path: Path) -> None:
    made = make_series(9, modality="MR")
    volumes = []
    for number, seed in enumerate((1, 2)):
        shuffled = made[:]
        random.Random(seed).shuffle(shuffled)
        folder = tmp_path / f"f{number}"
        save(shuffled[:4], folder, prefix="z", implicit=bool(number))
        save(shuffled[4:], folder / "below", prefix="IM.dcm")
        report = judge(folder, "MR", tmp_path / f"{number}.nii")
        assert report.grid is not None
        volumes.append((tmp_path / f"{number}.nii").read_bytes())
    assert volumes[0] == volumes[1]


def test_a_folder_must_hold_one_image_series(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="SERIES_NOT_FOUND"):
        one_series(scan(tmp_path))
    save(make_series(4), tmp_path, prefix="a")
    save(make_series(3, uid=2, modality="PT"), tmp_path, prefix="b")
    found = scan(tmp_path)
    with pytest.raises(InputError, match="CT with 4 images, PT with 3 images") as error:
        one_series(found)
    assert error.value.code == "SERIES_AMBIGUOUS"
    assert len(series_by_uid(found, f"{ROOT}.2").headers) == 3
    with pytest.raises(InputError, match="SERIES_NOT_FOUND"):
        series_by_uid(found, f"{ROOT}.3")


def test_a_folder_of_links_to_elsewhere_says_so(tmp_path: Path) -> None:
    save(make_series(4), tmp_path / "store")
    (tmp_path / "series").mkdir()
    for path in (tmp_path / "store").iterdir():
        (tmp_path / "series" / path.name).symlink_to(path)
    with pytest.raises(InputError) as error:
        one_series(scan(tmp_path / "series"))
    assert "4 links that lead out were not followed" in str(error.value)


def test_links_that_lead_in_circles_are_passed(tmp_path: Path) -> None:
    save(make_series(4), tmp_path / "in")
    (tmp_path / "in/loop").symlink_to(tmp_path / "in/loop")
    (tmp_path / "in/up").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "in/again").symlink_to(tmp_path / "in/i000")
    report = judge(tmp_path / "in")
    assert (codes(report), codes(report, "warn")) == ([], ["DUPLICATE_INSTANCE"])


def test_a_folder_that_cannot_be_read_is_a_fault_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(make_series(4), tmp_path / "in/below")

    def denied(path: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(PermissionError):
        scan(tmp_path / "in")


def test_only_wanted_series_are_kept_of_a_root(tmp_path: Path) -> None:
    save(make_series(4), tmp_path / "p1")
    save(make_series(3, uid=2), tmp_path / "p2")
    assert list(scan(tmp_path, {f"{ROOT}.2"}).images) == [f"{ROOT}.2"]


def test_a_single_slice_has_a_grid(tmp_path: Path) -> None:
    limits = LIMITS.model_copy(update={"minimum_slices": 1})
    save(make_series(1), tmp_path)
    report = judge_series(one_series(scan(tmp_path)), "CT", limits)
    assert report.grid is not None
    assert report.grid.spacing[2] == 2.5


@settings(max_examples=60, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing=st.tuples(st.floats(0.2, 5), st.floats(0.2, 5), st.floats(0.5, 8)),
    flip=st.booleans(),
)
def test_quaternion_and_matrix_of_the_header_agree(
    angles: tuple[float, float, float], spacing: tuple[float, float, float], flip: bool
) -> None:
    lps = np.eye(4)
    lps[:3, :3] = rotation(angles) * spacing * ([1, 1, -1] if flip else [1, 1, 1])
    lps[:3, 3] = (12, -30, 7)
    header = nibabel.Nifti1Header(nifti_header(Grid((3, 4, 5), lps), "float32")[:348])
    # Three parts of 32 bits fix the fourth only to 3.5e-4 near half a turn.
    assert np.allclose(header.get_qform(), header.get_sform(), rtol=0, atol=7e-4 * max(spacing))
    assert np.allclose(header.get_sform(), Grid((3, 4, 5), lps).ras, rtol=1e-6, atol=1e-6)
    assert header.get_data_shape() == (3, 4, 5)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(6, 40), gap=st.floats(0.4, 7), data=st.data())
def test_one_lost_slice_is_named(n: int, gap: float, data: st.DataObject) -> None:
    from equisite.imaging.checks.spacing import check_spacing

    lost = data.draw(st.integers(1, n - 2))
    base = _header()
    kept = [k for k in range(n) if k != lost]
    data.draw(st.randoms(use_true_random=False)).shuffle(kept)
    headers = [
        base(position=(0.0, 0.0, k * gap), sop_instance=str(k), instance_number=k) for k in kept
    ]
    (found,) = [f for f in check_spacing(Stack.of(headers), LIMITS) if f.severity == "refuse"]
    assert found.code == "MISSING_SLICE"
    assert (found.numbers["slice"], found.numbers["value"]) == (str(lost), 1)


def _header():  # type: ignore[no-untyped-def]
    import dataclasses
    import functools
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (path,) = save(make_series(1), Path(folder))
        return functools.partial(dataclasses.replace, header_of(path))
