from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import nibabel
import numpy as np
import pytest
from dicom_making import rotation
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.imaging.grid import Grid
from equisite.imaging.nifti import write_mask
from equisite.imaging.nifti_mask import on_grid, read_labels, select_label


def make_grid() -> Grid:
    lps = np.eye(4)
    lps[:3, :3] = rotation((10, -20, 30)) * (0.8, 0.9, 2.5)
    lps[:3, 3] = (-30, 12, 99)
    return Grid((7, 6, 5), lps)


GRID = make_grid()
MASK = np.random.default_rng(3).random(GRID.size) < 0.4


def reason(error: InputError) -> str:
    return str(error.findings[0].numbers["reason"])


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", [(0, 0, 0), (1, 0, 0), (0, 1, 1), (1, 1, 1)])
def test_permuted_and_flipped_axes_are_put_back_exactly(
    order: tuple[int, ...], flips: tuple[int, ...]
) -> None:
    image = nibabel.Nifti1Image(MASK.astype(np.uint8), GRID.ras)
    codes = [[axis, -1 if flip else 1] for axis, flip in zip(order, flips, strict=True)]
    turned = image.as_reoriented(np.array(codes))
    mask, findings = on_grid(np.asarray(turned.dataobj) != 0, turned.affine, GRID)
    assert np.array_equal(mask, MASK.T)
    same = order == (0, 1, 2) and not any(flips)
    assert [f.code for f in findings] == ([] if same else ["MASK_REORIENTED"])


def test_own_masks_come_back(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.nii", GRID, np.ascontiguousarray(MASK.T).view(np.uint8))
    image = read_labels(tmp_path / "m.nii")
    assert np.array_equal(on_grid(image.labels == 1, image.ras, GRID)[0], MASK.T)


def moved(column: int, row: int, by: float) -> NDArray[np.float64]:
    ras = GRID.ras.copy()
    ras[row, column] += by
    return ras


@pytest.mark.parametrize(
    ("mask", "ras", "words"),
    [
        (MASK, GRID.ras @ np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
         "shifted by +0.800 mm along the columns"),
        (MASK[:, :, :4], GRID.ras, "4 slices where the image has 5"),
        (MASK, GRID.ras @ np.diag([1, 1, 1.2, 1]),
         "3.0000 mm between slices where the image has 2.5000 mm"),
        (MASK, np.block([[rotation((0, 0, 5)) @ GRID.ras[:3, :3], GRID.ras[:3, 3:]],
                         [np.zeros((1, 3)), np.ones((1, 1))]]), "turned by "),
    ],
)  # fmt: skip
def test_another_grid_is_explained(
    mask: NDArray[np.bool_], ras: NDArray[np.float64], words: str
) -> None:
    with pytest.raises(InputError, match="MASK_GRID") as error:
        on_grid(mask, ras, GRID)
    assert words in reason(error.value)


def test_a_hundredth_of_a_voxel_is_the_same_grid() -> None:
    assert on_grid(MASK, moved(3, 2, 2e-5), GRID)[1] == []
    with pytest.raises(InputError, match="MASK_GRID"):
        on_grid(MASK, moved(3, 2, 0.1), GRID)


def test_resampling_only_when_asked_and_when_the_volume_stays() -> None:
    lps = np.diag([1.0, 1.0, 1.0, 1.0])
    grid = Grid((40, 40, 40), lps)
    fine = np.zeros((80, 80, 80), dtype=bool)
    fine[20:60, 20:60, 20:60] = True
    ras = grid.ras @ np.diag([0.5, 0.5, 0.5, 1.0])
    ras[:3, 3] = (grid.ras @ [-0.25, -0.25, -0.25, 1])[:3]
    mask, findings = on_grid(fine, ras, grid, resample=True)
    assert mask[10:30, 10:30, 10:30].all()
    assert [f.code for f in findings] == ["MASK_RESAMPLED"]
    thin = np.zeros_like(fine)
    thin[20:60, 20:60, 30] = True
    with pytest.raises(InputError, match="changes the volume"):
        on_grid(thin, ras, grid, resample=True)


def save(values: NDArray[np.generic], path: Path, placed: bool = True) -> Path:
    nibabel.save(nibabel.Nifti1Image(values, GRID.ras if placed else None), path)
    return path


def test_labels(tmp_path: Path) -> None:
    values = np.zeros(GRID.size, dtype=np.float32)
    values[1, 1, 1], values[2, 2, 2] = 1, 3
    labels = read_labels(save(values, tmp_path / "a.nii.gz")).labels
    assert select_label(labels, "3").sum() == 1
    for label, words in (
        ("", "several labels (1, 3)"),
        ("2", "it holds 1, 3"),
        ("x", "label x"),
    ):
        with pytest.raises(InputError, match="MASK_LABELS") as error:
            select_label(labels, label)
        assert words in reason(error.value)
    values[1, 1, 1] = 0.5
    with pytest.raises(InputError, match="no whole numbers"):
        read_labels(save(values, tmp_path / "b.nii"))
    values[1, 1, 1] = np.nan
    with pytest.raises(InputError, match="no finite numbers"):
        read_labels(save(values, tmp_path / "c.nii"))


def test_files_that_are_no_mask(tmp_path: Path) -> None:
    good = save(np.ones(GRID.size, dtype=np.uint8), tmp_path / "a.nii.gz").read_bytes()
    (tmp_path / "cut.nii.gz").write_bytes(good[: len(good) // 2])
    (tmp_path / "text.nii").write_text("no image", encoding="utf-8")
    for name in ("cut.nii.gz", "text.nii"):
        with pytest.raises(InputError, match="MASK_UNREADABLE"):
            read_labels(tmp_path / name)
    (tmp_path / "plain.nii.gz").write_bytes(gzip.decompress(good))
    with pytest.raises(InputError, match="it is not compressed"):
        read_labels(tmp_path / "plain.nii.gz")
    (tmp_path / "packed.nii").write_bytes(good)
    with pytest.raises(InputError, match="its name does not end"):
        read_labels(tmp_path / "packed.nii")
    with pytest.raises(InputError, match="2 dimensions"):
        read_labels(save(np.ones((4, 4), dtype=np.uint8), tmp_path / "flat.nii"))
    with pytest.raises(InputError, match="states no position"):
        read_labels(
            save(np.ones(GRID.size, dtype=np.uint8), tmp_path / "lost.nii", placed=False)
        )
    with pytest.raises(FileNotFoundError):
        read_labels(tmp_path / "absent.nii")
    deep = save(np.ones((*GRID.size, 1), dtype=np.uint8), tmp_path / "deep.nii")
    assert read_labels(deep).labels.shape == GRID.size
