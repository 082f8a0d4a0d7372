"""Opt-in tables (R15): approvals and their refusals, the budget, and what never leaves."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_approval import (
    COHORT,
    COMMON,
    HMB,
    NPU,
    TABLE,
    allele,
    approval,
    make_key,
    opt_in_protocol,
    opt_in_site,
    write_approver,
    write_carried,
)
from made_cohort import columns, patient, write_site

from equisite.bundle.codec import Bundle, encode, encode_files, read_bundle
from equisite.bundle.ruleset import rules_of
from equisite.bundle.signature import armoured, bare
from equisite.bundle.verify import verify
from equisite.cli.main import main
from equisite.compare.admission import stranger
from equisite.core.errors import ReleaseRefusal
from equisite.core.tables import read_table
from equisite.protocol.keyring import SiteKeys
from equisite.protocol.load import protocol_json
from equisite.protocol.models import Protocol
from equisite.release.approvals import APPROVALS, read_permits, sign_approval
from equisite.release.approve import approve
from equisite.release.ledger import read_ledger
from equisite.release.patients import Carried
from equisite.release.positions import list_positions
from equisite.release.prepare import Prepared, prepare, write_prepared
from equisite.release.review import review_page

IMAGE = "0" * 64
DAY = "2024-06-01"
LISTED = {allele(1): range(20)}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("keys"))


def listed(prepared: Prepared, table: str = "site_positions") -> set[str]:
    cells = [c for c in prepared.bundle.cells if c.table == table]
    return {cell.key.rpartition("variant=")[2] for cell in cells}


def reason(prepared: Prepared, table: str = "site_positions") -> str:
    return next(r.reason for r in prepared.bundle.tables if r.table == table)


def let_out(site: Path) -> Prepared:
    """Prepare and approve, as two people would."""
    prepared = prepare(site, IMAGE)
    write_prepared(site, prepared, review_page(prepared, site))
    approve(site, DAY)
    return prepared


# -- what leaves ---------------------------------------------------------------------------


def test_enough_carriers_and_enough_others_are_listed(tmp_path: Path, key: Path) -> None:
    carriers = {allele(n): range(n) for n in (9, 10, 30, 50, 51, 60)}
    site = opt_in_site(tmp_path, key, carriers, approved={})
    prepared = prepare(site, IMAGE)
    assert listed(prepared) == {allele(10), allele(30), allele(50)}
    assert {(c.measure, c.value) for c in prepared.bundle.cells if c.table == TABLE["id"]} == {
        ("listed", "1")
    }
    about = prepared.bundle.about
    assert about.opt_in
    assert [(a.table, a.approval_id, a.k) for a in about.approvals] == [
        ("site_positions", "REC-17", 10)
    ]
    assert verify(prepared.content, opt_in_protocol()).findings == ()


def test_what_one_patient_too_few_carries_is_nowhere(
    tmp_path: Path, key: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    few, whole = "chr17:7777:C:T", "chr17:8888:C:T"
    site = opt_in_site(tmp_path, key, {**LISTED, few: range(9), whole: range(55)}, approved={})
    assert main(["prepare", "--directory", str(site)]) == 0
    prepared = prepare(site, IMAGE)
    told = capfd.readouterr()
    places = [
        prepared.content,
        *encode_files(prepared.bundle).values(),
        *(path.read_bytes() for path in (site / "private/review").iterdir()),
        told.out.encode() + told.err.encode(),
    ]
    for content in places:
        assert b"7777" not in content
        assert b"8888" not in content
        assert patient(3).encode() not in content
    assert b"chr17:1001:A:G" in prepared.content


def test_an_approval_that_is_named_after_a_patient_does_not_leave(
    tmp_path: Path, key: Path
) -> None:
    named = {"approval_id": f"for-{patient(3)}"}
    site = opt_in_site(tmp_path, key, LISTED, approved=named)
    with pytest.raises(ReleaseRefusal, match="R_SCAN"):
        prepare(site, IMAGE)


def test_an_allele_outside_the_regions_has_no_cell(tmp_path: Path, key: Path) -> None:
    other = {"chr17:999:A:G": range(20), "chr1:2000:A:G": range(20), **LISTED}
    assert listed(prepare(opt_in_site(tmp_path, key, other, approved={}), IMAGE)) == {allele(1)}


def test_patients_outside_the_cohort_are_not_counted(tmp_path: Path, key: Path) -> None:
    """Carriers who withdrew stand in no row of the cohort."""
    site = opt_in_site(tmp_path, key, {allele(1): range(52, 66), **LISTED}, approved={})
    assert listed(prepare(site, IMAGE)) == {allele(1)}
    write_carried(site, {allele(1): range(52, 66), allele(2): range(20)})
    assert listed(prepare(site, IMAGE)) == {allele(2)}


def test_a_table_without_a_listed_allele_says_only_that(tmp_path: Path, key: Path) -> None:
    site = opt_in_site(tmp_path, key, {allele(1): range(9)}, approved={})
    prepared = prepare(site, IMAGE)
    assert reason(prepared) == "small"
    assert not prepared.bundle.about.opt_in
    assert prepared.bundle.about.approvals == ()


def test_open_data_list_what_one_carries(tmp_path: Path, key: Path) -> None:
    made = opt_in_protocol(public=True)
    site = opt_in_site(tmp_path, key, {allele(1): [0]}, made=made, approved={})
    prepared = prepare(site, IMAGE)
    assert listed(prepared) == {allele(1)}
    assert verify(prepared.content, made).findings == ()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(5, 12), st.integers(0, 9)
)
def test_no_list_ever_holds_a_small_number(counts: list[int], k: int, out: int) -> None:
    """Whatever the numbers, the group and k: carriers and others are nobody or at least k."""
    rules = replace(rules_of(opt_in_protocol()), k=k)
    group = np.arange(40) >= out
    carried = {
        allele(number): Carried(np.arange(40) < count, COMMON)
        for number, count in enumerate(counts)
    }
    found = list_positions("t", {"analysis_set": "all"}, carried, group, [40], rules)
    names = {row.key.rpartition("variant=")[2] for row in found.rows}
    for name, own in carried.items():
        carriers = int((own.carriers & group).sum())
        rest = [total - carriers for total in (40, int(group.sum()))]
        assert (name in names) == (carriers >= k and all(r >= k for r in rest))


# -- approvals and their refusals ----------------------------------------------------------


def test_without_an_approval_no_position_leaves(
    tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = opt_in_site(tmp_path, key, LISTED)
    prepared = prepare(site, IMAGE)
    assert reason(prepared) == "approval"
    assert not prepared.bundle.about.opt_in
    assert b"1001" not in b"".join(encode_files(prepared.bundle).values())
    assert verify(prepared.content, opt_in_protocol()).findings == ()
    assert main(["prepare", "--directory", str(site)]) == 0
    assert "R15_NOT_NAMED" in capsys.readouterr().out
    page = (site / "private/review/review.html").read_text()
    assert "R15_NOT_NAMED" in page
    assert "<code>equisite approval draft</code>" in page
    assert "`" not in page
    assert main(["approval", "list", "--directory", str(site)]) == 0
    assert "R15_NOT_NAMED" in capsys.readouterr().out


def change(site: Path, **fields: Any) -> None:
    path = site / APPROVALS / "REC-17.json"
    content = json.loads(path.read_bytes()) | fields
    path.write_bytes(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())


def edit_k(site: Path) -> None:
    change(site, k=5)


def spoil(site: Path) -> None:
    (site / APPROVALS / "REC-17.json").write_text("{}")


def rename(site: Path) -> None:
    for path in sorted((site / APPROVALS).iterdir()):
        path.rename(path.with_name(f"OTHER{path.suffix}"))


def unsign(site: Path) -> None:
    (site / APPROVALS / "REC-17.sig").unlink()


def unsign_permission(site: Path) -> None:
    (site / APPROVALS / "REC-17.permission.sig").unlink()


def swap_signatures(site: Path) -> None:
    whole = site / APPROVALS / "REC-17.sig"
    whole.with_suffix(".permission.sig").write_bytes(whole.read_bytes())


def other_approver(site: Path) -> None:
    write_approver(site, make_key(site / "keys", "new"))


def no_approver(site: Path) -> None:
    (site / "work/intake/approver.json").write_text('{"approve_key":null}')


def key_expired(site: Path) -> None:
    known = json.loads((site / "work/intake/approver.json").read_bytes())
    (site / "work/intake/approver.json").write_text(
        json.dumps(known | {"valid_until": "2023-12-31"})
    )


def other_protocol(site: Path) -> None:
    wider = {**TABLE, "regions": ["chr17:1-99999"]}
    made = opt_in_protocol([COHORT, wider])
    (site / "work/intake/protocol.json").write_bytes(protocol_json(made))


@pytest.mark.parametrize(
    ("spoiled", "code"),
    [
        (edit_k, "R15_SIGNATURE"),
        (unsign, "R15_SIGNATURE"),
        (unsign_permission, "R15_SIGNATURE"),
        (swap_signatures, "R15_SIGNATURE"),
        (other_approver, "R15_SIGNATURE"),
        (key_expired, "R15_SIGNATURE"),
        (no_approver, "R15_KEY_ABSENT"),
        (spoil, "R15_FORM"),
        (rename, "R15_FORM"),
        (other_protocol, "R15_PROTOCOL"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_an_approval_that_does_not_fit_keeps_the_table_inside(
    tmp_path: Path, key: Path, spoiled: Any, code: str
) -> None:
    site = opt_in_site(tmp_path, key, LISTED, approved={})
    spoiled(site)
    prepared = prepare(site, IMAGE)
    assert reason(prepared) == "approval"
    assert prepared.permits.findings["site_positions"].code == code
    assert prepared.permits.findings["site_positions"].mend
    assert code in review_page(prepared, site)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"table_ids": ["cohort"]}, "R15_TABLE"),
        ({"table_ids": ["site_positions", "other"]}, "R15_TABLE"),
        ({"protocol_sha256": "1" * 64}, "R15_PROTOCOL"),
        ({"expires": "2024-01-14"}, "R15_DATES"),
        ({"duo": ["DUO:0000007", NPU]}, "R15_DUO"),
        ({"duo": [HMB, "DUO:0000021"]}, "R15_DUO"),
        ({"duo": [HMB, "DUO:9999999"]}, "R15_DUO"),
        ({"k": 4}, "R15_K"),
        ({"k": 1}, "R15_K"),
    ],
)
def test_what_no_approval_may_say_is_not_signed(
    tmp_path: Path, key: Path, fields: dict[str, Any], code: str
) -> None:
    site = opt_in_site(tmp_path, key, LISTED)
    made = opt_in_protocol()
    with pytest.raises(ReleaseRefusal) as caught:
        sign_approval(site, approval(made, **fields), made, key)
    assert caught.value.code == code
    assert not (site / APPROVALS).exists()


def test_another_key_does_not_sign(tmp_path: Path, key: Path) -> None:
    site = opt_in_site(tmp_path, key, LISTED)
    made = opt_in_protocol()
    for wrong in (make_key(tmp_path / "other"), key.with_name("absent")):
        with pytest.raises(ReleaseRefusal) as caught:
            sign_approval(site, approval(made), made, wrong)
        assert caught.value.code == "R15_KEY"
    assert reason(prepare(site, IMAGE)) == "approval"


def test_an_approval_expires_with_the_freeze_and_with_the_day(
    tmp_path: Path, key: Path
) -> None:
    late = {"date": "2023-01-01", "expires": "2024-01-30"}
    site = opt_in_site(tmp_path / "late", key, LISTED, approved=late)
    prepared = prepare(site, IMAGE)
    assert prepared.permits.findings["site_positions"].code == "R15_EXPIRED"
    site = opt_in_site(tmp_path / "good", key, LISTED, approved={})
    prepared = prepare(site, IMAGE)
    write_prepared(site, prepared, "page")
    for day in ("2024-01-14", "2025-01-01"):
        with pytest.raises(ReleaseRefusal) as caught:
            approve(site, day)
        assert caught.value.code == "R15_EXPIRED"
        assert not (site / "outbox").exists()
        assert not read_ledger(site / "private/ledger.jsonl").records
    assert approve(site, "2024-12-31").new


def test_an_approval_taken_away_after_preparation_stops_the_bundle(
    tmp_path: Path, key: Path
) -> None:
    site = opt_in_site(tmp_path, key, LISTED, approved={})
    write_prepared(site, prepare(site, IMAGE), "page")
    (site / APPROVALS / "REC-17.json").unlink()
    with pytest.raises(ReleaseRefusal, match="R_STALE"):
        approve(site, DAY)


def test_the_officer_signs_by_command(
    tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = opt_in_site(tmp_path, key, LISTED)
    assert main(["approval", "draft", "--directory", str(site)]) == 0
    text = capsys.readouterr().out
    draft = tmp_path / "approval.yaml"
    sign = ["approval", "sign", str(draft), "--key", str(key), "--directory", str(site)]
    draft.write_text(text)
    assert main(sign) == 2  # nothing was filled in
    filled = text.replace("approval_id: ???", "approval_id: REC-2024").replace(
        "body: ???", "body: Ethics committee"
    )
    filled = filled.replace("expires: ???", "expires: 2199-12-31")
    draft.write_text(filled.replace("[???]", f"[{HMB}]"))
    capsys.readouterr()
    assert main(sign) == 0
    assert main(["approval", "list", "--directory", str(site)]) == 0
    assert "site_positions: approval REC-2024" in capsys.readouterr().out
    draft.write_text(draft.read_text().replace("REC-2024", "REC-2024-02-03"))
    assert main(sign) == 2
    assert "R15_FORM" in capsys.readouterr().err
    draft.write_text(draft.read_text().replace("REC-2024-02-03", "X").replace(HMB, "HMB"))
    assert main(sign) == 2


def test_a_draft_needs_a_frozen_site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["approval", "draft", "--directory", str(tmp_path)]) == 2
    assert "COHORT_ABSENT" in capsys.readouterr().err


def test_a_protocol_without_opt_in_tables_needs_no_approval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = write_site(tmp_path, columns(60), opt_in_protocol([COHORT]))
    for verb in ("draft", "list"):
        assert main(["approval", verb, "--directory", str(site)]) == 0
        assert "nothing needs an approval" in capsys.readouterr().out


# -- overrides -----------------------------------------------------------------------------


def test_an_approval_may_set_k_and_the_page_says_so(tmp_path: Path, key: Path) -> None:
    carriers = {allele(n): range(n) for n in (4, 5, 9, 55, 56)}
    site = opt_in_site(tmp_path, key, carriers, approved={"k": 5})
    prepared = prepare(site, IMAGE)
    assert listed(prepared) == {allele(5), allele(9), allele(55)}
    assert prepared.bundle.about.approvals[0].k == 5
    assert prepared.bundle.about.k == 10
    text = review_page(prepared, site)
    assert "It sets the smallest number to 5" in text
    assert "Research ethics committee North" in text
    content = prepared.content
    assert verify(content, opt_in_protocol()).findings == ()
    assert b"Research ethics" not in content
    assert b"2024-12-31" not in content


def test_a_site_may_be_stricter_than_its_approval(tmp_path: Path, key: Path) -> None:
    site = opt_in_site(
        tmp_path, key, {allele(1): range(9), allele(2): range(14)}, approved={"k": 5}
    )
    path = site / "work/intake/site.json"
    settings_of = json.loads(path.read_bytes())
    settings_of["tighten"]["k"] = 12
    path.write_text(json.dumps(settings_of))
    assert listed(prepare(site, IMAGE)) == {allele(2)}


# -- the budget ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "frequency", "approved", "out"),
    [
        (13, COMMON, {}, True),  # 26 statistics; 0.4644 for each of 60 patients are 27
        (14, COMMON, {}, False),
        (14, COMMON, {"budget": 0.5}, True),
        (2, None, {}, True),  # not in the population's panel: 12 for each
        (3, None, {}, False),
        (3, 0.01, {}, False),  # rare there: 1 carrier of 60 is expected
        (3, 0.07, {}, True),  # 8 are
        (43, None, {"budget": 1.9909}, False),
    ],
)
def test_a_list_is_charged_and_stops_at_the_limit(
    tmp_path: Path,
    key: Path,
    number: int,
    frequency: float | None,
    approved: dict[str, Any],
    out: bool,
) -> None:
    carriers = {allele(n): range(20) for n in range(number)}
    site = opt_in_site(tmp_path, key, carriers, approved=approved, frequency=frequency)
    prepared = prepare(site, IMAGE)
    assert reason(prepared) == ("" if out else "budget")
    row = next(r for r in prepared.bundle.tables if r.table == "site_positions")
    each = 2 if frequency in (COMMON, 0.07) else 12
    assert row.rank == (max(20, each * number) if out else 0)
    assert verify(prepared.content, opt_in_protocol()).findings == ()


def test_other_tables_of_the_class_count_beside_it(tmp_path: Path, key: Path) -> None:
    carriers_table = {
        "id": "carriers", "kind": "carriers", "genes": "panel",
        "consequence": ["truncating", "missense"],
    }  # fmt: skip
    made = opt_in_protocol([COHORT, TABLE, carriers_table])
    lists = {allele(n): range(20) for n in range(14)}
    site = opt_in_site(tmp_path, key, lists, patients=100, made=made, approved={})
    prepared = prepare(site, IMAGE)
    ranks = {r.table: r.rank for r in prepared.bundle.tables}
    assert ranks["carriers"] == 20  # six counts: the least of a table
    assert reason(prepared) == "budget"
    write_carried(site, {allele(n): range(20) for n in range(13)})
    assert reason(prepare(site, IMAGE)) == ""


def test_the_same_again_costs_nothing_and_another_list_is_added(
    tmp_path: Path, key: Path
) -> None:
    lists = {allele(n): range(20) for n in range(10)}
    site = opt_in_site(tmp_path, key, lists, approved={})
    first = let_out(site)
    record = read_ledger(site / "private/ledger.jsonl").releases[0]
    assert record["classes"]["germline"] == {"rank": 20}  # type: ignore[index]
    assert [o["table"] for o in record["opt_in"]] == ["site_positions"]  # type: ignore[attr-defined]
    assert prepare(site, IMAGE).content == first.content
    write_carried(site, {**lists, allele(50): range(20)})
    assert reason(prepare(site, IMAGE)) == "budget"


def test_releases_before_tables_were_written_down_are_charged_whole(
    tmp_path: Path, key: Path
) -> None:
    site = opt_in_site(tmp_path, key, LISTED, approved={})
    let_out(site)
    ledger = site / "private/ledger.jsonl"
    record = json.loads(ledger.read_bytes())
    del record["tables"], record["opt_in"]
    ledger.write_bytes(
        json.dumps(record, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    )
    assert reason(prepare(site, IMAGE)) == "budget"


# -- one freeze after another --------------------------------------------------------------


def grown(site: Path, patients: int, lists: dict[str, Any]) -> Prepared:
    """The same site with more patients."""
    write_site(site, columns(patients), opt_in_protocol())
    write_carried(site, lists)
    return prepare(site, IMAGE)


@pytest.mark.parametrize(
    ("patients", "same", "why"),
    [
        (61, False, "increment"),  # who came is who made the allele pass
        (61, True, "increment"),
        (79, True, "increment"),
        (103, True, "increment"),  # 20 statistics about 43 newcomers
        (104, True, ""),
        (146, False, "increment"),  # both lists about 86 newcomers
        (147, False, ""),
    ],
)
def test_a_few_newcomers_stop_the_next_list(
    tmp_path: Path, key: Path, patients: int, same: bool, why: str
) -> None:
    lists: dict[str, Any] = {allele(1): range(20), allele(2): range(9)}
    site = opt_in_site(tmp_path, key, lists, approved={})
    let_out(site)
    after = lists if same else {**lists, allele(2): [*range(9), 60]}
    prepared = grown(site, patients, after)
    assert reason(prepared) == why
    if why:
        assert listed(prepared) == set()


def test_one_newcomer_in_the_cohort_alone_does_not_hide_in_the_group(
    tmp_path: Path, key: Path
) -> None:
    """The cohort stays the same, its genomics get one patient more: the group counts."""
    made = opt_in_protocol()
    site = opt_in_site(tmp_path, key, LISTED, approved={})
    some = np.arange(60) < 59
    write_site(site, columns(60, genomics=some, imaging=np.arange(60) < 59), made)
    names, rows = read_table(site / "private/cohort.tsv")
    assert len(rows) == 60
    assert "set_genomics" in names
    first = let_out(site)
    assert reason(first) == ""
    write_site(site, columns(60), made)
    assert reason(prepare(site, IMAGE)) == "increment"


def test_a_lost_set_of_patients_stops_the_list(tmp_path: Path, key: Path) -> None:
    site = opt_in_site(tmp_path, key, LISTED, approved={})
    let_out(site)
    for path in (site / "private/sets").iterdir():
        path.unlink()
    assert reason(grown(site, 200, {allele(1): range(20)})) == "increment"


def test_other_patients_altogether_are_another_budget(tmp_path: Path, key: Path) -> None:
    site = opt_in_site(tmp_path, key, LISTED, approved={})
    let_out(site)
    names, rows = read_table(site / "private/cohort.tsv")
    text = "\n".join(
        [
            "\t".join(names),
            *("\t".join([f"NEW{n}", *list(r.values())[1:]]) for n, r in enumerate(rows)),
        ]
    )
    (site / "private/cohort.tsv").write_text(text + "\n")
    path = site / "private/positions.tsv"
    path.write_text(
        "contig\tposition\tref\talt\tpatients\tfrequency\nchr17\t1002\tA\tG\t"
        + ",".join(f"NEW{n}" for n in range(20))
        + "\t0.3\n"
    )
    assert listed(prepare(site, IMAGE)) == {allele(2)}


def test_a_second_table_of_the_kind_stays(tmp_path: Path, key: Path) -> None:
    again = {**TABLE, "id": "again", "analysis_set": "all"}
    made = opt_in_protocol([COHORT, TABLE, again])
    approved = {"table_ids": ["site_positions", "again"], "budget": 1.9909}
    site = opt_in_site(tmp_path, key, LISTED, made=made, approved=approved)
    prepared = prepare(site, IMAGE)
    assert (reason(prepared), reason(prepared, "again")) == ("", "overlap")


# -- what the lead refuses -----------------------------------------------------------------


def unmarked(bundle: Bundle) -> Bundle:
    return replace(
        bundle, about=bundle.about.model_copy(update={"opt_in": False, "approvals": ()})
    )


def told(bundle: Bundle, **update: Any) -> Bundle:
    one = bundle.about.approvals[0].model_copy(update=update)
    return replace(bundle, about=bundle.about.model_copy(update={"approvals": (one,)}))


def cheaper(bundle: Bundle) -> Bundle:
    rows = [replace(r, rank=19) if r.table == "site_positions" else r for r in bundle.tables]
    return replace(bundle, tables=tuple(rows))


def elsewhere(bundle: Bundle) -> Bundle:
    cells = [replace(c, key=c.key.replace("chr17:1001", "chr17:999")) for c in bundle.cells]
    return replace(bundle, cells=tuple(sorted(cells)))


def counted(bundle: Bundle) -> Bundle:
    cells = [
        replace(c, measure="count", value="20") if c.measure == "listed" else c
        for c in bundle.cells
    ]
    return replace(bundle, cells=tuple(cells))


@pytest.mark.parametrize(
    ("mutate", "code"),
    [
        (unmarked, "V_OPT_IN"),
        (lambda b: told(b, table="cohort"), "V_OPT_IN"),
        (lambda b: told(b, k=4), "V_OPT_IN"),
        (lambda b: told(b, k=9), "V_OPT_IN"),
        (lambda b: told(b, k=10, approved_k=11), "V_OPT_IN"),
        (lambda b: told(b, table_ids=("cohort",)), "V_OPT_IN"),
        (lambda b: told(b, budget="1.9910"), "V_OPT_IN"),
        (lambda b: told(b, duo=("DUO:0000007",)), "V_OPT_IN"),
        (cheaper, "V_OPT_IN"),
        (elsewhere, "V_R1"),
        (counted, "V_R1"),
    ],
)
def test_the_lead_refuses_what_no_approval_covers(
    tmp_path: Path, key: Path, mutate: Any, code: str
) -> None:
    site = opt_in_site(tmp_path, key, LISTED, approved={})
    bundle = read_bundle(prepare(site, IMAGE).content)
    findings = verify(encode(mutate(bundle)), opt_in_protocol()).findings
    assert [f.code for f in findings] == [code]


def test_permits_of_a_protocol_without_opt_in_tables_look_at_nothing(tmp_path: Path) -> None:
    made = opt_in_protocol([COHORT])
    found = read_permits(tmp_path, made, "2024-01-31")
    assert (found.by_table, found.findings) == ({}, {})


def keyring(key: Path | None, site: str = "north", **days: str) -> list[SiteKeys]:
    public = key.with_name(f"{key.name}.pub").read_text().strip() if key else None
    return [SiteKeys.model_validate({"id": site, "title": site, "approve_key": public} | days)]


def test_the_lead_checks_the_permission_by_the_key_of_its_own_keyring(
    tmp_path: Path, key: Path
) -> None:
    approved = {"k": 7, "budget": 1.25}
    site = opt_in_site(tmp_path, key, LISTED, approved=approved)
    bundle = prepare(site, IMAGE).bundle
    assert stranger(bundle, keyring(key)) is None
    assert bundle.about.approvals[0].budget == "1.2500"
    other = make_key(tmp_path / "keys", "other")
    code = "V_PERMISSION"
    assert [
        found.code if found else ""
        for found in (
            stranger(bundle, keyring(None)),  # no key: nothing can be checked
            stranger(bundle, keyring(other)),
            stranger(bundle, keyring(key, valid_until="2023-01-01")),
            stranger(told(bundle, approved_k=6), keyring(key)),
            stranger(told(bundle, budget=None), keyring(key)),
            stranger(told(bundle, duo=(HMB,)), keyring(key)),
            stranger(told(bundle, approval_id="REC-18"), keyring(key)),
            stranger(told(bundle, approval_sha256="0" * 64), keyring(key)),
            stranger(told(bundle, signature="A" * 300), keyring(key)),
        )
    ] == [code, code, "V_VALIDITY", code, code, code, code, code, code]


@pytest.mark.parametrize("field", ["site", "protocol_sha256"])
def test_a_permission_of_another_site_or_protocol_is_refused(
    tmp_path: Path, key: Path, field: str
) -> None:
    """Both sites have the same officer's key: what is signed names the site all the same."""
    bundle = prepare(opt_in_site(tmp_path, key, LISTED, approved={}), IMAGE).bundle
    update = {field: "south" if field == "site" else "1" * 64}
    moved = replace(bundle, about=bundle.about.model_copy(update=update))
    found = stranger(moved, [*keyring(key), *keyring(key, "south")])
    assert found is not None
    assert found.code == "V_PERMISSION"
    assert "site_positions" in found.render()


