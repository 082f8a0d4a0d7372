"""Features of filtered images: columns, crops, refusals, and PyRadiomics on equal arrays."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equisite.codebook.book import codebook
from equisite.protocol.radiomics import FILTERED_CLASSES, RadiomicSettings
from equisite.radiomics.columns import feature_columns
from equisite.radiomics.extraction import extract
from equisite.radiomics.filters.respond import respond

CUBES = (1.5, 1.5, 1.5)
LOG = {"kind": "log", "name": "log2", "sigma_mm": 2.0}
HAAR = {"kind": "wavelet", "name": "haar", "wavelet": "haar", "band": "LLH"}
BAND = {"kind": "simoncelli", "name": "band1", "level": 1}
OWN = [LOG, HAAR, BAND]
THEIRS = [
    {"kind": "pyradiomics_log", "name": "log2", "sigma_mm": 2.0},
    *(
        {"kind": "pyradiomics_wavelet", "name": f"w{band.lower()}", "band": band}
        for band in ("LLH", "HLL", "HHH", "LLL")
    ),
]


def settings(filters: list[dict[str, Any]], **given: Any) -> RadiomicSettings:
    return RadiomicSettings.model_validate({"bin_count": 16, "filters": filters, **given})


def codes(result: Any) -> list[str]:
    return [finding.code for finding in result.findings]


@pytest.fixture
def roomy(case: Callable[..., Any]) -> Any:
    """A region with room for every filter on all sides."""
    return case(shape=(56, 60, 64), radii=(5.0, 6.0, 7.0))


def test_columns_depend_on_the_settings_alone() -> None:
    plain = feature_columns("ibsi", [settings([])])
    columns = feature_columns("ibsi", [settings(OWN), settings([LOG])])
    added = [name for name in columns if name not in plain]
    again = len(added) // 3
    assert len(added) == 3 * again
    assert added[0] == "log2__ibsi_stat_mean"
    assert not any("morph" in name or "__ibsi_loc" in name for name in added)
    assert codebook().variable(f"ct__gtv__{added[0]}").id == "ibsi_stat_mean"
    one = feature_columns("pyradiomics", [settings(THEIRS[:1])])
    assert len(one) - len(feature_columns("pyradiomics", [settings([])])) == 93


def test_a_response_is_measured_in_the_mask_of_the_image(roomy: Any) -> None:
    image, mask = roomy
    chosen = settings(OWN, range=(-1000.0, 150.0), classes=("statistics", "glcm"))
    result = extract(image, mask, CUBES, chosen)
    assert result.status == "ok"
    used = mask & (image <= 150)
    assert 0 < np.count_nonzero(used) < np.count_nonzero(mask)
    for setting in chosen.filters:
        response = respond(image.astype(np.float64), CUBES, setting)[used]
        for tag, expected in (("mean", response.mean()), ("max", response.max())):
            found = result.values[f"{setting.name}__ibsi_stat_{tag}"]
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
        assert math.isfinite(result.values[f"{setting.name}__ibsi_cm_contrast_3d_comb"])
        assert math.isnan(result.values[f"{setting.name}__ibsi_ih_mean"])
    assert "MARGIN_CLIPPED" not in codes(result)


def test_filters_see_the_resampled_image(roomy: Any) -> None:
    image, mask = roomy
    chosen = settings([LOG, BAND], spacing_mm=(1.0, 1.0, 1.0), classes=("statistics",))
    near = extract(image, mask, (1.5, 1.5, 2.0), chosen)
    assert near.status == "ok"
    assert math.isfinite(near.values["log2__ibsi_stat_mean"])
    assert math.isfinite(near.values["band1__ibsi_stat_mean"])


def test_a_region_near_the_border_is_told(case: Callable[..., Any]) -> None:
    image, mask = case(shape=(16, 30, 34))
    result = extract(image, mask, CUBES, settings([LOG, HAAR]))
    assert result.status == "ok"
    assert "MARGIN_CLIPPED" in codes(result)
    clipped = next(f for f in result.findings if f.code == "MARGIN_CLIPPED")
    assert clipped.numbers["filters"] == "log2"


def test_a_gap_in_the_margin_costs_the_filter_only(roomy: Any) -> None:
    image, mask = roomy
    image[22, 30, 32] = np.nan
    assert not mask[22, 30, 32]
    for mode, filters in (("ibsi", [LOG]), ("pyradiomics", THEIRS[:1])):
        result = extract(image, mask, CUBES, settings(filters), mode=mode)  # type: ignore[arg-type]
        assert result.status == "ok"
        assert "FILTER_MARGIN_NAN" in codes(result)
        filtered = [v for name, v in result.values.items() if name.startswith("log2__")]
        assert all(math.isnan(value) for value in filtered)


def test_other_edges_cost_the_filter_only(roomy: Any) -> None:
    image, mask = roomy
    result = extract(image, mask, (1.0, 1.0, 3.0), settings([LOG]))
    assert result.status == "ok"
    assert "FILTER_SPACING" in codes(result)
    small = image[:6, :40, :40], np.zeros((6, 40, 40), bool)
    small[1][1:5, 10:30, 10:30] = True
    wide = [{**THEIRS[0], "sigma_mm": 20.0}]
    result = extract(*small, CUBES, settings(wide), mode="pyradiomics")
    assert result.status == "ok"
    assert {"FILTER_TOO_SMALL", "FILTER_UNDEFINED"} <= set(codes(result))


def test_a_flat_response_is_undefined_and_the_case_stays(roomy: Any) -> None:
    _, mask = roomy
    z, y, x = np.mgrid[:56, :60, :64].astype(np.float64)
    # The Laws kernel S3 (second difference) of a plane is 0.
    flat = {"kind": "laws", "name": "s3", "kernels": "S3S3S3", "energy_voxels": None}
    result = extract(2 * x + 3 * y - z, mask, CUBES, settings([{**flat, "pooling": "none"}]))
    assert result.status == "ok"
    assert "FILTER_UNDEFINED" in codes(result)
    assert result.values["s3__ibsi_stat_mean"] == pytest.approx(0, abs=1e-9)


def test_a_refused_case_has_no_filtered_features(roomy: Any) -> None:
    image, mask = roomy
    few = np.zeros_like(mask)
    few[28, 30, 30:33] = True
    result = extract(image, few, CUBES, settings(OWN))
    assert result.status != "ok"
    assert all(math.isnan(v) for name, v in result.values.items() if "__" in name)


@pytest.mark.parametrize("kind", ["int16", "float32"])
@pytest.mark.parametrize("binning", [{"bin_count": 16}, {"bin_count": None, "bin_width": 20.0}])
def test_equal_to_pyradiomics_on_equal_arrays(
    case: Callable[..., Any], kind: str, binning: dict[str, Any]
) -> None:
    image, mask = case(shape=(25, 27, 30), radii=(6.0, 7.0, 8.0))
    image = image.astype(kind)
    spacing = (1.0, 1.2, 2.0)
    chosen = settings(THEIRS, **binning)
    ours = extract(image, mask, spacing, chosen, mode="pyradiomics")
    assert ours.status == "ok"
    theirs = peer(image, mask, spacing, binning)
    compared = 0
    for variable in codebook().features("pyradiomics"):
        family = variable.id.partition("_")[0]
        if family not in FILTERED_CLASSES["pyradiomics"]:
            continue
        end = variable.external("PyRadiomics").removeprefix("original_")
        for setting, name in zip(
            chosen.filters,
            ("log-sigma-2-0-mm-3D", *(f"wavelet-{f['band']}" for f in THEIRS[1:])),
            strict=True,
        ):
            found = ours.values[f"{setting.name}__{variable.id}"]
            assert found == pytest.approx(theirs[f"{name}_{end}"], rel=1e-9, abs=1e-12)
            compared += 1
    assert compared == 5 * 93


def peer(
    image: np.ndarray,
    mask: np.ndarray,
    spacing: tuple[float, float, float],
    binning: dict[str, Any],
) -> dict[str, float]:
    import SimpleITK as sitk  # noqa: N813 (its customary name)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from radiomics import featureextractor

        logging.getLogger("radiomics").setLevel(logging.CRITICAL + 1)
        names = {"bin_count": "binCount", "bin_width": "binWidth"}
        extractor = featureextractor.RadiomicsFeatureExtractor(
            **{names[k]: v for k, v in binning.items() if v is not None}
        )
        extractor.disableAllImageTypes()
        extractor.enableImageTypeByName("LoG", customArgs={"sigma": [2.0]})
        extractor.enableImageTypeByName("Wavelet")
        volumes = [sitk.GetImageFromArray(a) for a in (image, mask.astype(np.uint8))]
        for volume in volumes:
            volume.SetSpacing(spacing)
        found = extractor.execute(*volumes)
    return {k: float(v) for k, v in found.items() if not k.startswith("diagnostics")}
