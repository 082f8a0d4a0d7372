"""Agreement against the plain definition, and the consensus of readers in a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from dicom_making import make_segmentation, make_series, save
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from test_segmentation import GTV

from equisite.core.errors import InputError
from equisite.imaging.agreement import CONSENSUS, Mask, agreement, majority, staple, surface
from equisite.imaging.batch import BatchResult, run_batch
from equisite.imaging.nifti import read_volume
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import Imaging

SPACING = (2.5, 0.8, 0.7)


def box(low: int, high: int, shift: int = 0) -> NDArray[np.bool_]:
    mask = np.zeros((8, 12, 10), dtype=bool)
    mask[2:6, low:high, low + shift : high + shift] = True
    return mask


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 9999),
    shape=st.tuples(*[st.integers(1, 7)] * 3),
    share=st.floats(0.1, 0.9),
)
def test_measures_are_their_definitions(
    seed: int, shape: tuple[int, int, int], share: float
) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.random(shape) < share, rng.random(shape) < share
    a[0, 0, 0] = b[-1, -1, -1] = True
    found = agreement(a, b, SPACING)
    edges = [m & ~ndimage.binary_erosion(m) for m in (a, b)]
    assert np.array_equal(surface(a), np.argwhere(edges[0]))
    to_b = ndimage.distance_transform_edt(~edges[1], sampling=SPACING)[edges[0]]
    to_a = ndimage.distance_transform_edt(~edges[0], sampling=SPACING)[edges[1]]
    assert found.dice == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()))
    assert found.assd_mm == pytest.approx(np.mean(np.concatenate([to_a, to_b])), abs=1e-9)
    expected = max(np.percentile(to_a, 95), np.percentile(to_b, 95))
    assert found.hd95_mm == pytest.approx(expected, abs=1e-9)
    assert found.volume_ratio == min(a.sum(), b.sum()) / max(a.sum(), b.sum())
    assert agreement(b, a, SPACING) == found


def test_equal_masks_agree_wholly() -> None:
    found = agreement(box(2, 7), box(2, 7), SPACING)
    assert (found.dice, found.volume_ratio, found.assd_mm, found.hd95_mm) == (1, 1, 0, 0)


def test_majority_is_more_than_half() -> None:
    a, b, c = box(2, 7), box(2, 7, 1), box(3, 8)
    assert np.array_equal(majority([a, b])[0], a & b)
    assert np.array_equal(majority([a, b, c])[0], (a & b) | (a & c) | (b & c))
    with pytest.raises(InputError) as error:
        majority([box(1, 3), box(6, 8)])
    assert error.value.code == "ROI_NO_VOXEL"


def expectation_maximisation(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    """STAPLE word by word (Warfield 2004, equations 14, 18 and 19); (reader, voxel)."""
    prior = masks.mean()
    p = q = np.full(len(masks), 0.99999)
    for _ in range(500):
        a, b = np.full(masks.shape[1], prior), np.full(masks.shape[1], 1 - prior)
        for mask, sensitivity, specificity in zip(masks, p, q, strict=True):
            a *= np.where(mask, sensitivity, 1 - sensitivity)
            b *= np.where(mask, 1 - specificity, specificity)
        weight = a / (a + b)
        p = (masks * weight).sum(1) / weight.sum()
        q = (~masks * (1 - weight)).sum(1) / (1 - weight).sum()
    return weight


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 9999), readers=st.integers(3, 5))
def test_staple_is_its_definition(seed: int, readers: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.zeros((8, 14, 14), dtype=bool)
    truth[2:6, 3:11, 3:11] = True
    masks = [truth ^ (rng.random(truth.shape) < 0.04 * (1 + r)) for r in range(readers)]
    for mask in masks:
        mask[0, 0, 0] = mask[-1, -1, -1] = True  # the box of all is the whole image
    weight = expectation_maximisation(np.stack([m.ravel() for m in masks]))
    clear = np.abs(weight - 0.5) > 1e-3
    assert np.array_equal(staple(masks)[0].ravel()[clear], (weight > 0.5)[clear])


def test_staple_trusts_reliable_readers_more_than_a_majority() -> None:
    """Two careful readers and three who add the same strip: votes count, STAPLE weighs."""
    careful, careless = box(2, 7), box(2, 7)
    rng = np.random.default_rng(1)
    masks = [careful, careful]
    masks += [careless ^ (rng.random(careful.shape) < 0.35) for _ in range(2)]
    assert np.array_equal(staple(masks)[0], careful)
    assert not np.array_equal(majority(masks)[0], careful)


def test_staple_does_not_depend_on_the_field_of_view() -> None:
    masks = [box(2, 7), box(2, 7, 1), box(3, 8)]
    wide = [np.pad(m, ((9, 9), (40, 40), (30, 30))) for m in masks]
    small, large = staple(masks)[0], staple(wide)[0]
    assert np.array_equal(large[9:-9, 40:-40, 30:-30], small)
    assert large.sum() == small.sum() > 0


def readers(folder: Path, consensus: str, *masks: NDArray[np.bool_]) -> BatchResult:
    series = make_series()
    save(series, folder / "image")
    rows = []
    for number, mask in enumerate(masks):
        seg = make_segmentation(series, {"gtv": mask})
        (path,) = save([seg], folder / f"mask{number}")
        rows.append(
            ImagingItem(
                "p", f"t{number}", str(folder / "image"), "", "CT", str(path), "gtv", "",
                f"reader{number}", "",
            )
        )  # fmt: skip
    imaging = Imaging(roi=(GTV,), consensus=consensus)  # type: ignore[arg-type]
    return run_batch(rows, imaging, folder / "volumes")


def test_each_reader_keeps_a_region_and_each_pair_a_row(tmp_path: Path) -> None:
    result = readers(tmp_path, "off", box(2, 7), box(2, 7, 1), box(3, 8))
    assert [r.reader for r in result.regions] == ["reader0", "reader1", "reader2"]
    assert [(a.reader, a.other_reader) for a in result.agreement] == [
        ("reader0", "reader1"),
        ("reader0", "reader2"),
        ("reader1", "reader2"),
    ]
    assert result.agreement[0].dice == pytest.approx(0.8)
    assert result.agreement[0].hd95_mm == pytest.approx(0.7)


@pytest.mark.parametrize("how", [majority, staple])
def test_the_consensus_stands_for_all_readers(
    tmp_path: Path, how: Callable[[Sequence[Mask]], tuple[Mask, object]]
) -> None:
    masks = box(2, 7), box(2, 7, 1), box(3, 8)
    result = readers(tmp_path, how.__name__, *masks)
    (pair,) = result.regions
    assert (pair.reader, pair.token) == (CONSENSUS, "t0")
    drawn = read_volume(tmp_path / pair.mask)[1]
    assert np.array_equal(drawn, how(masks)[0])
    assert pair.voxels == drawn.sum()
    assert len(result.agreement) == 3


def test_readers_without_a_common_voxel_give_an_outcome(tmp_path: Path) -> None:
    result = readers(tmp_path, "majority", box(1, 3), box(6, 8))
    assert result.regions == []
    assert [o.code for o in result.outcomes if o.outcome == "refused"] == ["ROI_NO_VOXEL"]
    assert result.agreement[0].dice == 0


def test_one_reader_has_nobody_to_agree_with(tmp_path: Path) -> None:
    result = readers(tmp_path, "majority", box(2, 7))
    assert [r.reader for r in result.regions] == ["reader0"]
    assert result.agreement == []
