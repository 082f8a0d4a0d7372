import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.variants.intervals import Territory, read_bed

INTERVALS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.integers(0, 30)), max_size=8
)


def bases(intervals: list[tuple[str, int, int]]) -> set[tuple[str, int]]:
    return {(c, at) for c, start, end in intervals for at in range(start, end)}


@given(INTERVALS, INTERVALS)
def test_territories_are_sets_of_bases(
    one: list[tuple[str, int, int]], two: list[tuple[str, int, int]]
) -> None:
    first, second = Territory.of(one), Territory.of(two)
    assert first.size == len(bases(one))
    assert bases(list(first)) == bases(one)
    assert bases(list(first.intersect(second))) == bases(one) & bases(two)
    assert bases(list(first.without(second))) == bases(one) - bases(two)
    everywhere = [(c, at) for c in "abz" for at in range(31)]
    assert {place for place in everywhere if first.holds(*place)} == bases(one)


def test_bed_rows_are_read_and_headers_skipped() -> None:
    lines = ["track name=x", "# note", "", "a\t1\t5\tname", "a 4 9"]
    assert read_bed(lines).spans == {"a": ((1, 9),)}


@pytest.mark.parametrize("line", ["a\t5\t5", "a\t9\t5", "a\tx\t5", "a\t5", "a\t-1\t5"])
def test_wrong_bed_rows_name_their_line(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_bed(["a\t1\t2", line])
