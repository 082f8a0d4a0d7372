"""Series with gantry tilt, put upright where the protocol says so."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from dicom_making import LIMITS, make_segmentation, make_series, make_structures, rotation, save
from hypothesis import given, settings
from hypothesis import strategies as st
from imaging_cases import IMAGING, only, row, run, said
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from equisite.imaging.discovery import one_series, scan
from equisite.imaging.grid import Grid
from equisite.imaging.nifti import read_volume
from equisite.imaging.series import judge_series
from equisite.imaging.shear import Shear
from equisite.imaging.stack import Stack

UPRIGHT = IMAGING.model_copy(update={"tilt": "shear"})


def leaning(
    pixels: float, axes: NDArray[np.float64] | None = None, slices: int = 8
) -> list[Dataset]:
    """A series whose slices each lie so many rows further down than the one before."""
    made = make_series(slices, axes=np.eye(3) if axes is None else axes)
    for k, ds in enumerate(made):
        column = np.array(ds.ImageOrientationPatient, dtype=float)[3:]
        place = np.array(ds.ImagePositionPatient, dtype=float) + column * 0.8 * pixels * k
        ds.ImagePositionPatient = [f"{v:.9g}" for v in place]
    return made


def stored(ds: Dataset) -> NDArray[np.float32]:
    values = np.frombuffer(ds.PixelData, dtype="<u2").reshape(ds.Rows, ds.Columns)
    return values.astype(np.float32) - 1024


@pytest.mark.parametrize("pixels", [2.0, -1.0])
def test_whole_pixels_are_moved_and_nothing_is_changed(tmp_path: Path, pixels: float) -> None:
    made = leaning(pixels)
    save(made, tmp_path / "s")
    volume = tmp_path / "v.nii"
    report = judge_series(one_series(scan(tmp_path / "s")), "CT", LIMITS, volume, "shear")
    assert [f.code for f in report.findings] == ["GANTRY_TILT", "INTERPOLATED"]
    grid, values = read_volume(volume)
    assert grid.size == (10, 12 + round(abs(pixels)) * 7, 8)
    assert np.allclose(np.diag(grid.lps)[:3], (0.7, 0.8, 2.5))
    for k, ds in enumerate(made):
        top = round((ds.ImagePositionPatient[1] - grid.lps[1, 3]) / 0.8)
        assert np.array_equal(values[k, top : top + 12], stored(ds))
        others = np.delete(values[k], slice(top, top + 12), axis=0)
        assert (others == stored(ds).min()).all()


@settings(max_examples=30, deadline=None)
@given(
    pixels=st.floats(-3, 3).filter(lambda p: abs(p) > 0.05),
    angles=st.tuples(*[st.floats(-40, 40)] * 3),
)
def test_a_plane_in_the_patient_stays_that_plane(
    pixels: float, angles: tuple[float, float, float]
) -> None:
    """Values that are linear in mm are interpolated without error."""
    made = leaning(pixels, rotation(angles))
    headers = [h for ds in made for h in [_header(ds)]]
    shear = Shear.of(Grid.of(Stack.of(headers)))
    slope = np.array([0.3, -0.7, 1.1])

    def world(grid: Grid, k: int) -> NDArray[np.float64]:
        columns, rows, _ = grid.size
        j, i = np.mgrid[0:rows, 0:columns]
        index = np.stack([i, j, np.full_like(i, k), np.ones_like(i)])
        return np.einsum("ab,bji->aji", grid.lps[:3], index)

    for k in range(8):
        before = np.einsum("a,aji->ji", slope, world(shear.leaning, k))
        after = np.einsum("a,aji->ji", slope, world(shear.upright, k))
        got = shear.image(before, k)
        column, row = shear.offset[k]
        inside = (
            slice(int(np.ceil(row)), int(np.floor(row)) + 12),
            slice(int(np.ceil(column)), int(np.floor(column)) + 10),
        )
        assert np.abs(got - after)[inside].max() < 2e-3  # a thousandth of a pixel is nothing


def _header(ds: Dataset) -> object:
    from types import SimpleNamespace

    return SimpleNamespace(
        position=tuple(map(float, ds.ImagePositionPatient)),
        orientation=tuple(map(float, ds.ImageOrientationPatient)),
        spacing=(0.8, 0.7),
        sop_instance=ds.SOPInstanceUID,
        frame=None,
        columns=10,
        rows=12,
        thickness=2.5,
    )


def ring(made: list[Dataset], k: int) -> list[tuple[float, float, float]]:
    return [(2.2, 3.2, k), (6.7, 3.2, k), (6.7, 7.7, k), (2.2, 7.7, k)]


def structures(made: list[Dataset]) -> Dataset:
    """Contours given by the pixels of their own slice, as a viewer writes them."""
    rings = make_structures(made, {"GTV": [ring(made, k) for k in range(2, 6)]})
    for contour, ds in zip(rings.ROIContourSequence[0].ContourSequence, made[2:6], strict=True):
        points = [
            np.array(ds.ImagePositionPatient, dtype=float) + np.array([x * 0.7, y * 0.8, 0])
            for x, y, _ in ring(made, 0)
        ]
        contour.ContourData = [f"{v:.6f}" for v in np.concatenate(points)]
    return rings


@pytest.mark.parametrize("pixels", [1.0, 0.37, -0.6])
@pytest.mark.parametrize("kind", ["contours", "segmentation", "nifti before", "nifti after"])
def test_regions_go_with_their_slices(tmp_path: Path, pixels: float, kind: str) -> None:
    made = leaning(pixels)
    save(made, tmp_path / "series")
    mask = np.zeros((8, 12, 10), dtype=np.uint8)
    mask[2:6, 4:8, 3:7] = 1
    shear = Shear.of(Grid.of(Stack.of([_header(ds) for ds in made])))  # type: ignore[misc]
    name = "m.nii" if kind.startswith("nifti") else "m.dcm"
    if kind == "contours":
        pydicom.dcmwrite(tmp_path / name, structures(made), enforce_file_format=True)
    elif kind == "segmentation":
        seg = make_segmentation(made, {"GTV": mask})
        pydicom.dcmwrite(tmp_path / name, seg, enforce_file_format=True)
    else:
        before = kind == "nifti before"
        labels = mask if before else shear.mask(mask != 0).astype(np.uint8)
        grid = shear.leaning if before else shear.upright
        image = nibabel.Nifti1Image(labels.T, grid.ras)
        nibabel.save(image, tmp_path / name)
    result = run(tmp_path, row(tmp_path, mask=str(tmp_path / name), roi="gtv"), imaging=UPRIGHT)
    assert said(result, "refused") == []
    (pair,) = result.regions
    drawn = np.asarray(read_volume(tmp_path / pair.mask)[1])
    assert np.array_equal(drawn != 0, shear.mask(mask != 0))
    assert pair.voxels == 64 and "INTERPOLATED" in pair.flags
    image_grid, mask_grid = (read_volume(tmp_path / p)[0] for p in (pair.image, pair.mask))
    assert np.array_equal(image_grid.lps, mask_grid.lps)
    assert "lean by" in only(result, "INTERPOLATED").sentence


def test_by_default_a_leaning_series_is_refused(tmp_path: Path) -> None:
    made = leaning(1)
    save(made, tmp_path / "series")
    pydicom.dcmwrite(tmp_path / "rs.dcm", structures(made), enforce_file_format=True)
    assert said(run(tmp_path), "refused") == ["GANTRY_TILT"]


def test_other_faults_of_a_leaning_series_are_told_as_ever(tmp_path: Path) -> None:
    made = leaning(1)
    save(made[:3] + made[4:], tmp_path / "series")
    pydicom.dcmwrite(tmp_path / "rs.dcm", structures(made), enforce_file_format=True)
    assert said(run(tmp_path, imaging=UPRIGHT), "refused") == ["MISSING_SLICE"]
