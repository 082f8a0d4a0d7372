"""Two releases of one site, subtracted: nobody stands alone in the difference (R14)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_cohort import TABLES, columns, protocol, write_site

from equisite.bundle.ruleset import rules_of
from equisite.core.canonical import sha256_bytes
from equisite.protocol.models import Protocol
from equisite.release.approve import approve
from equisite.release.increments import Behind, Increments, changed_enough, of_file
from equisite.release.ledger import PATIENT_TAG
from equisite.release.past import Past
from equisite.release.prepare import Prepared, prepare, write_prepared

IMAGE = "0" * 64
EVERYBODY = columns(120)
DEFAULT = protocol()


def released(
    site: Path,
    people: Iterable[int],
    found: Mapping[str, Sequence[str]] = EVERYBODY,
    made: Protocol = DEFAULT,
) -> Prepared:
    """Prepare a release of some people and let it out."""
    write_site(site, found, made, order=list(people))
    prepared = prepare(site, IMAGE)
    write_prepared(site, prepared, "")
    approve(site)
    return prepared


def prepared(site: Path, people: Iterable[int], **other: Any) -> dict[str, str]:
    """What would become of each table of a second release: its reason, empty if it leaves."""
    write_site(site, other.get("found", EVERYBODY), other.get("made", DEFAULT), order=[*people])
    bundle = prepare(site, IMAGE).bundle
    shown = {row.table for row in (*bundle.cells, *bundle.quality)}
    assert shown == {row.table for row in bundle.tables if not row.reason}
    return {row.table: row.reason for row in bundle.tables}


def changed(column: str, value: str, person: int = 7) -> dict[str, list[str]]:
    """The cohort in which one person has another value."""
    cells = list(EVERYBODY[column])
    assert cells[person] != value
    cells[person] = value
    return {**EVERYBODY, column: cells}


def test_one_patient_more_or_fewer_stops_every_table(tmp_path: Path) -> None:
    first = released(tmp_path, range(60))
    left = {row.table for row in first.bundle.tables if not row.reason}
    assert {"cohort", "diagnosis", "carriers", "mr_core", "mr_covariates", "quality"} <= left
    for people in (range(61), range(59), [*range(59), 60]):
        after = prepared(tmp_path, people)
        assert "" not in after.values()
        assert {after[table] for table in left} == {"increment"}


def test_equal_cells_of_other_patients_tell_of_them_too(tmp_path: Path) -> None:
    """Who comes and changes no count carries nothing: that is not told either."""
    carriers = [name for name in EVERYBODY if name.startswith("carriers__")]
    nobody = {**EVERYBODY, **{name: ["0"] * 120 for name in carriers}}
    made = protocol(tables=[table for table in TABLES if table["kind"] == "carriers"])
    alike = {**nobody, **{name: ["1"] * 20 + ["0"] * 100 for name in carriers}}
    first = released(tmp_path, range(60), alike, made)
    assert first.bundle.tables[0].reason == ""
    swapped = prepared(tmp_path, [*range(59), 60], found=alike, made=made)
    assert set(swapped.values()) == {"increment"}


@pytest.mark.parametrize(("people", "leaves"), [(79, False), (80, True), (120, True)])
def test_as_many_as_the_rules_say_may_come(tmp_path: Path, people: int, leaves: bool) -> None:
    released(tmp_path, range(60))
    after = prepared(tmp_path, range(people))
    assert ("increment" in after.values()) is not leaves
    assert (after["mr_core"] == "") is leaves


def test_nothing_changed_is_the_same_release(tmp_path: Path) -> None:
    first = released(tmp_path, range(60))
    write_site(tmp_path, EVERYBODY, DEFAULT, order=[*range(59, -1, -1)])
    assert prepare(tmp_path, IMAGE).content == first.content


def test_one_mended_value_stops_the_tables_that_were_made_of_it(tmp_path: Path) -> None:
    made = protocol(tables=[t for t in TABLES if t["kind"] in ("quality", "moment", "hist")])
    first = released(tmp_path, range(60), made=made)
    assert {row.reason for row in first.bundle.tables} == {""}
    deeper = prepared(tmp_path, range(60), made=made, found=changed("mean_depth", "99"))
    assert deeper == {"quality": "increment", "mr_core": "", "mr_hist": ""}
    column = next(c for c in EVERYBODY if c.startswith("mr__gtv__"))
    mended = changed(column, EVERYBODY[column][8])
    larger = prepared(tmp_path, range(60), made=made, found=mended)
    assert larger == {"quality": "", "mr_core": "increment", "mr_hist": "increment"}


def test_a_patient_who_gets_genomics_later_is_seen_in_no_difference(tmp_path: Path) -> None:
    """The cohort stays the same; its genomics, and all made equal to it, grow by one."""
    before = {
        name: ["" if "carriers" in name and i == 3 else cell for i, cell in enumerate(cells)]
        for name, cells in EVERYBODY.items()
    }
    released(tmp_path, range(60), before)
    after = prepared(tmp_path, range(60))
    assert after["carriers"] == "increment"
    assert "" not in after.values()


def test_another_name_of_a_table_changes_nothing(tmp_path: Path) -> None:
    released(tmp_path, range(60))
    renamed = protocol(tables=[{**table, "id": f"new_{table['id']}"} for table in TABLES])
    after = prepared(tmp_path, range(61), made=renamed)
    assert "" not in after.values()


def test_a_table_of_one_column_more_needs_k_newcomers(tmp_path: Path) -> None:
    table = {"id": "quality", "kind": "quality", "variables": ["mean_depth"]}
    wider = {**table, "variables": ["mean_depth", "callable_fraction"]}
    found = {**EVERYBODY, "callable_fraction": [f"0.9{i % 9}" for i in range(120)]}
    released(tmp_path, range(60), found, protocol(tables=[table]))
    for people, reason in ((69, "increment"), (70, "")):
        after = prepared(tmp_path, range(people), found=found, made=protocol(tables=[wider]))
        assert after == {"quality": reason}


def test_lost_tags_stop_what_they_would_be_compared_with(tmp_path: Path) -> None:
    released(tmp_path, range(60))
    for path in (tmp_path / "private/sets").iterdir():
        path.unlink()
    assert set(prepared(tmp_path, range(120)).values()) - {""} == {"increment"}


@pytest.mark.parametrize("tables", [True, False])
@pytest.mark.parametrize(("people", "leaves"), [(61, False), (120, True)])
def test_a_ledger_of_an_earlier_version_speaks_of_the_cohort(
    tmp_path: Path, people: int, leaves: bool, tables: bool
) -> None:
    released(tmp_path, range(60))
    path = tmp_path / "private/ledger.jsonl"
    record = json.loads(path.read_bytes())
    for table in record["tables"].values():
        del table["columns"], table["rows_sha256"]
    if not tables:
        del record["tables"], record["opt_in"]
    path.write_bytes(json.dumps(record, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    after = prepared(tmp_path, range(people))
    assert (after["mr_core"] == "") is leaves


def test_open_data_are_not_compared(tmp_path: Path) -> None:
    made = protocol(public=True)
    released(tmp_path, range(60), made=made)
    assert "increment" not in prepared(tmp_path, range(61), made=made).values()
    record = json.loads((tmp_path / "private/ledger.jsonl").read_bytes())
    assert all("rows_sha256" not in table for table in record["tables"].values())


def test_names_and_values_stand_in_no_kept_file(tmp_path: Path) -> None:
    released(tmp_path, range(60))
    for path in (tmp_path / "private/sets").iterdir():
        assert b"PAT0" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


def test_what_left_already_beside_the_others_may_do_so_again(tmp_path: Path) -> None:
    """Two tables of one release share a column and differ by two patients: that is out."""
    rows = {bytes([n]) * PATIENT_TAG: b"v" * 16 for n in range(40)}
    one = Behind(("a", "b"), rows)
    other = Behind(("b", "c"), dict(list(rows.items())[2:]))
    tables = {}
    for name, behind in (("one", one), ("other", other)):
        digest = sha256_bytes(behind.content)
        (tmp_path / f"{digest}.bin").write_bytes(behind.content)
        tables[name] = {"columns": list(behind.columns), "rows_sha256": digest}
    past = Past([{"kind": "release", "tables": tables, "opt_in": []}], tmp_path)
    increments = Increments(past, b"k" * 32, [])
    rules = rules_of(DEFAULT)
    assert increments.allow(one, rules) and increments.allow(other, rules)
    mended = Behind(one.columns, {**rows, bytes([7]) * PATIENT_TAG: b"w" * 16})
    assert not increments.allow(mended, rules)


_TAG = st.binary(min_size=16, max_size=16)


@given(st.dictionaries(_TAG, _TAG))
def test_what_is_kept_is_read_back(rows: dict[bytes, bytes]) -> None:
    one = Behind(("a", "b"), rows)
    assert of_file(one.columns, one.content) == one


def test_what_shares_nothing_tells_nothing() -> None:
    one = Behind(("a",), {b"1": b"x", b"2": b"x"})
    assert changed_enough(one, Behind(("b",), {b"1": b"x"}), 20, 10)
    assert changed_enough(one, Behind(("a",), {b"3": b"x"}), 20, 10)
    assert not changed_enough(one, Behind(("a",), {b"1": b"x"}), 20, 10)
