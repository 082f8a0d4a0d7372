"""Mode `pyradiomics` against PyRadiomics itself on generated regions of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equisite.protocol.radiomics import RadiomicSettings
from equisite.radiomics import correlation, extract
from equisite.radiomics.autocorrelation import moran_and_geary
from equisite.radiomics.local_intensity import RADIUS_MM, peak_values
from equisite.radiomics.morphology import convex_hull, ellipsoid_area
from equisite.radiomics.region import bounding_box, connected_parts, framed
from equisite.radiomics.shape import measure
from equisite.radiomics.texture import DIRECTIONS_3D, grey_levels, neighbours, positions

SPACINGS = st.tuples(*[st.sampled_from([0.5, 0.9765625, 1.0, 2.2, 3.0])] * 3)


@st.composite
def regions(draw: st.DrawFn) -> tuple[Any, Any]:
    """Image and mask: dense, sparse, ragged or in slices apart; int16, float32 or float64."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    shape = tuple(draw(st.integers(2, 11)) for _ in range(3))
    mask = rng.random(shape) < draw(st.sampled_from([0.15, 0.5, 0.85, 1.0]))
    if draw(st.booleans()) and shape[0] > 3:
        mask[1::2] = False  # one slice apart
    mask[0, 0, 0] = mask[-1, -1, -1] = True
    image = rng.normal(0, 1, shape)
    for axis in range(3):
        image = image + draw(st.sampled_from([0.0, 1.0])) * np.roll(image, 1, axis)
    image = image * draw(st.sampled_from([3.0, 80.0])) + draw(st.sampled_from([-500.0, 30.0]))
    kind = draw(st.sampled_from(["int16", "float32", "float64"]))
    return (np.rint(image) if kind == "int16" else image).astype(kind), mask


BINS = st.sampled_from(
    [{"bin_width": 25.0}, {"bin_width": 0.7}, {"bin_count": 8}, {"bin_count": 40}]
)


@settings(max_examples=60, deadline=None)
@given(case=regions(), spacing=SPACINGS, bins=BINS)
def test_all_values_are_those_of_pyradiomics(case: Any, spacing: Any, bins: Any) -> None:
    image, mask = case[0].astype(np.float32), case[1]  # what the library engine computes on
    chosen = RadiomicSettings(**bins, minimum_voxels=1)
    own, library = (
        extract(image, mask, spacing, chosen, mode="pyradiomics", engine=engine)
        for engine in ("equisite", "pyradiomics")
    )
    assert own.findings == library.findings
    for name, expected in library.values.items():
        # what PyRadiomics leaves of an axis that is none is the root of its rounding
        least = 1e-6 if name.startswith("shape_") else 1e-9
        near = pytest.approx(expected, rel=1e-9, abs=least, nan_ok=True)
        assert own.values[name] == near, name


@settings(max_examples=25, deadline=None)
@given(case=regions(), spacing=SPACINGS)
def test_moran_and_geary_are_sums_over_all_pairs(case: Any, spacing: Any) -> None:
    image, mask = case[0].astype(np.float64), case[1]
    places = np.argwhere(mask) * np.array(spacing)
    values = image[mask] - image[mask].mean()
    apart = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))
    weights = 1 / np.where(apart > 0, apart, np.inf)
    square = (values**2).sum()
    total = weights.sum()
    moran = len(values) / total * (weights * np.outer(values, values)).sum() / square
    steps = (values[:, None] - values[None]) ** 2
    geary = (len(values) - 1) / (2 * total) * (weights * steps).sum() / square
    found = moran_and_geary(image, mask, spacing)
    assert found == pytest.approx((moran, geary), abs=2e-6)


