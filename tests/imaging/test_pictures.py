from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from dicom_making import rotation

from equisite.core.atomic import write_bytes
from equisite.imaging.grid import Grid
from equisite.imaging.nifti import nifti_header, write_mask
from equisite.imaging.pictures import draw_picture, outline, window
from equisite.imaging.planes import three_planes


def chunks(png: bytes) -> list[bytes]:
    names, at = [], 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        names.append(name)
        at += 12 + length
    return names


def marked(lps: np.ndarray) -> tuple[Grid, np.ndarray, np.ndarray]:
    """A volume whose voxel nearest to the patient's left, back, head is bright."""
    grid = Grid((9, 8, 7), lps)
    i, j, k = np.meshgrid(*(np.arange(n) for n in grid.size), indexing="ij")
    place = np.stack([i, j, k, np.ones_like(i)], axis=-1) @ lps.T
    corner = place[..., 0] + place[..., 1] + place[..., 2]
    voxels = np.ascontiguousarray((corner == corner.max()).astype(np.float32).T)
    return grid, voxels, np.ones(grid.shape, dtype=np.uint8)


@pytest.mark.parametrize(
    "axes",
    [
        np.eye(3),
        rotation((0, 0, 180)),
        np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]]),  # sagittal
        np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]),  # coronal
    ],
)
def test_planes_are_turned_as_radiologists_look_at_them(axes: np.ndarray) -> None:
    lps = np.eye(4)
    lps[:3, :3] = np.round(axes) * (1.0, 1.5, 3.0)
    grid, voxels, mask = marked(lps)
    bright = np.argwhere(voxels > 0)
    mask[...] = 0
    mask[tuple(bright[0])] = 1  # the planes go through the bright corner
    axial, coronal, sagittal = three_planes(grid, voxels, mask)
    rows, columns = axial.values.shape
    assert np.argwhere(axial.values > 0).tolist() == [[rows - 1, columns - 1]]  # back, left
    assert np.argwhere(coronal.values > 0).tolist() == [[0, coronal.values.shape[1] - 1]]
    assert np.argwhere(sagittal.values > 0).tolist() == [[0, sagittal.values.shape[1] - 1]]
    assert (axial.left, axial.right, axial.top, axial.bottom) == ("R", "L", "A", "P")
    assert (coronal.left, coronal.right, coronal.top, coronal.bottom) == ("R", "L", "S", "I")
    assert (sagittal.left, sagittal.right, sagittal.top) == ("A", "P", "S")
    assert np.array_equal(axial.region, axial.values > 0)


def test_largest_area_is_shown() -> None:
    grid = Grid((9, 8, 7), np.eye(4))
    mask = np.zeros(grid.shape, dtype=np.uint8)
    mask[2, 3, 4] = 1
    mask[5, 2:6, 2:6] = 1
    axial = three_planes(grid, np.zeros(grid.shape, dtype=np.float32), mask)[0]
    assert axial.region.sum() == 16


def test_outline_runs_along_the_edges_of_pixels() -> None:
    region = np.zeros((5, 6), dtype=bool)
    region[2, 3] = True
    edges = {tuple(map(tuple, e)) for e in outline(region).tolist()}
    assert edges == {
        ((2.5, 1.5), (2.5, 2.5)),
        ((3.5, 1.5), (3.5, 2.5)),
        ((2.5, 1.5), (3.5, 1.5)),
        ((2.5, 2.5), (3.5, 2.5)),
    }


def test_window_of_a_flat_image() -> None:
    grid = Grid((9, 8, 7), np.eye(4))
    empty = np.zeros(grid.shape, dtype=np.float32)
    planes = three_planes(grid, empty, empty.astype(np.uint8))
    assert window("MR", planes) == (0.0, 1.0)
    assert window("CT", planes) == (-160.0, 240.0)


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
def test_picture_is_the_same_bytes_and_holds_no_text(tmp_path: Path, modality: str) -> None:
    grid = Grid((40, 30, 12), np.diag([1.0, 1.0, 4.0, 1.0]))
    rng = np.random.default_rng(1)
    voxels = rng.normal(50, 40, grid.shape).astype("<f4")
    write_bytes(tmp_path / "v.nii", nifti_header(grid, "float32") + voxels.tobytes())
    mask = np.zeros(grid.shape, dtype=np.uint8)
    mask[4:8, 8:20, 10:25] = 1
    write_mask(tmp_path / "m.nii", grid, mask)
    pictures = []
    for name in ("a.png", "b.png"):
        draw_picture(
            tmp_path / "v.nii", tmp_path / "m.nii", modality, "token  gtv", tmp_path / name
        )
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1]
    assert set(chunks(pictures[0])) <= {b"IHDR", b"pHYs", b"IDAT", b"IEND", b"PLTE"}
