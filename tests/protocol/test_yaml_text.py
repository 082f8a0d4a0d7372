"""YAML as people mean it: 1.2 scalars, lines, duplicate keys."""

from __future__ import annotations

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.protocol.yaml_text import read_yaml

numbers = st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False)
keys = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=2, max_size=5)
texts = st.text(
    # JSON writes what lies beyond as two escapes, which is no YAML; DEL must be escaped there,
    # and 0 is refused
    st.characters(max_codepoint=0xD7FF, exclude_characters="\0\x7f"),
    max_size=8,
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@given(content=st.dictionaries(keys, values, min_size=1, max_size=4))
def test_json_is_read_as_json(content: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.yaml"
        path.write_text(json.dumps(content))
        document, findings = read_yaml(path)
    assert findings == []
    assert document is not None
    assert same(document.content, content)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=0) if one is not None else other is None
    return type(one) is type(other) and one == other


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("2026-01-31", "2026-01-31"),
        ("007", "007"),
        ("0", 0),
        ("0" * 64, "0" * 64),
        ("1" * 64, "1" * 64),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        ("1e-9", 1e-9),
        ("'12'", "12"),
        ("~", None),
        ("True", True),
    ],
)
def test_scalars(tmp_path: Path, text: str, value: object) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"\ufeffkey: {text}\r\n", encoding="utf-8")
    document, _ = read_yaml(path)
    assert document is not None
    assert document.content == {"key": value}
    assert type(document.content["key"]) is type(value)


def test_all_duplicates_come_together_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\nb: {c: 1, c: 2}\nlist:\n  - {d: 1}\n  - d: 1\n    d: 2\na: 3\n")
    document, findings = read_yaml(path)
    assert document is not None  # of each the first is taken, and the file is refused
    assert document.content["a"] == 1
    assert [(f.where, f.numbers["first"]) for f in findings] == [
        ("a.yaml line 2, key b.c", 2),
        ("a.yaml line 6, key list[2].d", 5),
        ("a.yaml line 7, key a", 1),
    ]


@pytest.mark.parametrize(
    "text", ["", "- a\n", "just words\n", "a: [1\n", "a: b: c\n", "? [x]\n: 1\n"]
)
def test_what_is_no_mapping_is_refused_with_a_finding(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    document, findings = read_yaml(path)
    assert document is None
    assert [f.code for f in findings] == ["YAML_SYNTAX"]


def test_deep_nesting_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: " + "[" * 200 + "]" * 200 + "\n")
    assert [f.code for f in read_yaml(path)[1]] == ["YAML_SYNTAX"]


@given(st.binary(max_size=60))
def test_any_bytes_give_a_document_or_findings(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.yaml"
        path.write_bytes(content)
        document, findings = read_yaml(path)
    assert (document is None) == bool(findings)
    for finding in findings:
        assert finding.render()
