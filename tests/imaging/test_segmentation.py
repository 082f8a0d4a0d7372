"""DICOM segmentation objects of every type, voxel by voxel."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_making import AXIAL, make_segmentation, make_series, rotation, save
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from equisite.imaging.batch import BatchResult, run_batch
from equisite.imaging.nifti import read_volume
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import Imaging, RoiRule

GTV = RoiRule(name="gtv", patterns=("gtv.*",))
NODE = RoiRule(name="node", patterns=("node",))


def blob(seed: int = 1, shape: tuple[int, int, int] = (8, 12, 10)) -> NDArray[np.uint8]:
    return (np.random.default_rng(seed).random(shape) < 0.3).astype(np.uint8)


def draw(
    folder: Path,
    series: list[Dataset],
    mask: Dataset | bytes,
    roi: str = "",
    label: str = "",
    **settings: Any,
) -> tuple[BatchResult, dict[str, NDArray[Any]]]:
    """Run one row; its masks by region."""
    save(series, folder / "image")
    if isinstance(mask, Dataset):
        (path,) = save([mask], folder / "mask")
    else:
        path = folder / "mask.any"
        path.write_bytes(mask)
    row = ImagingItem("p", "t", str(folder / "image"), "", "CT", str(path), roi, label, "", "")
    result = run_batch([row], Imaging(roi=(GTV, NODE), **settings), folder / "volumes")
    return result, {r.roi: np.asarray(read_volume(folder / r.mask)[1]) for r in result.regions}


def outcome_codes(result: BatchResult, what: str = "refused") -> list[str]:
    return sorted({o.code for o in result.outcomes if o.outcome == what})


def test_overlapping_binary_segments_are_two_masks(tmp_path: Path) -> None:
    a, b = blob(1), blob(2)
    series = make_series()
    _, masks = draw(tmp_path, series, make_segmentation(series, {"GTV 1": a, "node": b}))
    assert np.array_equal(masks["gtv"], a)
    assert np.array_equal(masks["node"], b)
    assert (a & b).any()


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 99),
    angles=st.tuples(*[st.floats(-80, 80)] * 3),
    rows=st.integers(3, 11),
    columns=st.integers(3, 11),
)
def test_any_size_and_direction(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    angles: tuple[float, float, float],
    rows: int,
    columns: int,
) -> None:
    folder = tmp_path_factory.mktemp("seg")
    series = make_series(5, rows, columns, axes=rotation(angles))
    mask = blob(seed, (5, rows, columns))
    mask[0, 0, 0] = 1
    _, masks = draw(folder, series, make_segmentation(series, {"gtv": mask}))
    assert np.array_equal(masks["gtv"], mask)


@pytest.mark.parametrize(("threshold", "lowest"), [(0.5, 128), (0.25, 64), (1.0, 255)])
def test_fractional_segments_begin_at_the_threshold(
    tmp_path: Path, threshold: float, lowest: int
) -> None:
    series = make_series()
    values = np.random.default_rng(3).choice([0, 64, 128, 255], (8, 12, 10)).astype(np.uint8)
    seg = make_segmentation(series, {"gtv": values}, "FRACTIONAL")
    result, masks = draw(tmp_path, series, seg, segment_threshold=threshold)
    assert np.array_equal(masks["gtv"], values >= lowest)
    assert outcome_codes(result) == []


def test_partial_voxels_are_counted(tmp_path: Path) -> None:
    from equisite.imaging.grid import Grid
    from equisite.imaging.segmentation import draw_segment, read_segmentation

    series = make_series()
    values = np.zeros((8, 12, 10), np.uint8)
    values[3:6, 2:9, 2:9] = 255
    values[4, 4, 4:7] = 100
    (path,) = save([make_segmentation(series, {"gtv": values}, "FRACTIONAL")], tmp_path)
    lps = np.diag([0.7, 0.8, 2.5, 1.0])
    lps[:3, 3] = (-10, 20, 30)
    _, found = draw_segment(read_segmentation(path), 1, Grid((10, 12, 8), lps), 0.5)
    assert {f.code: f.numbers.get("count") for f in found} == {"SEG_FRACTIONAL": 3}


def test_label_map_with_missing_frames(tmp_path: Path) -> None:
    a, b = blob(1), blob(2)
    series = make_series()
    seg = make_segmentation(series, {"gtv": a, "node": b}, "LABELMAP", leave_out=(2, 3))
    result, masks = draw(tmp_path, series, seg)
    expected = np.where(b != 0, 0, a)
    expected[[2, 3]] = 0
    assert np.array_equal(masks["gtv"], expected)
    b[[2, 3]] = 0
    assert np.array_equal(masks["node"], b)
    assert {"ROI_SLICE_GAP"} <= set(result.regions[0].flags.split(","))


def test_segment_chosen_by_number(tmp_path: Path) -> None:
    a, b = blob(1), blob(2)
    series = make_series()
    seg = make_segmentation(series, {"left": a, "right": b})
    _, masks = draw(tmp_path, series, seg, roi="gtv", label="2")
    assert np.array_equal(masks["gtv"], b)


def moved(seg: Dataset, by: tuple[float, float, float]) -> Dataset:
    for item in seg.PerFrameFunctionalGroupsSequence:
        place = item.PlanePositionSequence[0]
        place.ImagePositionPatient = [
            float(v) + d for v, d in zip(place.ImagePositionPatient, by, strict=True)
        ]
    return seg


@pytest.mark.parametrize(
    ("by", "code"),
    [
        ((0.1, 0, 0), "MASK_GRID"),
        ((0, 0, 1.0), "MASK_GRID"),
        ((400 * 0.7, 0, 0), "ROI_OUTSIDE"),
    ],
)
def test_other_places_are_refused(
    tmp_path: Path, by: tuple[float, float, float], code: str
) -> None:
    series = make_series()
    seg = moved(make_segmentation(series, {"gtv": blob()}), by)
    result, _ = draw(tmp_path, series, seg)
    assert outcome_codes(result) == [code]


def test_a_part_outside_is_told(tmp_path: Path) -> None:
    series = make_series()
    mask = blob()
    result, masks = draw(
        tmp_path, series, moved(make_segmentation(series, {"gtv": mask}), (2 * 0.7, 0, 0))
    )
    assert np.array_equal(masks["gtv"][:, :, 2:], mask[:, :, :-2])
    assert "ROI_PARTIAL" in result.regions[0].flags


def test_turned_frames_find_their_voxels(tmp_path: Path) -> None:
    """Frames stored with rows and columns the other way round."""
    series = make_series()
    mask = blob()
    turned = copy.deepcopy(series)
    for item, one in zip(turned, series, strict=True):
        item.ImageOrientationPatient = [0, 1, 0, 1, 0, 0]
        item.PixelSpacing = [0.7, 0.8]
        item.Rows, item.Columns = one.Columns, one.Rows
    seg = make_segmentation(turned, {"gtv": mask.transpose(0, 2, 1)})
    _, masks = draw(tmp_path, series, seg)
    assert np.array_equal(masks["gtv"], mask)


def coarser(seg: Dataset) -> None:
    seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [1.6, 1.4]


def other_kind(seg: Dataset) -> None:
    seg.SegmentationType = "SURFACE"


def no_maximum(seg: Dataset) -> None:
    seg.SegmentationType = "FRACTIONAL"


def no_place(seg: Dataset) -> None:
    del seg.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence


def too_few_frames(seg: Dataset) -> None:
    del seg.PerFrameFunctionalGroupsSequence[-1]


def elsewhere(seg: Dataset) -> None:
    seg.FrameOfReferenceUID = "1.2.3"
    seg.ReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.4"


def unnamed(seg: Dataset) -> None:
    seg.SegmentSequence[0].SegmentLabel = "other"


def cut_pixels(seg: Dataset) -> None:
    seg.PixelData = seg.PixelData[:20]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (coarser, "MASK_GRID"),
        (other_kind, "SEG_TYPE"),
        (no_maximum, "SEG_TYPE"),
        (no_place, "MASK_GRID"),
        (too_few_frames, "MASK_UNREADABLE"),
        (elsewhere, "FOR_MISMATCH"),
        (unnamed, "ROI_NOT_FOUND"),
        (cut_pixels, "MASK_UNREADABLE"),
    ],
)
def test_faults_of_a_segmentation(tmp_path: Path, fault: Any, code: str) -> None:
    series = make_series(axes=AXIAL)
    seg = make_segmentation(series, {"gtv": blob()})
    fault(seg)
    result, masks = draw(tmp_path, series, seg)
    assert outcome_codes(result) == [code]
    assert masks == {}
