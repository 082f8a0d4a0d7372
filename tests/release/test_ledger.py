"""The ledger's chain: an edit, a removal, another order or another form is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from equisite.core.canonical import canonical_json, sha256_bytes
from equisite.core.errors import ReleaseRefusal
from equisite.release.ledger import GENESIS, append, locked, patient_set, read_ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.jsonl"
    with locked(path):
        for number in range(1, 5):
            append(path, {"kind": "release", "release_no": number})
    return path


def test_each_line_names_the_digest_of_the_line_before(ledger: Path):
    lines = ledger.read_bytes().splitlines()
    records = read_ledger(ledger).records
    assert [r["seq"] for r in records] == [1, 2, 3, 4]
    assert [r["prev"] for r in records] == [
        GENESIS,
        *(sha256_bytes(line) for line in lines[:-1]),
    ]
    assert read_ledger(ledger).head == sha256_bytes(lines[-1])
    assert read_ledger(ledger).last_release_no == 4
    assert ledger.stat().st_mode & 0o077 == 0


def test_no_ledger_is_an_empty_one(tmp_path: Path):
    empty = read_ledger(tmp_path / "none.jsonl")
    assert (empty.head, empty.last_release_no) == (GENESIS, 0)


def line_changed(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"release_no":1', b'"release_no":7'), *lines[1:]]


CHANGES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "edited": (line_changed, "L_CHAIN"),
    "first removed": (lambda lines: lines[1:], "L_CHAIN"),
    "removed inside": (lambda lines: [*lines[:1], *lines[2:]], "L_CHAIN"),
    "another order": (lambda lines: [lines[1], lines[0], *lines[2:]], "L_CHAIN"),
    "a line twice": (lambda lines: [*lines, lines[-1]], "L_CHAIN"),
    "blanks added": (lambda lines: [lines[0].replace(b":", b": ", 1), *lines[1:]], "L_CANON"),
    "no JSON": (lambda lines: [*lines, b"{"], "L_CANON"),
    "no record": (lambda lines: [*lines, b"[]"], "L_CANON"),
    "an empty line": (lambda lines: [*lines, b""], "L_CANON"),
}


def test_a_ledger_that_does_not_begin_with_one_is_seen(tmp_path: Path):
    """A chain that is whole by itself, under other numbers: two ledgers joined, or a part."""
    path = tmp_path / "ledger.jsonl"
    line = {
        "kind": "release",
        "release_no": 1,
        "prev": GENESIS,
        "schema": "ledger-v1",
        "seq": 2,
    }
    path.write_bytes(canonical_json(line) + b"\n")
    with pytest.raises(ReleaseRefusal, match="L_CHAIN"):
        read_ledger(path)


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_is_seen(kind: str, ledger: Path):
    change, code = CHANGES[kind]
    ledger.write_bytes(b"".join(b + b"\n" for b in change(ledger.read_bytes().splitlines())))
    with pytest.raises(ReleaseRefusal, match=code):
        read_ledger(ledger)
    with pytest.raises(ReleaseRefusal, match=code):
        append(ledger, {"kind": "release", "release_no": 5})


def test_a_cut_line_is_seen(ledger: Path):
    ledger.write_bytes(ledger.read_bytes()[:-1])
    with pytest.raises(ReleaseRefusal, match="L_CANON"):
        read_ledger(ledger)


def test_a_set_of_patients_has_no_order_and_no_name():
    one = patient_set(b"k" * 32, ["P2", "P1"])
    assert one == patient_set(b"k" * 32, ["P1", "P2"])
    assert len(one) == 32
    assert one != patient_set(b"j" * 32, ["P1", "P2"])
    assert b"P1" not in one
