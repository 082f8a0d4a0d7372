import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.variants.slippage import AGAIN, MISREAD, MOST, OTHER_GAP, Haplotype, slip

BEFORE, BEHIND = "GATTT", "TTGCA"


def haplotype(unit: str, copies: int) -> str:
    return BEFORE + unit * copies + BEHIND


def test_slips_double_with_each_unit_from_the_sixth_on_up_to_their_most() -> None:
    chances = [slip(copies) for copies in range(1, 60)]
    assert chances[:5] == [1e-4] * 5
    assert chances[5:9] == [2e-4, 4e-4, 8e-4, 16e-4]
    assert set(chances[14:]) == {MOST}
    assert slip(10**6) == MOST


@pytest.mark.parametrize(("unit", "copies"), [("C", 9), ("AC", 8), ("CAG", 6), ("GGCGGA", 9)])
@pytest.mark.parametrize("steps", [-2, -1, 1, 2])
def test_a_read_with_other_units_is_a_slip(unit: str, copies: int, steps: int) -> None:
    chance = Haplotype(haplotype(unit, copies)).explains(haplotype(unit, copies + steps))
    assert math.isclose(chance, slip(copies) / 2 * (1 - AGAIN) * AGAIN ** (abs(steps) - 1))


def test_equal_bases_wrong_bases_and_other_gaps() -> None:
    true = Haplotype("GATTCACGTTAGG")
    assert true.explains("GATTCACGTTAGG") == 1
    assert math.isclose(true.explains("GATTCTCGTTAGG"), MISREAD)
    assert math.isclose(true.explains("GATTCACGTTATT"), MISREAD**2)
    assert math.isclose(true.explains("GATTCCGTTAGG"), OTHER_GAP)  # A lost outside a repeat
    assert true.explains("CCCCCCCCCC") == 0


def test_bases_that_do_not_go_on_with_the_repeat_are_no_slip() -> None:
    true = Haplotype(haplotype("AC", 8))
    won = BEFORE + "AC" * 4 + "GG" + "AC" * 4 + BEHIND
    assert not true.slips_to(won)
    assert math.isclose(true.explains(won), OTHER_GAP)
    assert true.slips_to(haplotype("AC", 9))
    assert not true.slips_to(haplotype("AC", 8))


def test_a_slip_with_a_wrong_base_is_explained_and_is_no_pure_slip() -> None:
    true = Haplotype(haplotype("AC", 8))
    seen = "T" + haplotype("AC", 7)[1:]
    assert math.isclose(true.explains(seen), MISREAD * true.explains(haplotype("AC", 7)))
    assert not true.slips_to(seen)


@given(st.text("ACGT", max_size=30), st.text("ACGT", max_size=30))
def test_chances_are_chances_and_equal_bases_explain_best(bases: str, seen: str) -> None:
    chance = Haplotype(bases).explains(seen)
    assert 0 <= chance <= 1
    assert (chance == 1) == (bases == seen)


@given(st.text("ACGT", min_size=1, max_size=6), st.integers(5, 9), st.integers(1, 3))
def test_slips_go_both_ways(unit: str, copies: int, steps: int) -> None:
    short, long = haplotype(unit, copies), haplotype(unit, copies + steps)
    assert Haplotype(short).slips_to(long)
    assert Haplotype(long).slips_to(short)
