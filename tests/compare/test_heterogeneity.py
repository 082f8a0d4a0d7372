"""ONCOLINER's measures: values by hand, and what must hold of any points and sets."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.compare.heterogeneity import (
    LARGEST,
    gene_discordance,
    geometric_median,
    h_score,
    mean_distance,
    performance_heterogeneity,
)

share = st.floats(0, 1, allow_subnormal=False).map(lambda x: round(x, 6))
points = st.lists(st.tuples(share, share), min_size=2, max_size=12)
genes = st.sets(st.sampled_from("ABCDEF"))

THREE = [(0.95, 0.97), (0.93, 0.98), (0.60, 0.99)]


def test_three_pipelines_by_hand() -> None:
    """Mean (.82667, .98): distances .12374, .10333, .22689, mean .15132; over .70711 .21400.

    The median is the second point: (0 + .02236 + .33015) / 3.
    """
    assert performance_heterogeneity(THREE) == pytest.approx(0.2140, abs=5e-5)
    assert mean_distance(THREE, (2.48 / 3, 0.98)) == pytest.approx(0.15132, abs=5e-6)
    assert h_score(THREE) == pytest.approx(0.11750, abs=5e-6)


def test_two_sites_are_half_their_distance_apart_from_any_centre_between() -> None:
    two = [(1.0, 1.0), (0.7, 0.6)]
    assert h_score(two) == pytest.approx(0.25)
    assert performance_heterogeneity(two) == pytest.approx(0.25 / LARGEST)


def test_the_largest_is_one() -> None:
    corners = [(0.0, 0.0), (1.0, 1.0)] * 3
    assert performance_heterogeneity(corners) == pytest.approx(1.0)


def test_known_geometric_medians() -> None:
    """Fermat's point sees the sides of an equilateral triangle at 120 degrees; an angle of 120
    degrees or more is the median itself; four corners meet where the diagonals cross."""
    triangle = [(0.0, 0.0), (1.0, 0.0), (0.5, math.sqrt(3) / 2)]
    assert geometric_median(triangle) == pytest.approx((0.5, math.sqrt(3) / 6), abs=1e-9)
    flat = [(0.0, 0.0), (1.0, 0.0), (0.5, 0.1)]
    assert geometric_median(flat) == pytest.approx((0.5, 0.1))
    square = [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]
    assert geometric_median(square) == pytest.approx((0.5, 0.5))
    line = [(0.1, 0.5), (0.2, 0.5), (0.9, 0.5)]
    assert geometric_median(line) == pytest.approx((0.2, 0.5))
    assert geometric_median([(0.3, 0.4)] * 4) == pytest.approx((0.3, 0.4))


def test_one_site_has_nothing_to_differ_from() -> None:
    assert math.isnan(performance_heterogeneity([(1.0, 1.0)]))
    assert math.isnan(h_score([]))
    assert math.isnan(gene_discordance([{"A"}]))


@given(points)
def test_what_holds_of_any_points(points: list[tuple[float, float]]) -> None:
    phs, h = performance_heterogeneity(points), h_score(points)
    assert 0 <= h <= phs * LARGEST + 1e-12 <= LARGEST + 1e-9
    assert performance_heterogeneity(points[::-1]) == pytest.approx(phs, abs=1e-12)
    assert h_score(points[::-1]) == pytest.approx(h, abs=1e-9)
    assert performance_heterogeneity(points * 2) == pytest.approx(phs, abs=1e-12)
    mirrored = [(y, x) for x, y in points]
    assert h_score(mirrored) == pytest.approx(h, abs=1e-9)


@given(points)
def test_no_point_of_a_grid_is_nearer_than_the_median(
    points: list[tuple[float, float]],
) -> None:
    nearest = min(mean_distance(points, (x / 10, y / 10)) for x in range(11) for y in range(11))
    assert h_score(points) <= nearest + 1e-9
    centre = geometric_median(points)
    for dx, dy in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3)):
        moved = (centre[0] + dx, centre[1] + dy)
        assert mean_distance(points, centre) <= mean_distance(points, moved) + 1e-9


@given(share, share, st.integers(2, 9))
def test_equal_sites_are_not_apart(recall: float, precision: float, sites: int) -> None:
    equal = [(recall, precision)] * sites
    assert performance_heterogeneity(equal) == pytest.approx(0.0, abs=1e-12)
    assert h_score(equal) == pytest.approx(0.0, abs=1e-12)


def test_genes_by_hand() -> None:
    assert gene_discordance([{"A", "B", "C"}, {"A", "B"}, {"A", "B", "D"}]) == 0.5
    assert gene_discordance([{"A"}, {"A"}]) == 0.0
    assert gene_discordance([{"A"}, {"A"}, set()]) == 1.0, "found nothing is not left out"
    assert math.isnan(gene_discordance([set(), set()])), "nothing anywhere is not concordance"


@given(st.lists(genes, min_size=2, max_size=6), genes)
def test_what_holds_of_any_sets(sets: list[set[str]], more: set[str]) -> None:
    found = gene_discordance(sets)
    assert math.isnan(found) == (not set().union(*sets))
    if not math.isnan(found):
        assert 0 <= found <= 1
        assert gene_discordance(sets[::-1]) == found
        assert (found == 0) == all(own == sets[0] for own in sets)
        assert gene_discordance([*sets, more]) >= found
        assert gene_discordance([*sets, set()]) == 1.0
