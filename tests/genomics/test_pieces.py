"""Where a genome is cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.genomics.pieces import (
    BASES,
    QUIET,
    nominal_cuts,
    number_of_pieces,
    piece_of,
    pieces_of_share,
    quiet_cut,
)
from equisite.variants.intervals import Territory

ORDER = ("b", "a")
LENGTHS = {"b": 10_000, "a": 5_000}


def test_small_territories_stay_whole() -> None:
    assert [number_of_pieces(n) for n in (0, 1_000_000, BASES, 3_100_000_000)] == [1, 1, 1, 78]


def test_nominal_cuts_share_the_territory() -> None:
    territory = Territory.of([("b", 1000, 2000), ("b", 6000, 7000), ("a", 0, 1000)])
    assert nominal_cuts(territory, ORDER, 1) == []
    assert nominal_cuts(territory, ORDER, 2) == [(0, 6500)]
    assert nominal_cuts(territory, ORDER, 4) == [(0, 1750), (0, 6500), (1, 250)]


@pytest.mark.parametrize(
    ("sites", "cut"),
    [
        ([], 1000 + QUIET // 2),
        ([500, 990], 1000 + QUIET // 2),  # what lies before says nothing
        ([1000 + QUIET], 1000 + QUIET // 2),
        ([1000 + QUIET - 1], 1000 + QUIET - 1 + QUIET // 2),
        ([1400, 1900, 2400, 9000], 2400 + QUIET // 2),
        (list(range(1000, 5000, 300)), 4900 + QUIET // 2),
        (list(range(1000, 10_000, 300)), None),
    ],
)
def test_the_first_quiet_stretch(sites: list[int], cut: int | None) -> None:
    assert quiet_cut(1000, 9_900, 10_000, sites) == cut


def test_the_end_of_a_sequence_is_quiet() -> None:
    assert quiet_cut(1000, 10_000, 10_000, range(1000, 10_000, 300)) == 10_000
    assert quiet_cut(9_900, 10_000, 10_000, []) == 10_000


@given(
    st.lists(st.integers(0, 9_999), max_size=40),
    st.integers(0, 9_999),
    st.sampled_from((1_000, 3_000, 10_000)),
)
def test_no_active_base_lies_near_a_cut(sites: list[int], start: int, search: int) -> None:
    sites = sorted(s for s in sites if s >= start)
    end = min(start + search, 10_000)
    cut = quiet_cut(start, end, 10_000, (s for s in sites if s < end))
    if cut is None:
        assert end < 10_000
        return
    assert start < cut <= 10_000
    if cut < 10_000:
        assert not [s for s in sites if cut - QUIET // 2 < s < cut + QUIET // 2]


@given(st.lists(st.integers(0, 9_999), max_size=40), st.lists(st.integers(0, 9_999)))
def test_later_nominal_ends_are_cut_later(sites: list[int], nominal: list[int]) -> None:
    """So that pieces never overlap, wherever there is no quiet stretch."""
    sites.sort()
    ends = [(start, min(start + 2_000, 10_000)) for start in sorted(nominal)]
    cuts = [
        quiet_cut(start, end, 10_000, [s for s in sites if start <= s < end])
        for start, end in ends
    ]
    found = [cut for cut in cuts if cut is not None]
    assert found == sorted(found)


@given(st.integers(1, 90), st.data())
def test_shares_hold_every_piece_once_and_in_order(pieces: int, data: st.DataObject) -> None:
    shares = data.draw(st.integers(1, pieces))
    parts = [pieces_of_share(pieces, shares, share) for share in range(1, shares + 1)]
    assert [n for part in parts for n in part] == list(range(1, pieces + 1))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5_000)), max_size=6))
def test_pieces_hold_every_base_once(cuts: list[tuple[int, int]]) -> None:
    borders = [(0, 0), *sorted(cuts), (2, 0)]
    found = [
        interval
        for start, end in pairwise(borders)
        for interval in piece_of(ORDER, LENGTHS, start, end)
    ]
    assert sum(e - s for _, s, e in found) == 15_000
    assert Territory.of(found) == Territory.of([("b", 0, 10_000), ("a", 0, 5_000)])
