"""The numbers are those of PyRadiomics' own extractor on the whole volume."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 (its customary name)

from equisite.protocol.radiomics import RadiomicSettings
from equisite.radiomics import engine_pyradiomics as engine
from equisite.radiomics.extraction import Extraction, extract

INTERPOLATORS = {
    "linear": "sitkLinear",
    "bspline": "sitkBSpline",
    "nearest": "sitkNearestNeighbor",
}


def as_shipped(
    image: Any,
    mask: Any,
    spacing: tuple[float, float, float],
    settings: RadiomicSettings,
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> dict[str, float]:
    """Features by PyRadiomics' extractor, by codebook id."""
    engine.feature_classes()
    from radiomics import featureextractor

    pixels, region = sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask.astype("u1"))
    for volume in (pixels, region):
        volume.SetSpacing(spacing)
        volume.SetOrigin(origin)
    keys: dict[str, Any] = {"additionalInfo": False, "normalize": settings.normalize}
    if settings.bin_count:
        keys["binCount"] = settings.bin_count
    else:
        keys["binWidth"] = settings.bin_width
    if settings.spacing_mm:
        keys["resampledPixelSpacing"] = list(settings.spacing_mm)
        keys["interpolator"] = INTERPOLATORS[settings.interpolator]
    if settings.range:
        keys["resegmentRange"] = list(settings.range)
    with np.errstate(all="ignore"):
        found = featureextractor.RadiomicsFeatureExtractor(**keys).execute(pixels, region)
    names = engine.identifiers()
    return {names[k]: float(np.real(v)) for k, v in found.items() if k in names}


ENGINES = ("equisite", "pyradiomics")


TOLERANCE = {"equisite": 1e-10, "pyradiomics": 1e-12}
"""Relative; higher moments of near 0 lose digits when sums are taken in another order."""


def take(image: Any, mask: Any, spacing: Any, chosen: Any, engine_name: str) -> Extraction:
    return extract(image, mask, spacing, chosen, mode="pyradiomics", engine=engine_name)


NATIVE = [
    {"bin_width": 25.0},
    {"bin_count": 32},
    {"bin_width": 7.3},
    {"bin_width": 25.0, "range": (-60.0, 160.0)},
]


@pytest.mark.parametrize("given", NATIVE)
@pytest.mark.parametrize("spacing", [(0.9, 0.9, 3.0), (1.0, 1.0, 1.0), (0.8, 1.7, 2.2)])
@pytest.mark.parametrize("engine_name", ENGINES)
@pytest.mark.parametrize("seed", [1, 2])
def test_all_107_values_are_those_of_the_extractor(
    case: Callable[..., Any],
    settings: Callable[..., RadiomicSettings],
    given: dict[str, Any],
    spacing: tuple[float, float, float],
    seed: int,
    engine_name: str,
) -> None:
    image, mask = case(seed=seed)
    chosen = settings(**given)
    found = take(image, mask, spacing, chosen, engine_name)
    expected = as_shipped(image, mask, spacing, chosen)
    assert found.status == "ok"
    assert len(expected) == 107
    for name, value in expected.items():
        assert found.values[name] == pytest.approx(value, rel=TOLERANCE[engine_name]), name


@pytest.mark.parametrize("engine_name", ENGINES)
def test_integer_images_give_the_numbers_of_their_integers(
    case: Callable[..., Any], settings: Callable[..., RadiomicSettings], engine_name: str
) -> None:
    image, mask = case(seed=3)
    integers = np.rint(image).astype(np.int16)
    found = take(integers, mask, (1.0, 1.0, 2.0), settings(), engine_name)
    expected = as_shipped(integers, mask, (1.0, 1.0, 2.0), settings())
    for name, value in expected.items():
        assert found.values[name] == pytest.approx(value, rel=TOLERANCE[engine_name]), name


RESAMPLED = [
    {"bin_width": 25.0, "spacing_mm": (2.0, 2.0, 2.0)},
    {"bin_count": 32, "spacing_mm": (1.1, 1.1, 1.3), "interpolator": "bspline"},
    {"bin_width": 25.0, "spacing_mm": (1.5, 1.5, 1.5), "interpolator": "nearest"},
    {"bin_width": 25.0, "spacing_mm": (2.1, 2.1, 0.0)},
    {"bin_width": 0.25, "spacing_mm": (1.3, 1.3, 2.0), "normalize": True},
]


