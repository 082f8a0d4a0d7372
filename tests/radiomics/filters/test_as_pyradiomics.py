"""PyRadiomics' own filters against PyRadiomics 3.0.1, on the same arrays."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from equisite.protocol.filters import PyradiomicsLogFilter
from equisite.radiomics.filters.as_pyradiomics import recursive_log, stationary_wavelet


def peer() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from radiomics import imageoperations
    return imageoperations


def as_volume(image: np.ndarray, spacing_xyz: tuple[float, float, float]) -> Any:
    import SimpleITK as sitk  # noqa: N813 (its customary name)

    volume = sitk.GetImageFromArray(image)
    volume.SetSpacing(spacing_xyz)
    return volume


def pixels(volume: Any) -> np.ndarray:
    import SimpleITK as sitk  # noqa: N813 (its customary name)

    return np.asarray(sitk.GetArrayFromImage(volume))


@pytest.mark.parametrize("kind", ["int16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(12, 14, 16), (11, 13, 15), (9, 16, 7)])
def test_wavelets_are_equal_to_the_last_bit(kind: str, shape: tuple[int, int, int]) -> None:
    image = np.random.default_rng(1).normal(0, 300, shape).astype(kind)
    ours = stationary_wavelet(image, "coif1")
    theirs = {
        name.removeprefix("wavelet-"): pixels(volume)
        for volume, name, _ in peer().getWaveletImage(as_volume(image, (1, 1, 1)), None)
    }
    assert ours.keys() == theirs.keys()
    for name, band in theirs.items():
        assert np.array_equal(ours[name], band)


def test_the_letters_stand_for_x_y_z() -> None:
    ramp = np.tile(np.where(np.arange(16) % 2, 1.0, -1.0), (16, 16, 1))
    bands = stationary_wavelet(ramp, "coif1")
    strongest = max(bands, key=lambda name: float(np.abs(bands[name]).max()))
    assert strongest == "HLL"


@pytest.mark.parametrize("kind", ["int16", "float32"])
def test_log_is_equal_to_the_last_bit(kind: str) -> None:
    image = np.random.default_rng(2).normal(0, 300, (14, 22, 26)).astype(kind)
    spacing_xyz = (0.9, 1.1, 3.0)
    (volume, name, _), *rest = peer().getLoGImage(
        as_volume(image, spacing_xyz), None, sigma=[2.0]
    )
    setting = PyradiomicsLogFilter(name="log2", kind="pyradiomics_log", sigma_mm=2.0)
    ours = recursive_log(image, spacing_xyz[::-1], setting)
    assert (name, rest) == ("log-sigma-2-0-mm-3D", [])
    assert ours.dtype == np.float32
    assert np.array_equal(ours, pixels(volume))
