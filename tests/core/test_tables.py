"""Typed tables: round trip, equal bytes, honest refusals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.core.errors import InputError
from equisite.core.tables import format_cell, read_rows, read_table, write_rows, write_table


@dataclass(frozen=True)
class Sample:
    name: str
    depth: float
    lanes: int | None
    kept: bool


_TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12)


@given(
    st.lists(
        st.builds(
            Sample,
            name=_TEXT,
            depth=st.floats(allow_nan=False, allow_infinity=False, width=32).map(
                lambda x: float(f"{x:.10g}") + 0.0
            ),
            lanes=st.none() | st.integers(-(10**9), 10**9),
            kept=st.booleans(),
        ),
        max_size=5,
    )
)
def test_rows_come_back_as_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("t") / "x.tsv"
    write_rows(path, Sample, rows)
    assert read_rows(path, Sample) == rows


def test_missing_is_the_empty_cell_and_nothing_else(tmp_path: Path):
    write_table(tmp_path / "x.tsv", ["a", "b"], [{"a": "NA"}, {"a": "001", "b": math.nan}])
    assert read_table(tmp_path / "x.tsv")[1] == [{"a": "NA", "b": ""}, {"a": "001", "b": ""}]


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\rb"])
def test_a_cell_that_would_break_the_table_is_refused(text: str):
    with pytest.raises(ValueError, match="tab or a line break"):
        format_cell(text)


@pytest.mark.parametrize(
    ("content", "problem"),
    [("", "the file is empty"), ("a\tb\n1\n", "1 cells where the header has 2")],
)
def test_a_broken_table_is_named(tmp_path: Path, content: str, problem: str):
    (tmp_path / "x.tsv").write_text(content)
    with pytest.raises(InputError, match=problem):
        read_table(tmp_path / "x.tsv")


def test_other_columns_than_the_row_type_are_refused(tmp_path: Path):
    (tmp_path / "x.tsv").write_text("name\tdepth\n")
    with pytest.raises(InputError, match="TABLE_UNREADABLE"):
        read_rows(tmp_path / "x.tsv", Sample)