@pytest.mark.parametrize("given", RESAMPLED)
@pytest.mark.parametrize("origin", [(0.0, 0.0, 0.0), (-123.4, 55.1, -700.77)])
@pytest.mark.parametrize("centre", [None, (2.0, 24.0, 8.0)])
@pytest.mark.parametrize("engine_name", ENGINES)
def test_the_crop_gives_what_the_whole_volume_gives(
    case: Callable[..., Any],
    settings: Callable[..., RadiomicSettings],
    given: dict[str, Any],
    origin: tuple[float, float, float],
    centre: tuple[float, float, float] | None,
    engine_name: str,
) -> None:
    """Resampled values are float32: their last digit moves higher moments by about 1e-6."""
    image, mask = case(centre=centre, seed=4)
    spacing = (0.9765625, 0.9765625, 2.5)
    chosen = settings(**given)
    found = take(image, mask, spacing, chosen, engine_name)
    expected = as_shipped(image, mask, spacing, chosen, origin)
    assert found.status == "ok"
    for name, value in expected.items():
        assert found.values[name] == pytest.approx(value, rel=2e-6, abs=1e-9), name


def test_re_segmentation_leaves_the_shape_alone(
    case: Callable[..., Any], settings: Callable[..., RadiomicSettings]
) -> None:
    image, mask = case(seed=5)
    whole = take(image, mask, (1.0, 1.0, 2.0), settings(), "pyradiomics").values
    chosen = settings(range=(0.0, 80.0))
    part = take(image, mask, (1.0, 1.0, 2.0), chosen, "pyradiomics").values
    shapes = [name for name in whole if name.startswith("shape_")]
    assert [part[n] for n in shapes] == [whole[n] for n in shapes]
    assert part["roi_voxels_used"] < whole["roi_voxels_used"] == whole["roi_voxels"]
    assert 0 <= part["firstorder_minimum"] <= part["firstorder_maximum"] <= 80


def test_levels_are_counted_before_they_are_made(
    settings: Callable[..., RadiomicSettings],
) -> None:
    assert engine.number_of_levels(0, 2e8, settings(bin_width=25.0)) == pytest.approx(
        8e6, rel=1e-6
    )
    assert engine.number_of_levels(-30, 30, settings(bin_width=25.0)) == 4
    assert engine.number_of_levels(0, 2e8, settings(bin_count=64)) == 64


def test_the_count_of_levels_is_what_is_made(
    case: Callable[..., Any], settings: Callable[..., RadiomicSettings]
) -> None:
    image, mask = case()
    chosen = settings(bin_width=10.0)
    levels = engine.grey_levels(image, mask, chosen)
    inside = image[mask]
    number = engine.number_of_levels(float(inside.min()), float(inside.max()), chosen)
    assert levels[mask].min() == 1
    assert levels.max() == number
    assert not levels[~mask].any()


def test_binning_must_be_given(case: Callable[..., Any]) -> None:
    image, mask = case()
    with pytest.raises(ValueError, match="neither a bin width nor a bin count"):
        engine.grey_levels(image, mask, RadiomicSettings())


def test_shape_alone_needs_no_binning(case: Callable[..., Any]) -> None:
    image, mask = case()
    chosen = RadiomicSettings(classes=("shape",))
    found = take(image, mask, (1.0, 1.0, 1.0), chosen, "pyradiomics")
    assert found.status == "ok"
    assert math.isfinite(found.values["shape_sphericity"])
    assert math.isnan(found.values["firstorder_mean"])


def test_nothing_is_logged(
    case: Callable[..., Any],
    settings: Callable[..., RadiomicSettings],
    capfd: pytest.CaptureFixture[str],
) -> None:
    take(*case(), (1.0, 1.0, 1.0), settings(bin_count=16), "pyradiomics")
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert logging.getLogger("radiomics.glcm").getEffectiveLevel() > logging.CRITICAL


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import radiomics

    monkeypatch.setattr(radiomics, "__version__", "v3.1.0")
    with pytest.raises(RuntimeError, match=r"3\.1\.0 is installed, 3\.0\.1 is needed"):
        engine.feature_classes.__wrapped__()


def test_every_feature_class_feature_has_an_id() -> None:
    names = {
        f"original_{name}_{feature}"
        for name, feature_class in engine.feature_classes().items()
        for feature, deprecated in feature_class.getFeatureNames().items()
        if not deprecated
    }
    assert names == set(engine.identifiers())
