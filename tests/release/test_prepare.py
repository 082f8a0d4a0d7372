"""Prepare and approve: same bytes from any order, one door, a chained ledger."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_cohort import TABLES, columns, patient, protocol, summary, write_site

from equisite.bundle.archive import pack, unpack
from equisite.bundle.codec import encode, read_bundle
from equisite.bundle.verify import verify
from equisite.cli.main import main
from equisite.core.canonical import canonical_json, sha256_bytes
from equisite.core.errors import BundleError, ConfigError, ReleaseRefusal
from equisite.core.tables import read_table, write_table
from equisite.release.approve import approve
from equisite.release.ledger import read_ledger
from equisite.release.prepare import prepare
from equisite.release.review import review_page

BUNDLE = "private/review/prepared.bundle"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path, columns(60), protocol())


def run(folder: Path, command: str) -> int:
    return main([command, "--directory", str(folder)])


def test_the_bundle_is_what_the_lead_admits(site: Path):
    assert run(site, "prepare") == 0
    verdict = verify((site / BUNDLE).read_bytes(), protocol())
    assert verdict.findings == ()
    assert verdict.bundle is not None
    assert not verdict.approved
    assert verdict.bundle.about.release_no == 1
    assert not (site / "outbox").exists()


def test_rows_in_another_order_give_the_same_bytes(tmp_path: Path):
    order = list(range(60))
    random.Random(5).shuffle(order)
    one = write_site(tmp_path / "one", columns(60), protocol())
    two = write_site(tmp_path / "two", columns(60), protocol(), order=order)
    assert prepare(one, "0" * 64).content == prepare(two, "0" * 64).content


def test_approve_writes_ledger_and_outbox_once(site: Path, capsys: pytest.CaptureFixture[str]):
    run(site, "prepare")
    content = (site / BUNDLE).read_bytes()
    assert run(site, "approve") == 0
    assert (site / "outbox/north-r0001.bundle").read_bytes() == content
    ledger = (site / "private/ledger.jsonl").read_bytes()
    assert run(site, "approve") == 0
    assert "was approved before" in capsys.readouterr().out
    assert (site / "private/ledger.jsonl").read_bytes() == ledger
    record = read_ledger(site / "private/ledger.jsonl").releases[0]
    assert record["bundle_sha256"] == sha256_bytes(content)
    assert record["release_no"] == 1
    tags = (site / f"private/sets/{record['set_digest']}.bin").read_bytes()
    assert len(tags) == 60 * 16


def test_preparing_the_same_again_keeps_number_and_bytes(site: Path):
    run(site, "prepare")
    content = (site / BUNDLE).read_bytes()
    run(site, "approve")
    run(site, "prepare")
    assert (site / BUNDLE).read_bytes() == content
    assert run(site, "approve") == 0
    assert len(list((site / "outbox").iterdir())) == 1


def test_other_patients_are_the_next_release(site: Path):
    run(site, "prepare")
    run(site, "approve")
    write_site(site, columns(80, seed=1), protocol())
    run(site, "prepare")
    run(site, "approve")
    assert sorted(p.name for p in (site / "outbox").iterdir()) == [
        "north-r0001.bundle",
        "north-r0002.bundle",
    ]
    assert read_ledger(site / "private/ledger.jsonl").last_release_no == 2


def test_a_crash_between_ledger_and_outbox_is_healed(site: Path):
    run(site, "prepare")
    run(site, "approve")
    content = (site / "outbox/north-r0001.bundle").read_bytes()
    (site / "outbox/north-r0001.bundle").unlink()
    assert run(site, "approve") == 0
    assert (site / "outbox/north-r0001.bundle").read_bytes() == content
    assert len(read_ledger(site / "private/ledger.jsonl").records) == 1


def test_what_a_killed_approval_left_is_removed(site: Path):
    run(site, "prepare")
    remains = [
        site / "outbox/.north-r0001.bundle.4711.tmp",
        site / "private/.ledger.jsonl.4711.tmp",
        site / "private/sets/.00ff.bin.4711.tmp",
    ]
    for path in remains:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half a file")
    assert run(site, "approve") == 0
    assert not [path for path in remains if path.exists()]


def change_cohort(site: Path) -> None:
    names, rows = read_table(site / "private/cohort.tsv")
    rows[0]["age"] = "99"
    write_table(site / "private/cohort.tsv", names, rows)


def change_protocol(site: Path) -> None:
    other = protocol(k=11)
    write_site(site, columns(60), other)


def change_scores(site: Path) -> None:
    path = site / "work/conformance/scores.tsv"
    path.write_text(path.read_text().replace("\t1\n", "\t0.5\n"))


def take_another_bundle(site: Path) -> None:
    content = (site / BUNDLE).read_bytes()
    run(site, "prepare")
    change_cohort(site)
    run(site, "prepare")
    (site / BUNDLE).write_bytes(content)


def move_the_ledger_on(site: Path) -> None:
    from equisite.release.ledger import append

    about = {"kind": "release", "release_no": 1, "bundle_sha256": "0" * 64}
    append(site / "private/ledger.jsonl", {**about, "statistics_sha256": "0" * 64})


def settings_of(site: Path, **changed: object) -> None:
    path = site / "work/intake/site.json"
    path.write_bytes(canonical_json(json.loads(path.read_bytes()) | changed))


def raise_the_minimum(site: Path) -> None:
    settings_of(site, tighten={"k": 15, "minimum_n": None})


def raise_the_minimum_without_a_run(site: Path) -> None:
    text = "site: north\nprotocol: p.yaml\nfreeze: {id: f, date: '2024-01-31'}\n"
    (site / "config.yaml").write_text(text + "tighten: {minimum_n: 50}\n")


def move_the_freeze(site: Path) -> None:
    settings_of(site, freeze={"id": "freeze-2", "date": "2024-02-01"})


def sheet(site: Path, withdrawn: int | None, count: int = 60) -> None:
    rows = [
        {
            "patient": patient(i),
            "sex": "female",
            "age": "50",
            "diagnosis": "C49.1",
            "status": "withdrawn" if i == withdrawn else "included",
        }
        for i in range(count)
    ]
    write_table(site / "patients.tsv", list(rows[0]), rows)


def withdraw_a_patient(site: Path) -> None:
    sheet(site, withdrawn=3)


def take_a_patient_off_the_sheet(site: Path) -> None:
    sheet(site, withdrawn=None, count=59)


def forge_a_number(site: Path) -> None:
    bundle = read_bundle((site / BUNDLE).read_bytes())
    cells = list(bundle.cells)
    place = next(i for i, c in enumerate(cells) if c.measure == "mean_off")
    cells[place] = replace(cells[place], value="1.234500e-01")
    content = encode(replace(bundle, cells=tuple(cells)))
    (site / BUNDLE).write_bytes(content)
    told = {**summary(site), "bundle_sha256": sha256_bytes(content)}
    (site / "private/review/summary.json").write_bytes(canonical_json(told))


@pytest.mark.parametrize(
    "change",
    [
        change_cohort,
        change_protocol,
        change_scores,
        take_another_bundle,
        move_the_ledger_on,
        raise_the_minimum,
        raise_the_minimum_without_a_run,
        move_the_freeze,
        withdraw_a_patient,
        take_a_patient_off_the_sheet,
        forge_a_number,
    ],
)
def test_what_changed_since_is_refused(site: Path, change):
    run(site, "prepare")
    change(site)
    with pytest.raises(ReleaseRefusal, match="R_STALE"):
        approve(site)
    assert not (site / "outbox").exists()


def test_a_sheet_in_which_everybody_stays_stops_nothing(site: Path):
    run(site, "prepare")
    sheet(site, withdrawn=60, count=61)
    assert approve(site).new


def test_a_bundle_that_another_version_prepared_is_to_be_prepared_again(site: Path):
    run(site, "prepare")
    members = dict(unpack((site / BUNDLE).read_bytes())[0])
    about = members["about.json"].replace(b'"schema":"', b'"schema":"older ')
    assert about != members["about.json"]
    members["about.json"] = about
    rows = [line.split("\t") for line in members["manifest.tsv"].decode().splitlines()]
    for row in rows:
        if row[0] == "about.json":
            row[1:] = [str(len(about)), sha256_bytes(about)]
    members["manifest.tsv"] = ("\n".join("\t".join(row) for row in rows) + "\n").encode()
    (site / BUNDLE).write_bytes(pack(members, json.loads(about)["freeze"]["date"]))
    with pytest.raises(ReleaseRefusal, match=r"R_STALE.*another version(.|\n)*equisite run"):
        approve(site)


def test_a_bundle_with_a_changed_byte_is_refused(site: Path):
    run(site, "prepare")
    content = bytearray((site / BUNDLE).read_bytes())
    content[2000] ^= 1
    (site / BUNDLE).write_bytes(bytes(content))
    with pytest.raises(BundleError, match="V_"):
        approve(site)
    assert run(site, "approve") == 4


def test_a_strange_file_in_the_outbox_is_not_overwritten(site: Path):
    run(site, "prepare")
    (site / "outbox").mkdir()
    (site / "outbox/north-r0001.bundle").write_bytes(b"strange")
    with pytest.raises(ReleaseRefusal, match="R_OUTBOX"):
        approve(site)
    assert (site / "outbox/north-r0001.bundle").read_bytes() == b"strange"


@pytest.mark.parametrize("another", [False, True])
def test_a_ledger_without_its_last_line_is_seen(site: Path, another: bool):
    ledger = site / "private/ledger.jsonl"
    run(site, "prepare")
    run(site, "approve")
    write_site(site, columns(80, seed=1), protocol())
    run(site, "prepare")
    before = ledger.read_bytes()
    run(site, "approve")
    ledger.write_bytes(before)
    if another:
        write_site(site, columns(100, seed=2), protocol())
        run(site, "prepare")
        (site / "outbox/north-r0002.bundle").rename(site / "outbox/north-r0003.bundle")
    with pytest.raises(ReleaseRefusal, match="L_TRUNC"):
        approve(site)


def test_nothing_prepared_and_no_cohort_are_told(tmp_path: Path):
    with pytest.raises(ConfigError, match="NOTHING_PREPARED"):
        approve(tmp_path)
    with pytest.raises(ConfigError, match="COHORT_ABSENT"):
        prepare(tmp_path, "0" * 64)
    assert run(tmp_path, "prepare") == 2


def test_the_scan_stops_an_identifier(site: Path, monkeypatch: pytest.MonkeyPatch):
    from equisite.release import prepare as module

    monkeypatch.setattr(module, "vocabulary", lambda *_: frozenset())
    named = {"patient": "freeze-1"}
    write_table(site / "work/intake/genomics/1.tsv", sorted(named), [named])
    with pytest.raises(ReleaseRefusal, match="R_SCAN") as refused:
        prepare(site, "0" * 64)
    assert "freeze-1" not in str(refused.value)
    assert run(site, "prepare") == 3
    assert not (site / BUNDLE).exists()


def test_no_patient_is_named_in_bundle_page_or_summary(site: Path):
    run(site, "prepare")
    for path in (site / "private/review").iterdir():
        content = path.read_bytes()
        assert b"PAT0" not in content
        assert patient(3)[-8:].encode() not in content


def test_the_summary_tells_what_was_prepared(site: Path):
    run(site, "prepare")
    told = summary(site)
    assert told["bundle_sha256"] == sha256_bytes((site / BUNDLE).read_bytes())
    assert told["k"] == 10
    assert told["patients"] == 60
    assert [t["table"] for t in told["tables"]] == [t.id for t in protocol().tables]


def test_a_site_may_only_tighten(site: Path):
    settings = json.loads((site / "work/intake/site.json").read_bytes())
    for k, expected in ((12, 12), (3, 10)):
        settings["tighten"]["k"] = k
        (site / "work/intake/site.json").write_text(json.dumps(settings))
        assert prepare(site, "0" * 64).bundle.about.k == expected


def test_a_small_freeze_sends_digests_only(tmp_path: Path):
    site = write_site(tmp_path, columns(29), protocol())
    prepared = prepare(site, "0" * 64)
    assert prepared.bundle.cells == ()
    assert {row.reason for row in prepared.bundle.tables} == {"minimum"}
    assert prepared.bundle.conformance
    assert verify(prepared.content, protocol()).bundle is not None


def test_records_counted_twice_are_told(tmp_path: Path):
    found = columns(60)
    for cells in found.values():
        cells[7] = cells[3]
    twice = write_site(tmp_path / "twice", found, protocol())
    once = write_site(tmp_path / "once", columns(60), protocol())
    assert prepare(twice, "0" * 64).bundle.about.facts.records_counted_twice
    assert not prepare(once, "0" * 64).bundle.about.facts.records_counted_twice


def test_public_data_are_stamped(tmp_path: Path):
    site = write_site(tmp_path, columns(8), protocol(public=True))
    bundle = prepare(site, "0" * 64).bundle
    assert bundle.about.data == "public"
    assert "never pooled" in bundle.about.stamp
    assert {row.status for row in bundle.tables} == {"released"}
    run(site, "prepare")
    assert "Open data" in (site / "private/review/review.html").read_text()


def test_the_prepared_bundle_reads_back(site: Path):
    prepared = prepare(site, "0" * 64)
    again = read_bundle(prepared.content)
    assert sorted(again.cells) == sorted(prepared.bundle.cells)
    assert again.about == prepared.bundle.about


def test_mean_squares_of_perturbed_copies_pass_the_audit(tmp_path: Path) -> None:
    found = columns(60)
    table = {"id": "repeated", "kind": "repeatability", "features": "mr__gtv__core"}
    made = protocol(tables=[TABLES[0], table])
    folder = write_site(tmp_path / "site", found, made)
    with pytest.raises(ConfigError, match="COHORT_ABSENT"):
        prepare(folder, "0" * 64)
    names = [name for name in found if name.startswith("mr__")]
    rng = np.random.default_rng(0)
    rows = [
        {"patient": patient(i), "copy": copy}
        | {n: float(found[n][i]) * (1 + 0.01 * rng.standard_normal()) for n in names}
        for i in range(60)
        for copy in (0, 2, 5)
    ]
    write_table(folder / "private/perturbed.tsv", ["patient", "copy", *names], rows)
    prepared = prepare(folder, "0" * 64)
    row = next(t for t in prepared.bundle.tables if t.table == "repeated")
    assert (row.status, row.data_class) == ("released", "imaging")
    page = review_page(prepared, folder)
    assert "Within copies" in page