@settings(max_examples=40, deadline=None)
@given(case=regions(), spacing=SPACINGS)
def test_diameter_and_hull_are_those_of_all_points(case: Any, spacing: Any) -> None:
    from scipy.spatial import ConvexHull
    from scipy.spatial.distance import pdist

    frame = framed(case[1])
    points = []
    for axis in range(3):
        low = np.moveaxis(frame, axis, 0)
        edges = np.argwhere(np.moveaxis(low[1:] != low[:-1], 0, axis)).astype(float)
        edges[:, axis] += 0.5
        points.append(edges)
    every = np.concatenate(points) * np.array(spacing)
    shape = measure(frame, spacing)
    assert shape.diameter == pytest.approx(float(pdist(every).max()), rel=1e-12)
    hull = ConvexHull(every)
    assert convex_hull(shape.corners_mm) == pytest.approx((hull.area, hull.volume), rel=1e-9)
    assert shape.voxels == int(case[1].sum())


@settings(max_examples=40, deadline=None)
@given(case=regions())
def test_parts_are_those_of_a_label_image(case: Any) -> None:
    from scipy.ndimage import label

    assert connected_parts(case[1]) == label(case[1], np.ones((3, 3, 3)))[1]


@settings(max_examples=30, deadline=None)
@given(case=regions(), bins=st.integers(20, 60))
def test_the_symmetric_way_gives_the_eigenvalue_of_the_general_one(
    case: Any, bins: int
) -> None:
    image, mask = case
    levels = (np.argsort(np.argsort(image[mask], kind="stable")) * bins // mask.sum()) + 1
    frame = framed(mask)
    grey = grey_levels(
        frame.shape, positions(frame), levels.astype(np.int32), np.bincount(levels)
    )
    found, _ = neighbours(grey, grey.steps(DIRECTIONS_3D), grey.voxels)
    pairs = found.pairs[[bool(p.any()) for p in found.pairs]]
    if not len(pairs) or pairs.shape[1] < correlation.LEAST_LEVELS:
        return
    joint = (pairs + pairs.transpose(0, 2, 1)).astype(float)
    joint /= joint.sum(axis=(1, 2), keepdims=True)
    margin = joint.sum(axis=2)
    fast = correlation._second_symmetric(joint, margin)
    slow = correlation._second_general(joint, margin)
    known = ~np.isnan(fast)
    assert np.allclose(fast[known], slow.real[known], rtol=1e-10, atol=0)


def test_the_area_of_an_ellipsoid_is_that_of_the_manual() -> None:
    """Exact for a sphere; for others the manual's sum, which the reference values need."""
    assert ellipsoid_area(2.0, 2.0, 2.0) == pytest.approx(16 * np.pi, rel=1e-12)
    digital = 1.36  # area density of the digital phantom, axes 11.4, 9.31 and 8.54 mm
    assert 388.0 / ellipsoid_area(5.7, 4.655, 4.27) == pytest.approx(digital, abs=0.01)


def test_a_box_of_voxels_has_known_shape() -> None:
    """Its twelve edges and eight corners are cut off at half a voxel."""
    a, b, c = 4, 5, 6
    mask = np.ones((a, b, c), bool)
    shape = measure(framed(mask), (2.0, 1.0, 0.5))
    edges = 4 * ((a - 1) + (b - 1) + (c - 1)) / 8
    corners = 8 * (1 / 8 - 1 / 48)  # of each octant, a tetrahedron is left
    assert shape.volume == pytest.approx(a * b * c - edges - corners, rel=1e-12)
    box = bounding_box(mask)
    assert box is not None
    assert box.size == (a, b, c)


@settings(max_examples=25, deadline=None)
@given(case=regions(), spacing=SPACINGS)
def test_peaks_are_means_over_spheres(case: Any, spacing: Any) -> None:
    image, mask = case[0].astype(np.float64), case[1]
    every = np.argwhere(np.ones(image.shape, bool)) * np.array(spacing)
    means = []
    for place in np.argwhere(mask) * np.array(spacing):
        near = ((every - place) ** 2).sum(axis=1) <= RADIUS_MM**2
        means.append(float(image.ravel()[near].mean()))
    brightest = image[mask] == image[mask].max()
    found = peak_values(image, mask, spacing)
    assert found["loc_peak_glob"] == pytest.approx(max(means), abs=1e-8)
    assert found["loc_peak_loc"] == pytest.approx(max(np.array(means)[brightest]), abs=1e-8)
