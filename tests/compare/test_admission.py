"""Who is admitted, who goes to quarantine under which code; nobody is stopped by it."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import made_bundles as made
from equisite.bundle.codec import encode, read_bundle
from equisite.compare.admission import AdmittedRow
from equisite.compare.lead import folder_digest, load_folder
from equisite.compare.stages import run_admit, run_pool
from equisite.core.errors import BundleError, ConfigError

LEADERS = {"north": "Hospital North", "south": "Hospital South", "west": "Clinic West"}


def by_verdict(rows: list[AdmittedRow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.verdict, []).append(row.code or row.site)
    return found


def change(path: Path, **fields: object) -> None:
    """Write the bundle again with other fields in its head."""
    bundle = read_bundle(path.read_bytes())
    about = bundle.about.model_copy(update=fields)
    path.write_bytes(encode(replace(bundle, about=about)))


def configure(lead: Path, **fields: object) -> None:
    config = yaml.safe_load((lead / "compare.yaml").read_text())
    (lead / "compare.yaml").write_text(yaml.safe_dump({**config, **fields}))


def inbox(lead: Path) -> list[str]:
    return sorted(p.name for p in (lead / "inbox").iterdir())


def quarantine(lead: Path) -> list[str]:
    return sorted(p.name.partition("-")[0] for p in (lead / "quarantine").glob("*.bundle"))


def test_all_sites_are_admitted_and_pooled_and_unsigned(consortium) -> None:
    lead, _ = consortium()
    rows = run_admit(lead)
    assert [r.site for r in rows] == ["north", "south", "west"]
    assert all(r.verdict == "admitted" and r.pooled and not r.approved for r in rows)
    assert {r.code for r in rows} == {"NOT_APPROVED"}
    assert not (lead / "quarantine").exists()


def test_a_site_of_the_keyring_without_a_bundle_is_awaited(consortium) -> None:
    lead, _ = consortium(titles={**LEADERS, "east": "Hospital East"})
    rows = run_admit(lead)
    assert [(r.site, r.title) for r in rows if r.verdict == "awaited"] == [
        ("east", "Hospital East")
    ]


def test_a_changed_byte_a_stranger_and_another_protocol_are_refused(consortium) -> None:
    lead, _ = consortium(titles={k: v for k, v in LEADERS.items() if k != "west"})
    broken = lead / "inbox" / "north-r0001.bundle"
    content = bytearray(broken.read_bytes())
    content[content.index(b"analysis_set=")] ^= 1
    broken.write_bytes(bytes(content))
    rows = run_admit(lead)
    assert sorted(r.code for r in rows if r.verdict == "refused") == ["V_MANIFEST", "V_SITE"]
    assert inbox(lead) == ["south-r0001.bundle"]
    assert quarantine(lead) == ["V_MANIFEST", "V_SITE"]
    assert not any("west" in str(r) for r in rows), "names come from the keyring only"
    change(lead / "inbox" / "south-r0001.bundle", protocol_sha256="d" * 64)
    rows = run_admit(lead)
    assert "V_PROTOCOL" in [r.code for r in rows]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("codebook_sha256", "d" * 64, "V_CODEBOOK"),
        ("constants_sha256", "d" * 64, "V_CODEBOOK"),
        ("ruleset_sha256", "d" * 64, "V_RULESET"),
    ],
)
def test_other_digests_are_refused_by_their_code(
    consortium, field: str, value: str, code: str
) -> None:
    lead, _ = consortium()
    change(lead / "inbox" / "west-r0001.bundle", **{field: value})
    rows = run_admit(lead)
    assert by_verdict(rows)["refused"] == [code]
    assert [r.site for r in rows if r.verdict == "admitted"] == ["north", "south"]


def test_patients_are_never_pooled_with_open_data(consortium) -> None:
    lead, _ = consortium()
    stamp = "patients' data, aggregated under full disclosure control"
    change(lead / "inbox" / "west-r0001.bundle", data="patients", stamp=stamp)
    assert by_verdict(run_admit(lead))["refused"] == ["V_RULESET"]


def test_only_the_latest_release_of_a_site_counts(consortium) -> None:
    lead, _ = consortium()
    path = lead / "inbox" / "west-r0001.bundle"
    old = path.read_bytes()
    change(path, release_no=2)
    (lead / "inbox" / "again.bundle").write_bytes(old)
    rows = run_admit(lead)
    assert by_verdict(rows)["refused"] == ["V_SUPERSEDED"]
    assert [r.release_no for r in rows if r.site == "west"] == [2, 1]
    assert "west-r0002.bundle" in inbox(lead)


def test_two_bundles_with_one_release_number_are_both_refused(consortium) -> None:
    lead, _ = consortium()
    path = lead / "inbox" / "west-r0001.bundle"
    (lead / "inbox" / "other.bundle").write_bytes(path.read_bytes())
    change(path, image_digest="e" * 64)
    rows = run_admit(lead)
    assert by_verdict(rows)["refused"] == ["V_FORK", "V_FORK"]
    assert [r.site for r in rows if r.verdict == "admitted"] == ["north", "south"]


def test_the_same_bundle_twice_counts_once(consortium) -> None:
    lead, _ = consortium()
    path = lead / "inbox" / "west-r0001.bundle"
    (lead / "inbox" / "copy.bundle").write_bytes(path.read_bytes())
    rows = run_admit(lead)
    assert by_verdict(rows)["refused"] == ["V_REPLAY"]
    assert [r.site for r in rows if r.verdict == "admitted"] == ["north", "south", "west"]
    assert inbox(lead) == [f"{site}-r0001.bundle" for site in ("north", "south", "west")]
    assert quarantine(lead) == ["V_REPLAY"]
    run_pool(lead)


@pytest.mark.parametrize("spoil", [b"not a bundle", None])
def test_no_file_is_lost_whatever_it_is_called(consortium, spoil: bytes | None) -> None:
    """Two sites' files bear each other's names, or a spoiled one that of a sound one."""
    lead, _ = consortium()
    north, west = (lead / "inbox" / f"{site}-r0001.bundle" for site in ("north", "west"))
    whole = {"north": north.read_bytes(), "west": west.read_bytes()}
    if spoil is None:
        north.write_bytes(whole["west"])
        west.write_bytes(whole["north"])
    else:
        for name, place in (("north", north), ("west", west)):
            (lead / "inbox" / f"{name} sent again.bundle").write_bytes(whole[name])
            place.write_bytes(spoil + name.encode())
    rows = run_admit(lead)
    assert [r.site for r in rows if r.verdict == "admitted"] == ["north", "south", "west"]
    assert {"north": north.read_bytes(), "west": west.read_bytes()} == whole
    assert inbox(lead) == [f"{site}-r0001.bundle" for site in ("north", "south", "west")]
    assert len(quarantine(lead)) == (2 if spoil else 0)
    run_pool(lead)


def test_a_freeze_outside_the_validity_is_refused(consortium) -> None:
    lead, _ = consortium()
    keyring = yaml.safe_load((lead / "keyring.yaml").read_text())
    keyring["sites"][2]["valid_until"] = "2025-12-31"
    (lead / "keyring.yaml").write_text(yaml.safe_dump(keyring))
    rows = run_admit(lead)
    assert by_verdict(rows)["refused"] == ["V_VALIDITY"]


def test_admission_again_gives_the_same_bytes_and_moves_nothing(consortium) -> None:
    lead, _ = consortium()
    (lead / "inbox" / "rubbish.bundle").write_bytes(b"not a bundle")
    run_admit(lead)
    first = (lead / "report" / "admitted.tsv").read_bytes()
    places = inbox(lead), quarantine(lead)
    run_admit(lead)
    assert (lead / "report" / "admitted.tsv").read_bytes() == first
    assert (inbox(lead), quarantine(lead)) == places


def test_the_digest_sees_a_new_bundle_but_not_a_moved_one(consortium) -> None:
    lead, _ = consortium()
    (lead / "inbox" / "rubbish.bundle").write_bytes(b"not a bundle")
    before = folder_digest(load_folder(lead))
    run_admit(lead)
    assert folder_digest(load_folder(lead)) == before
    (lead / "inbox" / "more.bundle").write_bytes(b"another")
    assert folder_digest(load_folder(lead)) != before


def test_a_mended_keyring_lets_a_quarantined_bundle_in(consortium) -> None:
    lead, _ = consortium(titles={k: v for k, v in LEADERS.items() if k != "west"})
    run_admit(lead)
    assert quarantine(lead) == ["V_SITE"]
    keyring = yaml.safe_load((lead / "keyring.yaml").read_text())
    keyring["sites"].append({"id": "west", "title": "Clinic West"})
    (lead / "keyring.yaml").write_text(yaml.safe_dump(keyring))
    rows = run_admit(lead)
    assert [r.site for r in rows if r.verdict == "admitted"] == ["north", "south", "west"]
    assert quarantine(lead) == []


def test_refusing_everything_is_told_and_removes_older_results(consortium) -> None:
    lead, _ = consortium()
    run_admit(lead)
    run_pool(lead)
    for path in (lead / "inbox").iterdir():
        path.write_bytes(b"not a bundle " + path.name.encode())
    run_admit(lead)
    assert [p.name for p in (lead / "report").iterdir()] == ["admitted.tsv"]
    with pytest.raises(BundleError, match="None of the 3 bundles") as caught:
        run_pool(lead)
    assert caught.value.exit_code == 4
    assert caught.value.code == "NOTHING_ADMITTED"


def test_an_empty_inbox_is_told(consortium) -> None:
    lead, _ = consortium(plans=())
    with pytest.raises(ConfigError, match="INBOX_EMPTY"):
        run_admit(lead)


def test_a_keyring_of_another_protocol_is_told(consortium) -> None:
    lead, _ = consortium()
    keyring = yaml.safe_load((lead / "keyring.yaml").read_text())
    (lead / "keyring.yaml").write_text(yaml.safe_dump({**keyring, "protocol": "other"}))
    with pytest.raises(ConfigError, match="KEYRING_OTHER_PROTOCOL"):
        load_folder(lead)


def test_a_foreign_archive_is_refused_not_unpacked(consortium) -> None:
    lead, _ = consortium()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        link = tarfile.TarInfo("about.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    (lead / "inbox" / "link.bundle").write_bytes(stream.getvalue())
    assert by_verdict(run_admit(lead))["refused"] == ["V_NAME"]


class TestConformance:
    """A site whose pipeline computes something else is shown, and not pooled."""

    def rows(self, consortium, plan: made.Plan) -> dict[str, AdmittedRow]:
        plans = (made.Plan("north", 60), made.Plan("south", 90), plan)
        self.lead, _ = consortium(plans)
        return {r.site: r for r in run_admit(self.lead)}

    def test_another_digest_with_another_value_is_not_pooled(self, consortium) -> None:
        row = self.rows(consortium, made.Plan("west", 60, conformance="e" * 64, difference=0.1))
        assert row["west"].verdict == "admitted"
        assert (row["west"].pooled, row["west"].code) == (False, "CONFORMANCE_DIFFERS")
        assert row["north"].pooled and row["south"].pooled

    def test_another_digest_with_the_same_values_is_pooled(self, consortium) -> None:
        row = self.rows(consortium, made.Plan("west", 60, conformance="e" * 64))
        assert row["west"].pooled and row["west"].conformance == "value"
        assert row["north"].conformance == "digest"

    def test_no_conformance_at_all_is_not_pooled(self, consortium) -> None:
        self.rows(consortium, made.Plan("west", 60))
        path = self.lead / "inbox" / "west-r0001.bundle"
        bundle = read_bundle(path.read_bytes())
        path.write_bytes(encode(replace(bundle, conformance=())))
        row = next(r for r in run_admit(self.lead) if r.site == "west")
        assert (row.pooled, row.code) == (False, "CONFORMANCE_ABSENT")

    def test_the_lead_may_pool_all_the_same_and_says_why(self, consortium) -> None:
        plan = made.Plan("west", 60, conformance="e" * 64, difference=0.1)
        sha = self.rows(consortium, plan)["west"].bundle_sha256
        configure(self.lead, admit_overrides={sha: "known rounding, see minutes"})
        row = next(r for r in run_admit(self.lead) if r.site == "west")
        assert (row.pooled, row.code) == (True, "CONFORMANCE_OVERRIDDEN")
        assert row.override == "known rounding, see minutes"
