import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.variants.alignment import edits_between
from equisite.variants.alleles import Edit, apply_edits, left_shifted

FLANK = "GATTCAGT"


def edits(ref: str, alt: str) -> list[tuple[int, int, str]]:
    reference = {"c": FLANK + ref + FLANK}
    start = len(FLANK)
    found = edits_between("c", start, start + len(ref), alt, reference)
    return [(edit.start - start, edit.end - start, edit.alt) for edit in found]


@pytest.mark.parametrize(
    ("ref", "alt", "expected"),
    [
        ("ACACAC", "ACACAC", []),
        ("TACACAC", "TACAC", [(1, 3, "")]),
        ("TACACAC", "TACACACAC", [(1, 1, "AC")]),
        ("GTTTTTTTTC", "CTTTTTTTTTC", [(0, 0, "C"), (0, 1, "T")]),
        ("TCAATTACACACAC", "TCGATTACAC", [(2, 3, "G"), (6, 10, "")]),
        ("ACACACACGATTTTTTG", "ACACGATTTTTTTG", [(0, 4, ""), (10, 10, "T")]),
        ("GATAG", "GCTCG", [(1, 2, "C"), (3, 4, "C")]),
    ],
)
def test_known_haplotypes(ref: str, alt: str, expected: list[tuple[int, int, str]]) -> None:
    assert edits(ref, alt) == expected


def test_gaps_that_meet_become_one_change() -> None:
    assert edits("TAAAAAAAAAAT", "TCCCCCCCCCT") == [(1, 11, "CCCCCCCCC")]


BASES = st.text("AC", max_size=16)


@given(BASES, BASES, st.text("GT", max_size=3))
def test_edits_lead_to_the_haplotype_and_are_leftmost(ref: str, alt: str, more: str) -> None:
    reference = {"c": FLANK + ref + FLANK}
    start, end = len(FLANK), len(FLANK) + len(ref)
    found = edits_between("c", start, end, alt + more, reference)
    whole = apply_edits(tuple(found), reference["c"], 0, len(reference["c"]))
    assert whole == FLANK + alt + more + FLANK
    assert found == sorted(found)
    assert all(isinstance(e, Edit) and e == left_shifted(e, reference) for e in found)
