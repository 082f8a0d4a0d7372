"""N4: it flattens a field, does not depend on threads, and is computed once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from dicom_making import make_segmentation, make_series, save
from numpy.typing import NDArray
from test_segmentation import GTV

from equisite.core.errors import InputError
from equisite.imaging import n4
from equisite.imaging.batch import run_batch
from equisite.imaging.n4 import bias_corrected
from equisite.imaging.nifti import read_volume
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import BiasField, Imaging

SPACING = (2.0, 2.0, 4.0)
QUICK = BiasField(shrink=2, iterations=(20, 20))


def phantom(biased: bool = True) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Two tissues in a box under a field that doubles from left to right."""
    tissue = np.zeros((6, 40, 40))
    tissue[:, 4:36, 4:36] = 300
    tissue[:, 12:28, 12:28] = 500
    field = np.exp(np.linspace(-0.35, 0.35, 40))[None, None] if biased else 1.0
    noise = np.random.default_rng(1).normal(0, 3, tissue.shape)
    return (tissue * field + noise).astype(np.float32), tissue == 300


def spread(values: NDArray[np.float32], where: NDArray[np.bool_]) -> float:
    return float(values[where].std() / values[where].mean())


def test_a_field_is_flattened() -> None:
    values, tissue = phantom()
    found = bias_corrected(values, SPACING, QUICK)
    assert found.shape == values.shape
    assert spread(found, tissue) < 0.5 * spread(values, tissue)


def test_threads_do_not_matter() -> None:
    values, _ = phantom()
    before = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
    one = bias_corrected(values, SPACING, QUICK)
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(4)
    other = bias_corrected(values, SPACING, QUICK)
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
    assert np.array_equal(one, other)


def test_no_field_in_nothing() -> None:
    with pytest.raises(InputError) as error:
        bias_corrected(np.full((4, 8, 8), np.nan, np.float32), SPACING, QUICK)
    assert error.value.code == "N4_FAILED"


def site(folder: Path, modality: str) -> ImagingItem:
    values, _ = phantom()
    series = make_series(6, 40, 40, modality, scale=(1.0, 0.0))
    for ds, plane in zip(series, values, strict=True):
        ds.PixelData = np.clip(plane, 0, None).astype("<u2").tobytes()
    save(series, folder / "image")
    seg = make_segmentation(series, {"gtv": (values > 450).astype(np.uint8)})
    (mask,) = save([seg], folder / "mask")
    return ImagingItem(
        "p", "t", str(folder / "image"), "", modality, str(mask), "gtv", "", "", ""
    )


def volume(folder: Path, name: str, row: ImagingItem, imaging: Imaging) -> bytes:
    run_batch([row], imaging, folder / name, bias_cache=folder / "cache")
    assert read_volume(folder / name / "t.image.nii")[0].size == (40, 40, 6)
    return (folder / name / "t.image.nii").read_bytes()


def test_only_mr_is_corrected_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on, off = Imaging(roi=(GTV,), n4=QUICK), Imaging(roi=(GTV,))
    mr, ct = site(tmp_path / "mr", "MR"), site(tmp_path / "ct", "CT")
    plain = volume(tmp_path, "a", mr, off)
    first = volume(tmp_path, "b", mr, on)
    assert first != plain
    assert volume(tmp_path, "c", ct, on) == volume(tmp_path, "d", ct, off)
    monkeypatch.setattr(n4, "bias_corrected", None)  # it must not be asked again
    assert volume(tmp_path, "e", mr, on) == first
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_other_settings_are_another_result(tmp_path: Path) -> None:
    mr = site(tmp_path / "mr", "MR")
    for number, shrink in enumerate((1, 2)):
        settings = BiasField(shrink=shrink, iterations=(5,))
        volume(tmp_path, str(number), mr, Imaging(roi=(GTV,), n4=settings))
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_a_failure_refuses_the_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*given: object) -> None:
        raise InputError("N4_FAILED")

    monkeypatch.setattr(n4, "bias_corrected", failing)
    row = site(tmp_path / "mr", "MR")
    result = run_batch([row], Imaging(roi=(GTV,), n4=QUICK), tmp_path / "v")
    assert result.regions == []
    assert [o.code for o in result.outcomes if o.outcome == "refused"] == ["N4_FAILED"]
    assert not (tmp_path / "v" / "t.image.nii").exists()
