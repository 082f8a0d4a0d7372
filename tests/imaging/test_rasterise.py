from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from dicom_making import rotation
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.imaging.grid import Grid
from equisite.imaging.rasterise import Ring, fill, ring_on
from equisite.imaging.regions import draw_region
from equisite.imaging.rings import area, area_inside

Points = Sequence[tuple[float, float]]
SHAPE = (16, 18)


def grid(shape: tuple[int, int, int] = (6, 16, 18)) -> Grid:
    return Grid((shape[2], shape[1], shape[0]), np.eye(4))


def ring(points: Points, k: float = 0.0) -> Ring:
    x, y = np.array(points, dtype=float).T
    return Ring(x, y, k, 0.0)


def plane(*rings: Points) -> NDArray[np.bool_]:
    return fill([ring(r) for r in rings], [0] * len(rings), (1, *SHAPE))[0]


def slow(*rings: Points) -> NDArray[np.bool_]:
    """The rule word by word: per row and pixel, count crossings to the right."""
    mask = np.zeros(SHAPE, dtype=bool)
    for j in range(SHAPE[0]):
        crossings = []
        for points in rings:
            for one, other in zip(points, [*points[1:], points[0]], strict=True):
                (x0, y0), (x1, y1) = sorted((one, other), key=lambda p: p[1])
                if y0 <= j < y1:
                    crossings.append(x0 + (j - y0) * (x1 - x0) / (y1 - y0))
        for i in range(SHAPE[1]):
            mask[j, i] = sum(x > i for x in crossings) % 2 == 1
    return mask


def box(low: float, high: float) -> list[tuple[float, float]]:
    return [(low, low), (high, low), (high, high), (low, high)]


def in_mm(points: Points, k: float) -> NDArray[np.float64]:
    return np.array([(x, y, k) for x, y in points], dtype=float)


def test_vertices_on_pixel_centres_give_the_area() -> None:
    mask = plane(box(5, 10))
    assert mask.sum() == 25
    assert mask[5:10, 5:10].all()


def test_made_up_contours() -> None:
    outer, middle, inner = box(1.5, 12.5), box(3.5, 9.5), box(5.5, 7.5)
    assert plane(outer).sum() == 121
    assert plane(outer, middle).sum() == 121 - 36
    assert plane(outer, middle, inner).sum() == 121 - 36 + 4
    seam = [*outer, outer[0], middle[0], *middle[::-1], middle[0]]
    assert np.array_equal(plane(seam), plane(outer, middle))
    overlapping = plane(box(1.5, 6.5), box(4.5, 9.5))
    assert overlapping.sum() == 25 + 25 - 2 * 4


coordinate = st.one_of(
    st.floats(-4, 22, allow_nan=False),
    st.integers(-2, 20).map(float),
    st.integers(-4, 40).map(lambda v: v / 2),
)
polygon = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=12)


@settings(max_examples=300, deadline=None)
@given(rings=st.lists(polygon, min_size=1, max_size=4), turn=st.integers(0, 11))
def test_equals_the_rule_word_by_word(
    rings: list[list[tuple[float, float]]], turn: int
) -> None:
    mask = plane(*rings)
    assert np.array_equal(mask, slow(*rings))
    backwards = [r[::-1] for r in rings]
    assert np.array_equal(mask, plane(*backwards))
    started_elsewhere = [r[turn % len(r) :] + r[: turn % len(r)] for r in rings[::-1]]
    assert np.array_equal(mask, plane(*started_elsewhere))


def test_more_crossings_than_a_byte_counts() -> None:
    ring_of_box = [box(2, 9)] * 257
    assert plane(*ring_of_box).sum() == 49
    assert plane(*ring_of_box, box(2, 9)).sum() == 0


@settings(max_examples=60, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing=st.tuples(st.floats(0.3, 4), st.floats(0.3, 4), st.floats(0.5, 6)),
    centre=st.tuples(st.floats(5, 11), st.floats(5, 11)),
    radius=st.floats(1.5, 4.5),
)
def test_an_oblique_series_gives_the_same_mask(
    angles: tuple[float, float, float],
    spacing: tuple[float, float, float],
    centre: tuple[float, float],
    radius: float,
) -> None:
    turns = np.linspace(0, 2 * math.pi, 37)[:-1] + 0.0123
    points = [
        (centre[0] + radius * math.cos(t), centre[1] + radius * math.sin(t)) for t in turns
    ]
    # Vertices that decide on a row or crossings on a centre are the rounding's, not the rule's.
    fine = np.array(points)
    if np.min(np.abs(fine - np.round(fine))) < 1e-6:
        return
    lps = np.eye(4)
    lps[:3, :3] = rotation(angles) * spacing
    lps[:3, 3] = (-80, 33, 400)
    oblique = Grid((18, 16, 6), lps)
    voxel = np.array([(*p, 2.0, 1.0) for p in points])
    mask, findings = draw_region([(voxel @ lps.T)[:, :3]], oblique)
    straight = plane(points)
    assert (mask[2] != straight).sum() <= 1  # a crossing within an ulp of a pixel centre
    assert not mask[[0, 1, 3, 4, 5]].any()
    assert {f.code for f in findings} <= {"ROI_TINY"}


