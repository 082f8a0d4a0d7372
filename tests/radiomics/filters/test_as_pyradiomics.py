"""PyRadiomics' own filters against PyRadiomics 3.0.1, on the same arrays."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from equisite.protocol.filters import PyradiomicsLogFilter
from equisite.radiomics.filters.as_pyradiomics import recursive_log, stationary_wavelet
from equisite.radiomics.filters.recursive_gaussian import laplacian
from equisite.radiomics.region import Box


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


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5, 7.0])
@pytest.mark.parametrize("shape", [(4, 5, 6), (9, 20, 17)])
def test_the_recursive_laplacian_is_that_of_itk(
    sigma: float, shape: tuple[int, int, int]
) -> None:
    import SimpleITK as sitk  # noqa: N813 (its customary name)

    image = np.random.default_rng(3).normal(0, 500, shape)
    spacing_xyz = (1.3, 0.7, 2.0)
    theirs = sitk.LaplacianRecursiveGaussianImageFilter()
    theirs.SetNormalizeAcrossScale(True)
    theirs.SetSigma(sigma)
    expected = pixels(theirs.Execute(as_volume(image, spacing_xyz)))
    whole = Box((0, 0, 0), shape)
    assert np.array_equal(laplacian(image, spacing_xyz[::-1], sigma, whole), expected)
    inner = Box((1, 2, 1), (3, 4, 6))
    found = laplacian(image, spacing_xyz[::-1], sigma, inner)
    assert np.array_equal(found, expected[inner.slices])


@pytest.mark.parametrize("kind", ["int16", "float32", "float64"])
@pytest.mark.parametrize("name", ["coif1", "haar", "db3"])
@pytest.mark.parametrize(
    "box",
    [
        Box((9, 10, 11), (15, 13, 20)),
        Box((0, 10, 11), (5, 13, 20)),
        Box((9, 8, 9), (17, 19, 27)),
        Box((3, 2, 20), (22, 25, 29)),
    ],
)
def test_a_part_of_a_wavelet_is_the_part_of_the_whole(kind: str, name: str, box: Box) -> None:
    image = np.random.default_rng(4).normal(0, 300, (25, 26, 29)).astype(kind)
    whole, part = stationary_wavelet(image, name), stationary_wavelet(image, name, box)
    for band, values in whole.items():
        assert np.array_equal(part[band], values[box.slices])
