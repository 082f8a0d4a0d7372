"""Where a territory is cut for callers that remember."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.genomics import cells
from equisite.genomics.cells import BASES, STEP, cells_of, cells_of_share
from equisite.variants.intervals import Territory


def test_a_small_panel_is_one_cell() -> None:
    territory = Territory.of(("a", 10_000 * n, 10_000 * n + 200) for n in range(1000))
    assert cells_of(territory, ["a"]) == [territory]
    assert cells_of(Territory.of([]), ["a"]) == []


def test_a_genome_is_cut_at_steps_in_its_order() -> None:
    territory = Territory.of([("a", 5, 2 * BASES + STEP + 7), ("b", 0, 100)])
    found = [list(cell) for cell in cells_of(territory, ["b", "a"])]
    assert found == [
        [("b", 0, 100), ("a", 5, BASES)],
        [("a", BASES, 2 * BASES)],
        [("a", 2 * BASES, 2 * BASES + STEP + 7)],
    ]


_SPANS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 300), st.integers(1, 60)).map(
        lambda span: (span[0], span[1], span[1] + span[2])
    ),
    max_size=12,
)


@given(_SPANS, st.integers(1, 9))
def test_cells_hold_every_base_once_and_begin_anew(
    spans: list[tuple[str, int, int]], shares: int
) -> None:
    territory = Territory.of(spans)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "STEP", 10)
        patch.setattr(cells, "BASES", 25)
        found = cells_of(territory, ["a", "b"])
        assert sum(cell.size for cell in found) == territory.size
        assert Territory.of(span for cell in found for span in cell) == Territory.of(territory)
        steps = [{(c, at // 10) for c, s, e in cell for at in range(s, e)} for cell in found]
        assert sum(map(len, steps)) == len(set().union(*steps))  # whole steps
        assert all(25 <= cell.size < 35 for cell in found[:-1])
        # What is cut does not hang on what lies before: a share cuts as the whole does.
        parts = [cells_of_share(found, n, shares) for n in range(1, shares + 1)]
        assert [cell for part in parts for cell in part] == found
        for part in parts:
            own = Territory.of(span for cell in part for span in cell)
            assert cells_of(own, ["a", "b"]) == list(part)