def test_huge_coordinates_neither_fill_memory_nor_overflow() -> None:
    points = [(-1e12, 3.2), (1e12, 3.2), (1e12, 6.7), (-1e12, 6.7)]
    assert plane(points).sum() == 3 * SHAPE[1]


def drawn(
    contours: Sequence[NDArray[np.float64]], overlapping: str = "xor"
) -> tuple[NDArray[np.bool_], dict[str, dict[str, object]]]:
    mask, findings = draw_region(contours, grid(), overlapping)  # type: ignore[arg-type]
    return mask, {f.code: dict(f.numbers) for f in findings}


def refusal(contours: Sequence[NDArray[np.float64]]) -> tuple[str, dict[str, object]]:
    with pytest.raises(InputError) as error:
        draw_region(contours, grid())
    (found,) = error.value.findings
    return found.code, dict(found.numbers)


WIDE = box(1.5, 12.5)


def test_contours_between_slices_take_the_nearest() -> None:
    mask, found = drawn([in_mm(WIDE, 2.3)])
    assert mask[2].sum() == 121
    assert found == {"ROI_BETWEEN_SLICES": {"count": 1, "total": 1, "value": 0.3, "limit": 0.1}}
    assert drawn([in_mm(WIDE, 2.05)])[1] == {}


def test_two_planes_on_one_slice_are_joined() -> None:
    mask, found = drawn([in_mm(WIDE, 2.0), in_mm(box(3.5, 9.5), 2.3)])
    assert mask[2].sum() == 121  # joined, where one plane would have made a hole
    assert list(found) == ["ROI_BETWEEN_SLICES"]


def test_overlap_is_named_and_may_be_kept() -> None:
    rings = [in_mm(box(0.5, 10.5), 1), in_mm(box(5.5, 14.5), 1)]
    lost, found = drawn(rings)
    assert lost.sum() == 100 + 81 - 2 * 25
    assert found["ROI_OVERLAP"] == {"count": 25, "how": "xor"}
    assert drawn(rings, "union")[0].sum() == 100 + 81 - 25


def test_a_hole_is_no_overlap_and_union_keeps_it() -> None:
    rings = [in_mm(WIDE, 1), in_mm(box(3.5, 9.5), 1)]
    for how in ("xor", "union"):
        mask, found = drawn(rings, how)
        assert (mask.sum(), found) == (85, {})


def test_a_repeated_ring_does_not_cancel_itself() -> None:
    mask, found = drawn([in_mm(WIDE, 1), in_mm(WIDE, 1)])
    assert (mask.sum(), found) == (121, {"ROI_REPEATED_RING": {"count": 1}})


def test_gaps_and_small_regions_are_named() -> None:
    mask, found = drawn([in_mm(box(1.5, 3.5), k) for k in (0, 2, 5)])
    assert found["ROI_SLICE_GAP"] == {
        "count": 3,
        "slice": "2, 4, 5",
        "how": "nothing is filled in",
    }
    assert found["ROI_TINY"] == {"count": 12, "limit": 64}
    assert not mask[[1, 3, 4]].any()


def test_outside_partial_and_empty() -> None:
    code, numbers = refusal([in_mm(WIDE, k + 300) for k in range(3)])
    assert (code, numbers["slices"]) == ("ROI_OUTSIDE", 3)
    assert "300.0..302.0 of slices 0..5" in str(numbers["extent"])
    far = [(x + 400, y) for x, y in WIDE]
    assert refusal([in_mm(far, 2)])[0] == "ROI_OUTSIDE"
    half = [(x + 10, y) for x, y in WIDE]  # 11.5 .. 22.5 of columns -0.5 .. 17.5
    _, found = drawn([in_mm(half, 2)])
    assert found["ROI_PARTIAL"] == {"value": round(100 * 5 / 11, 3), "count": 0}
    _, found = drawn([in_mm(WIDE, 0), in_mm(WIDE, -1)])
    assert found["ROI_PARTIAL"] == {"value": 50.0, "count": 1}
    assert refusal([in_mm(box(3.2, 3.8), 2)])[0] == "ROI_NO_VOXEL"
    assert refusal([])[0] == "ROI_NO_VOXEL"


def test_a_tilted_contour_is_refused() -> None:
    tilted = np.array([(x, y, 2 + 0.02 * y) for x, y in WIDE])
    assert refusal([tilted])[0] == "ROI_OBLIQUE_CONTOUR"


@given(polygon)
def test_areas(points: list[tuple[float, float]]) -> None:
    one = ring(points)
    assert area_inside(one, 1000, 1000) <= 26 * 26
    inside = area_inside(ring([(x + 100, y + 100) for x, y in points]), 1000, 1000)
    assert inside == pytest.approx(area(one), abs=1e-9)


def test_ring_coordinates() -> None:
    lps = np.diag([0.5, 2.0, 3.0, 1.0])
    lps[:3, 3] = (10, 20, 30)
    one = ring_on(np.array([[12.0, 24, 36], [13, 24, 36], [12, 28, 36]]), Grid((9, 9, 9), lps))
    assert (one.x.tolist(), one.y.tolist(), one.k, one.spread) == ([4, 6, 4], [2, 2, 4], 2, 0)
