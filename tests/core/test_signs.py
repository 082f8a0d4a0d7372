"""What stands in a message is seen, and ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from equisite.core.errors import Finding
from equisite.core.signs import LONGEST_WORD, legible, looks_like, unseen


@given(st.text(max_size=400))
def test_every_sign_of_a_message_is_seen_and_can_be_written(text: str) -> None:
    told = legible(text)
    assert not any(map(unseen, told))
    told.encode()  # UnicodeEncodeError where half a surrogate pair is left
    assert max(map(len, told.split(" "))) <= LONGEST_WORD


@given(
    st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs")), max_size=200)
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert legible(text) == text


def test_a_finding_shows_what_is_not_seen_and_both_ends_of_a_long_name() -> None:
    name = "a" * 150 + "/" + "b" * 5000
    finding = Finding("FILE_MISSING", "x\x1b.tsv line 2", {"path": name, "hint": "no \udce4"})
    told = finding.render()
    assert len(told) < 500
    assert "aaa...bbb" in told
    assert "no <U+DCE4>" in told
    assert told.startswith("FILE_MISSING x<U+001B>.tsv line 2: ")
    assert finding.numbers["path"] == name


def test_ids_that_look_the_same() -> None:
    same = ("P-01", "\uff30-01", "\u0420-01", "\u03a1-01")
    assert {looks_like(one) for one in same} == {"p-01"}
    assert looks_like("P01") != looks_like("P02")
