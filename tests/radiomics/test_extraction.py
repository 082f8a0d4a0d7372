"""What is defined is computed, what is not is missing with its reason; one test per row."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from equisite.codebook.book import codebook
from equisite.protocol.radiomics import RadiomicSettings
from equisite.radiomics import extraction, pyradiomics_chain
from equisite.radiomics.columns import feature_columns
from equisite.radiomics.extraction import Extraction

UNIT = (1.0, 1.0, 1.0)
TEXTURE_AND_SHAPE = ("morphology", "statistics", "histogram", "glcm", "glszm", "gldzm", "ngtdm")
Make = Callable[..., RadiomicSettings]
Cases = Callable[..., Any]


def extract(image: Any, mask: Any, spacing: Any, chosen: RadiomicSettings) -> Extraction:
    """Mode `pyradiomics` by the product's own engine; PyRadiomics must say the same."""
    made = {
        engine: extraction.extract(
            image, mask, spacing, chosen, mode="pyradiomics", engine=engine
        )
        for engine in ("equisite", "pyradiomics")
    }
    own, library = made["equisite"], made["pyradiomics"]
    assert own.findings == library.findings
    for name, value in library.values.items():
        assert own.values[name] == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), name
    return own


def defined(result: Extraction) -> set[str]:
    """Families of which at least one value is there."""
    features = [v.id for v in codebook().features("pyradiomics")]
    return {f.partition("_")[0] for f in features if math.isfinite(result.values[f])}


def codes(result: Extraction) -> list[str]:
    return [f.code for f in result.findings]


def test_the_columns_are_fixed_whatever_the_case(case: Cases, settings: Make) -> None:
    image, mask = case()
    columns = feature_columns("pyradiomics", [])
    assert len(columns) == 107 + 5
    for chosen in (settings(), settings(classes=("shape",)), settings(minimum_voxels=10**6)):
        assert tuple(extract(image, mask, UNIT, chosen).values) == columns
    assert tuple(extract(image, mask & False, UNIT, settings()).values) == columns


def test_a_good_region_has_all_values(case: Cases, settings: Make) -> None:
    result = extract(*case(), UNIT, settings())
    assert result.status == "ok"
    assert result.findings == ()
    assert all(math.isfinite(v) for v in result.values.values())


def test_an_empty_mask(case: Cases, settings: Make) -> None:
    image, mask = case()
    result = extract(image, mask & False, UNIT, settings())
    assert result.status == "ROI_EMPTY"
    assert all(math.isnan(v) for v in result.values.values())


def test_one_voxel_keeps_its_intensity(case: Cases, settings: Make) -> None:
    image, mask = case()
    mask[:] = False
    mask[8, 9, 10] = True
    result = extract(image, mask, UNIT, settings())
    assert result.status == "ROI_ONE_VOXEL"
    assert defined(result) == {"firstorder"}
    assert result.values["firstorder_mean"] == pytest.approx(float(image[8, 9, 10]))
    assert math.isnan(result.values["firstorder_kurtosis"])


def test_a_line_keeps_its_intensities(case: Cases, settings: Make) -> None:
    image, mask = case()
    mask[:] = False
    mask[8, 9, 5:20] = True
    result = extract(image, mask, UNIT, settings())
    assert result.status == "ROI_1D"
    assert defined(result) == {"firstorder"}


def test_one_slice_keeps_its_intensities(case: Cases, settings: Make) -> None:
    image, mask = case()
    mask[:8] = False
    mask[9:] = False
    result = extract(image, mask, UNIT, settings())
    assert result.status == "ROI_2D"
    assert defined(result) == {"firstorder"}


def test_a_flat_region_has_no_texture_and_no_higher_moments(
    case: Cases, settings: Make
) -> None:
    image, mask = case()
    image[mask] = 7
    result = extract(image, mask, UNIT, settings())
    assert result.status == "ROI_FLAT"
    assert defined(result) == {"shape", "firstorder"}
    assert math.isnan(result.values["firstorder_skewness"])
    assert math.isnan(result.values["firstorder_kurtosis"])
    assert result.values["firstorder_variance"] == 0


