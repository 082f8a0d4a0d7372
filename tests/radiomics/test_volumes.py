"""Reading volumes, and refusing pairs that are not on one grid."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from equisite.core.errors import InputError
from equisite.radiomics.volumes import Volume, check_same_grid, open_volume


def saved(path: Path, array: np.ndarray, affine: np.ndarray | None = None) -> Volume:
    grid = np.diag([1.0, 2.0, 3.0, 1.0]) if affine is None else affine
    nibabel.save(nibabel.Nifti1Image(array, grid), path)
    return open_volume(path)


def test_a_volume_is_z_y_x_and_mapped(tmp_path: Path) -> None:
    array = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
    volume = saved(tmp_path / "a.nii", array)
    assert volume.spacing_mm == (1.0, 2.0, 3.0)
    assert isinstance(volume.voxels, np.memmap)
    np.testing.assert_array_equal(volume.voxels, array.transpose(2, 1, 0))


def test_a_compressed_and_scaled_volume_is_read_too(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.eye(4))
    image.header.set_slope_inter(0.5, 1.0)
    nibabel.save(image, tmp_path / "a.nii.gz")
    voxels = open_volume(tmp_path / "a.nii.gz").voxels
    expected = np.arange(24).reshape(2, 3, 4).transpose(2, 1, 0) * 0.5 + 1
    np.testing.assert_allclose(voxels, expected)


@pytest.mark.parametrize("text", [b"", b"not a volume at all" * 40])
def test_what_is_no_nifti_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.nii").write_bytes(text)
    with pytest.raises(InputError, match="ROI_UNREADABLE"):
        open_volume(tmp_path / "a.nii")


def test_four_dimensions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it has 4 dimensions"):
        saved(tmp_path / "a.nii", np.zeros((2, 2, 2, 2), np.float32))


def test_an_absent_file_is_a_fault_of_the_machine(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_volume(tmp_path / "absent.nii")


def turned(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    affine[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return affine


def shifted(mm: float) -> np.ndarray:
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    affine[0, 3] = mm
    return affine


@pytest.mark.parametrize(
    ("affine", "problem"),
    [
        (shifted(0.0005), None),
        (shifted(0.01), "origins"),
        (np.diag([1.0, 1.0, 3.0005, 1.0]), None),
        (np.diag([1.0, 1.0, 3.03, 1.0]), "voxel sizes"),
        (turned(0.001), None),
        (turned(0.1), "directions"),
    ],
)
def test_the_grid_must_be_the_same(
    tmp_path: Path, affine: np.ndarray, problem: str | None
) -> None:
    array = np.zeros((3, 4, 5), np.float32)
    image = saved(tmp_path / "i.nii", array, shifted(0))
    mask = saved(tmp_path / "m.nii", array, affine)
    if problem is None:
        check_same_grid(image, mask)
    else:
        with pytest.raises(InputError, match=problem):
            check_same_grid(image, mask)


def test_the_size_must_be_the_same(tmp_path: Path) -> None:
    image = saved(tmp_path / "i.nii", np.zeros((3, 4, 5), np.float32))
    mask = saved(tmp_path / "m.nii", np.zeros((3, 4, 6), np.float32))
    with pytest.raises(InputError, match="numbers of voxels"):
        check_same_grid(image, mask)
