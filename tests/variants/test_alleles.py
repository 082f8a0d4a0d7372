import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.variants.alleles import Edit, apply_edits, left_shifted, span, trim

REPEATS = st.text("AC", min_size=12, max_size=40)


def changed(edit: Edit, sequence: str) -> str:
    return sequence[: edit.start] + edit.alt + sequence[edit.end :]


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, Edit]:
    sequence = draw(REPEATS)
    start = draw(st.integers(0, len(sequence) - 1))
    end = draw(st.integers(start, min(start + 4, len(sequence))))
    alt = draw(st.text("AC", max_size=4))
    edit = trim("c", start, sequence[start:end], alt)
    if edit is None:
        edit = trim("c", start, sequence[start : start + 1], sequence[start] + "G")
    assert edit is not None
    return sequence, edit


@pytest.mark.parametrize(
    ("ref", "alt", "expected"),
    [
        ("A", "G", (10, 11, "G")),
        ("AT", "A", (11, 12, "")),
        ("A", "ATT", (11, 11, "TT")),
        ("TCAC", "CCAT", (10, 14, "CCAT")),
        ("GCA", "GTA", (11, 12, "T")),
        ("CAA", "CA", (11, 12, "")),
    ],
)
def test_shared_bases_are_trimmed(ref: str, alt: str, expected: tuple[int, int, str]) -> None:
    edit = trim("c", 10, ref, alt)
    assert edit is not None
    assert edit[1:] == expected


def test_equal_alleles_are_no_change() -> None:
    assert trim("c", 10, "ACG", "ACG") is None


@given(edits())
def test_shifting_keeps_the_changed_sequence_and_ends_leftmost(case: tuple[str, Edit]) -> None:
    sequence, edit = case
    shifted = left_shifted(edit, {"c": sequence})
    assert changed(shifted, sequence) == changed(edit, sequence)
    assert left_shifted(shifted, {"c": sequence}) == shifted
    if edit.is_indel and not (edit.alt and edit.start < edit.end):
        everywhere = {
            (at, changed(Edit("c", at, at + edit.end - edit.start, alt), sequence))
            for at in range(len(sequence) + 1 - (edit.end - edit.start))
            for alt in ({sequence_part(edit, sequence, at)} if edit.alt else {""})
        }
        same = [at for at, text in everywhere if text == changed(edit, sequence)]
        assert shifted.start == min(same)


def sequence_part(edit: Edit, sequence: str, at: int) -> str:
    """What an insertion at `at` would have to insert to give the same sequence."""
    return changed(edit, sequence)[at : at + len(edit.alt)]


@given(edits())
def test_span_reaches_from_the_first_to_the_last_way_of_writing(case: tuple[str, Edit]) -> None:
    sequence, edit = case
    start, end = span(edit, {"c": sequence})
    target = changed(edit, sequence)
    if edit.alt and edit.start < edit.end:
        assert (start, end) == (edit.start, edit.end)
        return
    length = edit.end - edit.start
    places = []
    for at in range(len(sequence) + 1 - length):
        other = Edit(
            "c", at, at + length, sequence_part(edit, sequence, at) if edit.alt else ""
        )
        if changed(other, sequence) == target:
            places.append(at)
    assert (start, end) == (min(places), max(places) + length)


def test_edits_that_touch_the_same_base_collide() -> None:
    deletion, snp = Edit("c", 2, 5, ""), Edit("c", 3, 4, "G")
    assert apply_edits((deletion, snp), "AACCAA", 0, 6) is None
    assert apply_edits((deletion, Edit("c", 5, 6, "G")), "AACCAA", 0, 6) == "AAG"
    insertion = Edit("c", 2, 2, "T")
    assert apply_edits((insertion, Edit("c", 2, 3, "G")), "AACCAA", 0, 6) == "AATGCAA"
    assert apply_edits((insertion, Edit("c", 2, 2, "G")), "AACCAA", 0, 6) is None