def test_one_grey_level_is_no_texture(case: Cases, settings: Make) -> None:
    image, mask = case()
    image = (np.abs(image) / np.abs(image).max()).astype(np.float32)
    result = extract(image, mask, UNIT, settings(bin_width=25.0))
    assert result.status == "ROI_ONE_LEVEL"
    assert defined(result) == {"shape", "firstorder"}
    assert math.isfinite(result.values["firstorder_kurtosis"])


def test_nan_in_the_region_is_refused_and_counted(case: Cases, settings: Make) -> None:
    image, mask = case()
    image[8, 15, 15:18] = np.nan
    result = extract(image, mask, UNIT, settings())
    assert result.status == "ROI_NAN"
    assert defined(result) == set()
    assert result.findings[0].numbers == {"voxels": 3}


def test_nan_outside_matters_only_if_values_are_interpolated(
    case: Cases, settings: Make
) -> None:
    image, mask = case()
    image[8, 15, np.flatnonzero(mask[8, 15])[-1] + 1] = np.nan
    assert extract(image, mask, UNIT, settings()).status == "ok"
    resampled = extract(image, mask, UNIT, settings(spacing_mm=(0.7, 0.7, 0.7)))
    assert resampled.status == "MARGIN_NAN"
    assert defined(resampled) == {"shape"}


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_voxel_is_refused(case: Cases, settings: Make, value: float) -> None:
    image, mask = case()
    image[8, 15, 17] = value
    result = extract(image, mask, UNIT, settings())
    assert result.status == "ROI_INF"
    assert defined(result) == set()


def test_too_many_levels_are_refused_before_they_are_made(case: Cases, settings: Make) -> None:
    image, mask = case()
    image[8, 15, 17] = 2e8
    result = extract(image, mask, UNIT, settings(bin_width=25.0))
    assert result.status == "TOO_MANY_BINS"
    assert defined(result) == {"shape"}