def test_verify_looks_into_the_keyring_where_it_is_given(
    tmp_path: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = opt_in_protocol().model_dump(mode="json")
    content["reference"]["contigs"] = [{"name": "chr17", "length": 9999, "md5": "0" * 32}]
    made = Protocol.model_validate(content)
    site = opt_in_site(tmp_path, key, LISTED, made=made, approved={})
    prepared = prepare(site, IMAGE)
    (tmp_path / "one.bundle").write_bytes(prepared.content)
    (tmp_path / "protocol.yaml").write_bytes(protocol_json(made))
    words = ["verify", str(tmp_path / "one.bundle")]
    words += ["--protocol", str(tmp_path / "protocol.yaml")]
    ring = tmp_path / "keyring.yaml"
    other = make_key(tmp_path / "keys", "other")
    for known, status, text in ((key, 0, "trusted"), (other, 4, "V_PERMISSION")):
        sites = [one.model_dump(exclude_none=True) for one in keyring(known)]
        ring.write_text(json.dumps({"protocol": made.protocol.id, "sites": sites}))
        assert main([*words, "--keyring", str(ring)]) == status
        assert text in capsys.readouterr().out
    assert main(words) == 0


@given(st.binary(max_size=400))
def test_a_signature_comes_back_from_one_line(content: bytes) -> None:
    text = base64.b64encode(content + b"SSHSIG").decode()
    assert bare(armoured(text)) == text


@pytest.mark.parametrize("wrong", [b"", b"SSHSIG", b"-----BEGIN SSH SIGNATURE-----\n!\n"])
def test_what_is_no_signature_has_no_line(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="no signature"):
        bare(wrong)
