import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic.phantom import (
    Cylinder,
    Ellipsoid,
    Grid,
    Tissue,
    in_plane_sd,
    inside,
    mesh_tolerance,
    mr_image,
    perimeter,
    rings,
    smooth_noise,
    stored,
    volume_tolerance,
)
from synthetic.streams import stream

GRID = Grid((26, 60, 64), (1.25, 1.25, 3.5), (-40.0, -37.0, 5.0))

axis = st.floats(9.0, 27.0)


def ellipsoid(axes, shifts, angle):
    x, y, z = (c + s for c, s in zip(GRID.centre, shifts, strict=True))
    return Ellipsoid((x, y, z), axes, angle)


@settings(deadline=None, max_examples=150)
@given(axes=st.tuples(axis, axis, st.floats(12.0, 36.0)), place=st.integers(0, 10**9))
def test_counted_volume_lies_within_the_derived_tolerance(axes, place):
    rng = stream("place", place)  # anywhere: not on a symmetry of the lattice
    body = ellipsoid(axes, tuple(rng.uniform(-3, 3, 3)), float(rng.uniform(0, 3)))
    counted = inside(body, GRID).sum() * math.prod(GRID.spacing)
    assert abs(counted - body.volume) <= volume_tolerance(body, GRID)
    assert volume_tolerance(body, GRID) < 0.12 * body.volume


def test_the_tolerance_is_not_idle():
    """A body one voxel larger in each direction is noticed."""
    body = ellipsoid((20.0, 18.0, 28.0), (0.3, 0.2, 0.1), 0.3)
    larger = ellipsoid((21.25, 19.25, 31.5), (0.3, 0.2, 0.1), 0.3)
    counted = inside(larger, GRID).sum() * math.prod(GRID.spacing)
    assert abs(counted - body.volume) > volume_tolerance(body, GRID)


@given(step=st.floats(0.5, 6.0), offset=st.floats(0, 1), c=st.floats(12.0, 40.0))
def test_slicing_error_of_an_ellipsoid_is_bounded_exactly(step, offset, c):
    body = Ellipsoid((0.0, 0.0, 0.0), (10.0, 12.0, c))
    heights = (np.arange(-200, 200) + offset) * step
    total = sum(math.pi * np.prod(body.section(float(z))) for z in heights) * step
    assert abs(total - body.volume) <= body.slice_error(step) * (1 + 1e-9)


def test_rings_have_the_area_of_the_cut():
    body = ellipsoid((20.0, 13.0, 28.0), (1.0, 0.2, 0.1), 0.7)
    drawn = rings(body, GRID)
    assert len(drawn) > 10
    for index, points in drawn:
        x, y = points[:, 0], points[:, 1]
        area = abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
        a, b = body.section(GRID.origin[2] + index * GRID.spacing[2])
        assert area == pytest.approx(math.pi * a * b, rel=1e-9)


def test_a_cylinder_stands_on_whole_slices():
    height = 8 * GRID.spacing[2]
    x, y, z = GRID.centre
    body = Cylinder((x + 0.3, y - 0.4, z), 17.3, height)
    assert len(rings(body, GRID)) == 8
    assert inside(body, GRID).any(axis=(1, 2)).sum() == 8
    assert body.slice_error(3.5) == 0.0
    assert body.diameter == pytest.approx(math.hypot(34.6, height))
    counted = inside(body, GRID).sum() * math.prod(GRID.spacing)
    assert abs(counted - body.volume) <= volume_tolerance(body, GRID)


def test_perimeter_of_circle_and_needle():
    assert perimeter(3.0, 3.0) == pytest.approx(6 * math.pi)
    assert perimeter(1.0, 0.0) == pytest.approx(4.0, rel=1e-3)
    assert perimeter(0.0, 0.0) == 0.0


def test_spread_of_lattice_counts_is_the_stated_one():
    rng = stream("lattice")
    errors = []
    for _ in range(300):
        body = ellipsoid((19.0, 16.0, 27.0), tuple(rng.uniform(-3, 3, 3)), rng.uniform(0, 3))
        cuts = [body.section(float(z)) for z in GRID.axes()[0].ravel()]
        sliced = sum(math.pi * a * b for a, b in cuts if min(a, b) >= 1.25) * GRID.spacing[2]
        errors.append(inside(body, GRID).sum() * math.prod(GRID.spacing) - sliced)
    stated = in_plane_sd(body, GRID)
    assert 0.6 * stated < np.std(errors) < 1.3 * stated


def test_noise_is_smooth_and_standard():
    field = smooth_noise((20, 40, 40), (1, 5, 5), stream("noise"))
    assert field.mean() == pytest.approx(0.0, abs=1e-12)
    assert field.std() == pytest.approx(1.0)
    neighbours = np.corrcoef(field[:, :, :-1].ravel(), field[:, :, 1:].ravel())[0, 1]
    slices = np.corrcoef(field[:-1].ravel(), field[1:].ravel())[0, 1]
    assert neighbours > 0.7
    assert abs(slices) < 0.1


def test_the_image_has_the_scale_of_the_public_series():
    body = ellipsoid((20.0, 16.0, 28.0), (0.0, 0.0, 0.0), 0.2)
    image = stored(mr_image(body, GRID, Tissue(335.0, 0.12, 14.0), stream("image")))
    values = image[inside(body, GRID)]
    assert image.dtype == np.int16
    assert image.min() >= 0
    assert 300 < values.mean() < 370
    assert 40 < values.std() < 110
    assert ((values - values.mean()) ** 3).mean() / values.std() ** 3 > 1.5


def test_mesh_volumes_lie_within_the_derived_tolerance():
    radiomics = pytest.importorskip("radiomics")
    sitk = pytest.importorskip("SimpleITK")
    import logging

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    extractor = radiomics.featureextractor.RadiomicsFeatureExtractor()
    extractor.disableAllFeatures()
    extractor.enableFeatureClassByName("shape")
    x, y, z = GRID.centre
    for body in (
        Ellipsoid((x + 0.4, y - 0.3, z + 1.0), (21.0, 15.0, 30.0), 0.6),
        Ellipsoid((x - 0.4, y + 0.2, z - 0.7), (14.0, 14.0, 14.0)),
        Cylinder((x - 0.4, y + 0.2, z), 15.5, 9 * 3.5 + 3.5),
    ):
        mask = inside(body, GRID).astype(np.uint8)
        images = [sitk.GetImageFromArray(v) for v in (mask.astype(np.float32), mask)]
        for image in images:
            image.SetSpacing(GRID.spacing)
        found = extractor.execute(*images)
        mesh = float(found["original_shape_MeshVolume"])
        assert abs(mesh - body.volume) <= mesh_tolerance(body, GRID)
        wide = float(found["original_shape_Maximum3DDiameter"])
        assert abs(wide - body.diameter) <= GRID.diagonal
