"""Bands of numbers and ranges of classifications."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.codebook.book import variable
from equisite.codebook.derive import band_code, range_code


@pytest.mark.parametrize(
    ("age", "band"),
    [(0, "0-17"), (17, "0-17"), (18, "18-39"), (79.9, "70-79"), (80, "80+"), (120, "80+")],
)
def test_an_age_falls_into_its_band(age: float, band: str) -> None:
    assert band_code(variable("age_band"), age) == band


@pytest.mark.parametrize("age", [None, math.nan, -1])
def test_an_age_that_is_not_there_is_missing(age: float | None) -> None:
    assert band_code(variable("age_band"), age) == "missing"


@given(st.integers(0, 130))
def test_every_age_lies_between_the_ends_its_code_names(age: int) -> None:
    code = band_code(variable("age_band"), age)
    low, high = (80, 999) if code == "80+" else map(int, code.split("-"))
    assert low <= age <= high


@pytest.mark.parametrize(
    ("code", "chapter"),
    [
        ("A00", "I"),
        ("C50.9", "II"),
        ("c49.2", "II"),
        ("D48.9", "II"),
        ("D50", "III"),
        ("8500/3", "II"),
        ("H59.8", "VII"),
        ("H60", "VIII"),
        ("T98.3", "XIX"),
        ("Z00", "XXI"),
        ("U07.1", "XXII"),
        ("1234/5", "missing"),
        ("D", "missing"),
        ("", "missing"),
    ],
)
def test_a_diagnosis_falls_into_its_chapter(code: str, chapter: str) -> None:
    assert range_code(variable("diagnosis_chapter"), code) == chapter


def test_chapters_do_not_overlap() -> None:
    chapters = variable("diagnosis_chapter")
    for code, ranges in chapters.ranges.items():
        for end in (end for r in ranges for end in r.split("-")):
            assert range_code(chapters, end) == code