def test_pyradiomics_must_hold_levels_times_voxels_in_memory(
    case: Cases, settings: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, mask = case()
    monkeypatch.setattr(pyradiomics_chain, "MOST_CELLS", 31 * int(mask.sum()))
    made = [
        extraction.extract(
            image, mask, UNIT, settings(bin_count=n), mode="pyradiomics", engine="pyradiomics"
        )
        for n in (32, 31)
    ]
    assert [m.status for m in made] == ["TOO_MANY_BINS", "ok"]
    assert made[0].findings[0].numbers == {"levels": 32, "most": 31}


def test_a_region_at_the_border_is_flagged_and_kept(case: Cases, settings: Make) -> None:
    result = extract(*case(centre=(2.0, 15.0, 17.0)), UNIT, settings())
    assert result.status == "ok"
    assert codes(result) == ["ROI_BORDER"]


def test_parts_are_counted_flagged_and_kept(case: Cases, settings: Make) -> None:
    image, mask = case()
    mask[2, 2, 2:4] = True
    mask[3, 4, 4] = True
    result = extract(image, mask, UNIT, settings())
    assert result.status == "ok"
    assert codes(result) == ["ROI_COMPONENTS"]
    assert result.values["roi_components"] == 3


def test_image_and_mask_of_other_shapes(case: Cases, settings: Make) -> None:
    image, mask = case()
    result = extract(image[1:], mask, UNIT, settings())
    assert result.status == "ROI_GEOMETRY"
    assert defined(result) == set()


def test_a_range_that_holds_nothing_keeps_the_shape(case: Cases, settings: Make) -> None:
    result = extract(*case(), UNIT, settings(range=(1e6, 2e6)))
    assert result.status == "RESEG_EMPTY"
    assert defined(result) == {"shape"}


def test_a_range_that_holds_a_few_voxels_keeps_the_shape(case: Cases, settings: Make) -> None:
    image, mask = case()
    image[8, 15, 14:19] = 1e6
    result = extract(image, mask, UNIT, settings(range=(9e5, 2e6)))
    assert result.status == "RESEG_SMALL"
    assert result.findings[-1].numbers["voxels"] == 5
    assert defined(result) == {"shape"}


def test_a_range_that_leaves_one_slice(case: Cases, settings: Make) -> None:
    image, mask = case()
    image[8] += 1e6
    result = extract(image, mask, UNIT, settings(range=(9e5, 2e6)))
    assert result.status == "ROI_2D"
    assert defined(result) == {"shape", "firstorder"}


def test_a_small_region_has_no_texture(case: Cases, settings: Make) -> None:
    result = extract(*case(radii=(2.1, 2.1, 2.1)), UNIT, settings())
    assert result.status == "ROI_SMALL"
    assert defined(result) == {"shape", "firstorder"}
    kept = extract(*case(radii=(2.1, 2.1, 2.1)), UNIT, settings(minimum_voxels=20))
    assert kept.status == "ok"


def test_scattered_voxels_have_no_neighbours_and_no_texture(
    case: Cases, settings: Make
) -> None:
    image, mask = case()
    mask[:] = False
    mask[::3, ::3, ::3] = True
    result = extract(image, mask, UNIT, settings())
    assert result.status == "FEATURE_UNDEFINED"
    assert math.isnan(result.values["glcm_contrast"])


def test_a_region_that_vanishes_on_a_coarse_grid(case: Cases, settings: Make) -> None:
    image, mask = case()
    mask[:] = False
    mask[8:10, 10:12, 11:13] = True
    result = extract(image, mask, UNIT, settings(spacing_mm=(9.0, 9.0, 9.0)))
    assert result.status in ("ROI_EMPTY", "ROI_ONE_VOXEL")


@pytest.mark.parametrize("radius", [8.0, 15.0])
def test_a_sphere_has_the_volume_and_diameter_of_a_sphere(
    case: Cases, settings: Make, radius: float
) -> None:
    side = int(2 * radius + 7)
    image, mask = case(shape=(side, side, side), radii=(radius, radius, radius))
    values = extract(image, mask, (0.5, 0.5, 0.5), settings()).values
    volume = 4 / 3 * math.pi * (radius / 2) ** 3
    assert values["shape_mesh_volume"] == pytest.approx(volume, rel=0.02)
    assert values["shape_voxel_volume"] == pytest.approx(volume, rel=0.02)
    assert values["shape_maximum_3d_diameter"] == pytest.approx(radius, abs=0.9)
    assert values["shape_sphericity"] == pytest.approx(1, abs=0.1)
    assert values["shape_elongation"] == pytest.approx(1, abs=0.01)


@limits(max_examples=15, deadline=None)
@given(
    shift=st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(0, 6)),
    seed=st.integers(0, 5),
)
def test_where_the_region_lies_does_not_matter(shift: tuple[int, int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    block = rng.normal(0, 60, (6, 8, 9)).astype(np.float32)
    region = rng.random((6, 8, 9)) < 0.8
    grid = (0.0, 0.0, 0.0)
    results = []
    for z, y, x in ((1, 1, 1), tuple(1 + s for s in shift)):
        image = rng.normal(0, 900, (14, 18, 19)).astype(np.float32)
        mask = np.zeros(image.shape, bool)
        image[z : z + 6, y : y + 8, x : x + 9] = block
        mask[z : z + 6, y : y + 8, x : x + 9] = region
        chosen = RadiomicSettings(bin_count=16, spacing_mm=grid, classes=TEXTURE_AND_SHAPE)
        results.append(
            [
                extraction.extract(image, mask, (1.0, 1.0, 2.0), chosen).values,
                extract(image, mask, (1.0, 1.0, 2.0), RadiomicSettings(bin_width=25.0)).values,
            ]
        )
    assert results[0] == results[1]
