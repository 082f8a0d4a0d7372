"""Mode `ibsi`: what is defined is computed, what is not is missing with its reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equisite.codebook.book import codebook
from equisite.protocol.radiomics import CLASSES, RadiomicSettings
from equisite.radiomics import extract
from equisite.radiomics.columns import FAMILY_OF_CLASS, feature_columns
from equisite.radiomics.extraction import Extraction

UNIT = (1.0, 1.0, 1.0)
EVERY = ("2D_avg", "2D_smrg", "2.5D_dmrg", "2.5D_vmrg", "3D_avg", "3D_mrg")
Make = Callable[..., RadiomicSettings]
Cases = Callable[..., Any]

TEXTURE = {"cm", "rlm", "szm", "dzm", "ngt", "ngl"}
INTENSITY = {"loc", "stat", "ih", "ivh"}


def defined(result: Extraction) -> set[str]:
    """Families of which at least one value is there."""
    features = [v.id for v in codebook().features("ibsi") if v.id in result.values]
    return {f.split("_")[1] for f in features if math.isfinite(result.values[f])}


def codes(result: Extraction) -> list[str]:
    return [f.code for f in result.findings]


@pytest.fixture
def binned() -> RadiomicSettings:
    return RadiomicSettings(bin_count=16, aggregation=EVERY)


def test_a_good_region_has_all_482_values(case: Cases, binned: RadiomicSettings) -> None:
    result = extract(*case(), (0.9, 0.8, 3.0), binned)
    assert result.status == "ok"
    assert result.findings == ()
    assert len(result.values) == 482 + 5
    assert all(math.isfinite(v) for v in result.values.values())


def test_every_class_gives_its_own_family(case: Cases) -> None:
    for name in CLASSES["ibsi"]:
        chosen = RadiomicSettings(bin_count=16, classes=(name,))
        assert defined(extract(*case(), UNIT, chosen)) == {FAMILY_OF_CLASS[name]}, name


def test_columns_follow_the_settings_not_the_case(case: Cases, binned: Any) -> None:
    image, mask = case()
    columns = feature_columns("ibsi", [binned])
    assert tuple(extract(image, mask, UNIT, binned).values) == columns
    assert tuple(extract(image, mask & False, UNIT, binned).values) == columns
    assert len(feature_columns("ibsi", [RadiomicSettings(bin_count=16)])) == 169 + 5


def test_one_voxel_keeps_its_intensity(case: Cases, binned: RadiomicSettings) -> None:
    image, mask = case()
    mask[:] = False
    mask[8, 9, 10] = True
    result = extract(image, mask, UNIT, binned)
    assert result.status == "ROI_ONE_VOXEL"
    assert defined(result) == {"stat", "loc"}
    assert result.values["ibsi_stat_mean"] == image[8, 9, 10]
    assert math.isnan(result.values["ibsi_stat_kurt"])


def test_a_line_keeps_its_intensities(case: Cases, binned: RadiomicSettings) -> None:
    image, mask = case()
    mask[:] = False
    mask[8, 9, 5:20] = True
    result = extract(image, mask, UNIT, binned)
    assert result.status == "ROI_1D"
    assert defined(result) == INTENSITY


def test_one_slice_keeps_texture_in_the_plane(case: Cases, binned: RadiomicSettings) -> None:
    image, mask = case()
    mask[:8] = False
    mask[9:] = False
    result = extract(image, mask, UNIT, binned)
    assert result.status == "ROI_2D"
    assert defined(result) == INTENSITY | TEXTURE
    assert math.isfinite(result.values["ibsi_cm_contrast_2_5d_comb"])
    assert math.isnan(result.values["ibsi_cm_contrast_3d_comb"])
    assert math.isnan(result.values["ibsi_szm_sze_3d"])


def test_one_column_of_voxels_has_no_texture_in_the_plane(
    case: Cases, binned: RadiomicSettings
) -> None:
    image, mask = case()
    mask[:, :15] = False
    mask[:, 16:] = False
    result = extract(image, mask, UNIT, binned)
    assert result.status == "ROI_2D"
    assert defined(result) == INTENSITY


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"bin_count": 16}, {"morph", "stat", "loc"}),
        ({"bin_width": 25.0, "range": (0.0, 900.0)}, {"morph", "stat", "loc", "ih"}),
    ],
)
def test_a_flat_region(case: Cases, given: dict[str, Any], kept: set[str]) -> None:
    image, mask = case()
    image[:] = 7
    result = extract(image, mask, UNIT, RadiomicSettings(**given))
    assert result.status == "ROI_FLAT"
    assert defined(result) == kept
    for name in ("stat_skew", "stat_kurt", "morph_moran_i", "morph_geary_c", "ih_skew"):
        assert math.isnan(result.values[f"ibsi_{name}"]), name
    assert result.values["ibsi_stat_var"] == 0
    assert result.values["ibsi_loc_peak_glob"] == pytest.approx(7)


def test_one_grey_level_is_no_texture(case: Cases) -> None:
    image, mask = case()
    image = np.abs(image) / np.abs(image).max()
    chosen = RadiomicSettings(bin_width=25.0, range=(0.0, 900.0))
    result = extract(image, mask, UNIT, chosen)
    assert result.status == "ROI_ONE_LEVEL"
    assert defined(result) == {"morph"} | INTENSITY
    assert result.values["ibsi_ih_entropy"] == 0
    assert math.isnan(result.values["ibsi_ih_kurt"])


def test_a_few_voxels_have_no_texture(case: Cases, binned: RadiomicSettings) -> None:
    result = extract(*case(radii=(2.1, 2.1, 2.1)), UNIT, binned)
    assert result.status == "ROI_SMALL"
    assert defined(result) == {"morph"} | INTENSITY


@pytest.mark.parametrize(("value", "code"), [(np.nan, "ROI_NAN"), (-np.inf, "ROI_INF")])
def test_voxels_without_a_value(
    case: Cases, binned: RadiomicSettings, value: float, code: str
) -> None:
    image, mask = case()
    image[8, 15, 15:18] = value
    result = extract(image, mask, UNIT, binned)
    assert result.status == code
    assert result.findings[0].numbers == {"voxels": 3}
    assert defined(result) == set()


def test_a_voxel_without_value_near_the_region_spoils_only_peaks(
    case: Cases, binned: RadiomicSettings
) -> None:
    image, mask = case()
    image[8, 15, np.flatnonzero(mask[8, 15])[-1] + 1] = np.nan
    result = extract(image, mask, UNIT, binned)
    assert result.status == "ok"
    assert codes(result) == ["PEAK_UNDEFINED"]
    assert defined(result) == {"morph", "stat", "ih", "ivh"} | TEXTURE


def test_a_voxel_without_value_far_from_the_region_spoils_nothing(
    case: Cases, binned: RadiomicSettings
) -> None:
    image, mask = case()
    expected = extract(image, mask, (4.0, 4.0, 4.0), binned)
    image[8, 15, np.flatnonzero(mask[8, 15])[-1] + 2] = np.nan
    assert extract(image, mask, (4.0, 4.0, 4.0), binned) == expected


def test_values_lost_by_interpolation_are_refused(case: Cases) -> None:
    image, mask = case()
    image[~mask] = np.nan
    chosen = RadiomicSettings(bin_count=16, spacing_mm=(0.7, 0.7, 0.7))
    result = extract(image, mask, UNIT, chosen)
    assert result.status == "MARGIN_NAN"
    assert defined(result) == {"morph"}


def test_bins_of_fixed_size_need_an_origin_below_all_values(case: Cases) -> None:
    image, mask = case()
    result = extract(image, mask, UNIT, RadiomicSettings(bin_width=25.0))
    assert result.status == "BIN_ORIGIN"
    assert defined(result) == {"morph", "loc", "stat"}
    assert extract(
        image - image.min(), mask, UNIT, RadiomicSettings(bin_width=25.0)
    ).status == ("ok")


def test_too_many_levels_are_refused_before_they_are_made(case: Cases) -> None:
    image, mask = case()
    image[8, 15, 17] = 2e8
    chosen = RadiomicSettings(bin_width=25.0, range=(-1000.0, 1e9))
    result = extract(image, mask, UNIT, chosen)
    assert result.status == "TOO_MANY_BINS"
    assert defined(result) == {"morph", "loc", "stat"}


def test_a_range_that_holds_nothing_keeps_the_shape(case: Cases) -> None:
    result = extract(*case(), UNIT, RadiomicSettings(bin_count=16, range=(1e6, 2e6)))
    assert result.status == "RESEG_EMPTY"
    assert defined(result) == {"morph"}


def test_re_segmentation_leaves_the_morphological_mask_alone(case: Cases) -> None:
    image, mask = case()
    whole = extract(image, mask, UNIT, RadiomicSettings(bin_count=16))
    part = extract(image, mask, UNIT, RadiomicSettings(bin_count=16, outlier_sigma=1.0))
    assert part.values["roi_voxels_used"] < whole.values["roi_voxels_used"]
    for name in ("morph_volume", "morph_diam", "morph_pca_maj_axis"):
        assert part.values[f"ibsi_{name}"] == whole.values[f"ibsi_{name}"]


def test_a_region_whose_intensities_sum_to_0_has_no_ratios(case: Cases) -> None:
    image, mask = case()
    image = np.zeros(image.shape)
    inside = np.flatnonzero(mask)
    image.ravel()[inside[: len(inside) // 2]] = 8.0
    image.ravel()[inside[len(inside) // 2 : len(inside) // 2 * 2]] = -8.0
    result = extract(image, mask, UNIT, RadiomicSettings(bin_count=16))
    assert result.status == "ok"
    assert codes(result) == ["RATIO_UNDEFINED"]
    assert math.isnan(result.values["ibsi_stat_cov"])
    assert math.isnan(result.values["ibsi_morph_com"])


def test_a_mask_of_any_type_counts_where_it_is_not_0(
    case: Cases, binned: RadiomicSettings
) -> None:
    image, mask = case()
    expected = extract(image, mask, UNIT, binned)
    assert extract(image, mask.astype(np.uint8) * 3, UNIT, binned) == expected
    assert extract(image.astype(np.float64), mask.astype(float), UNIT, binned) == expected


def test_normalised_intensities_are_those_of_the_whole_volume(case: Cases) -> None:
    image, mask = case()
    chosen = RadiomicSettings(bin_count=16, normalize=True)
    result = extract(image, mask, UNIT, chosen)
    numbers = image.astype(np.float64)
    scaled = (numbers - numbers.mean()) / numbers.std(ddof=1)
    assert result.values["ibsi_stat_mean"] == pytest.approx(float(scaled[mask].mean()))
    assert result.values["ibsi_stat_var"] == pytest.approx(float(scaled[mask].var()))
