"""A whole site on six made patients: same bytes, small re-runs, bad patients, no names."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from depths import hits
from nano_sites import CHECKOUT, Site, snakemake

from equisite.bundle.codec import read_bundle

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def planned(start, site, checkout):
    """(rule, batch or empty) of every job that a dry run lists."""
    command = snakemake(site.folder, checkout, "--cores", "2", "--dry-run", "--quiet", "host")
    text = start(*command, folder=site.folder).stdout
    jobs = set()
    for block in re.split(r"\n(?=rule |localrule )", text):
        rule = re.match(r"(?:local)?rule (\w+):", block)
        if rule and rule[1] != "all":
            wildcards = re.search(r"wildcards: .*?batch=(\d+)", block)
            jobs.add((rule[1], wildcards[1] if wildcards else ""))
    assert jobs or "Nothing to be done" in text
    return jobs


def stages(jobs):
    return {rule.split("_")[0] for rule, _ in jobs}


def test_a_run_leaves_a_bundle_and_says_where(nano):
    assert nano.bundle[257:262] == b"ustar"
    assert "prepared.bundle" in nano.output
    assert len(nano.table("private/cohort.tsv")) == 6
    assert (
        not list((nano.folder / "outbox").glob("*"))
        if (nano.folder / "outbox").exists()
        else True
    )


def test_nothing_is_left_to_do_after_a_run(nano, start):
    assert planned(start, nano, CHECKOUT) == set()


def test_cores_order_and_place_change_no_byte(nano, elsewhere):
    assert elsewhere.bundle == nano.bundle


def test_one_patient_more_touches_its_batch_and_what_gathers(
    to_change, start, other_checkout, tmp_path
):
    from synthetic.nano import write_nano

    assert planned(start, to_change, other_checkout) == set()
    seven = write_nano(tmp_path / "seven", patients=7)
    for path in sorted((seven / "data").rglob("*")):
        target = to_change.folder / path.relative_to(seven)
        if path.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    for sheet in ("patients.tsv", "sequencing.tsv", "imaging.tsv"):
        shutil.copy(seven / sheet, to_change.folder / sheet)
    jobs = planned(start, to_change, other_checkout)
    for stage in ("genomics", "imaging", "radiomics"):
        batches = {batch for rule, batch in jobs if batch and rule.startswith(f"{stage}_")}
        assert len(batches) == 1, (stage, sorted(jobs))
        assert batches not in ({"0"}, {""})
    assert {"cohort", "release"} <= stages(jobs)


@pytest.mark.parametrize(
    ("module", "again", "kept"),
    [
        (
            "compare/suspects.py",
            set(),
            {"genomics", "imaging", "radiomics", "cohort", "release"},
        ),
        ("release/prepare.py", {"release"}, {"genomics", "imaging", "radiomics", "cohort"}),
        ("cohort/join.py", {"cohort", "release"}, {"genomics", "imaging", "radiomics"}),
        ("radiomics/extraction.py", {"radiomics", "cohort"}, {"genomics", "imaging"}),
        ("imaging/rings.py", {"imaging", "radiomics", "cohort"}, {"genomics"}),
        ("genomics/judging.py", {"genomics", "cohort"}, {"imaging", "radiomics"}),
    ],
)
def test_an_edited_room_runs_again_with_what_follows(
    elsewhere, start, other_checkout, module, again, kept
):
    assert planned(start, elsewhere, other_checkout) == set()
    source = other_checkout / "src" / "equisite" / module
    text = source.read_text()
    try:
        source.write_text(text + "\n_EDITED = True\n")
        jobs = planned(start, elsewhere, other_checkout)
    finally:
        source.write_text(text)
    assert again <= stages(jobs)
    assert not kept & stages(jobs), sorted(jobs)


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory, start):
    """A site with a failing patient of each kind; its raw data lie in a telling folder."""
    from synthetic.nano import write_nano
    from synthetic.patients import FAULTS

    home = tmp_path_factory.mktemp("spoilt")
    folder = write_nano(home, patients=9, faults=tuple(FAULTS))
    (folder / "data").rename(folder / "Oncology-Archive-4711")
    for sheet in ("sequencing.tsv", "imaging.tsv", "config.yaml"):
        text = (folder / sheet).read_text().replace("data/", "Oncology-Archive-4711/")
        (folder / sheet).write_text(text)
    return Site(folder, start("equisite", "run", "--cores", "2", folder=folder).stdout)


def test_bad_patients_are_named_and_stop_nobody(spoilt):
    truth = Site(spoilt.folder.parent / "truth").table("failing.tsv")
    assert len(truth) == 6
    status = {row["patient"]: row for row in spoilt.table("private/status.tsv")}
    page = (spoilt.folder / "private" / "status.html").read_text()
    for row in truth:
        assert row["code"] in "|".join(status[row["patient"]].values())
        assert row["code"] in page
    good = set(status) - {row["patient"] for row in truth}
    assert len(good) == 3
    for patient in good:
        assert "refused" not in status[patient].values()
    cohort = {row["patient"]: row for row in spoilt.table("private/cohort.tsv")}
    for row in Site(spoilt.folder.parent / "truth").table("phantoms.tsv"):
        volume = float(cohort[row["patient"]]["mr__gtv__ibsi_morph_vol_approx"])
        assert abs(volume - float(row["volume_mm3"])) <= float(row["tolerance_mm3"])


def planted_texts(site):
    """Identifiers, names, file and folder names, dates and UIDs of a site's raw data."""
    import pydicom

    texts = {"Oncology-Archive-4711", "Made^"}
    patients = [row["patient"] for row in site.table("patients.tsv")]
    texts |= set(patients)
    for path in (site.folder / "Oncology-Archive-4711").rglob("*"):
        if path.is_file() and any(p in path.name for p in patients):
            texts.add(path.name.split(".")[0])
        if path.suffix == ".dcm":
            header = pydicom.dcmread(path, stop_before_pixels=True)
            date = header.StudyDate
            texts |= {date, f"{date[:4]}-{date[4:6]}-{date[6:]}", str(header.PatientName)}
            texts |= {header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID}
    return sorted(texts)


def test_no_name_date_or_path_leaves_or_is_logged(spoilt, start):
    start("equisite", "prepare", folder=spoilt.folder)
    start("equisite", "approve", folder=spoilt.folder)
    report = spoilt.folder / "private" / "report.html"
    asked = ("--cores", "1", "--report", str(report))
    start(*snakemake(spoilt.folder, CHECKOUT, *asked), folder=spoilt.folder)
    texts = planted_texts(spoilt)
    assert len(texts) > 100
    places = [spoilt.folder / n for n in ("outbox", "logs", ".snakemake")]
    assert report.is_file() and all(place.is_dir() for place in places)
    places += [report, spoilt.folder / "private" / "review" / "prepared.bundle"]
    assert hits([p for p in places if p.exists()], texts) == []
    # The search itself works on this site: its private tables do hold the identifiers.
    assert hits([spoilt.folder / "private"], [spoilt.table("patients.tsv")[0]["patient"]])
    assert not [t for t in texts if t.lower() in spoilt.output.lower()]


def test_every_file_of_the_site_is_in_its_place(nano):
    allowed = {"work", "private", "logs", ".snakemake", "outbox", "data", "config.yaml"}
    allowed |= {"patients.tsv", "sequencing.tsv", "imaging.tsv"}
    assert {p.name for p in nano.folder.iterdir()} <= allowed
    assert not list(Path(nano.folder).rglob("*.tmp"))


@pytest.fixture
def consortium(to_change, tmp_path):
    """The protocol's folder beside the second site, put back afterwards."""
    folder, kept = to_change.folder.parent / "protocol", tmp_path / "protocol"
    shutil.copytree(folder, kept)
    yield folder
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)


def test_positions_leave_when_an_approval_is_signed_and_are_counted_then(
    to_change, consortium, start, other_checkout, tmp_path
):
    folder, lead, following = to_change.folder, consortium.parent / "lead", tmp_path / "next"
    run = snakemake(folder, other_checkout, "--cores", "1")
    before = read_bundle(to_change.bundle)
    assert {t.table: t.reason for t in before.tables}["found"] == "approval"
    assert not before.about.opt_in

    # The officer's key comes into the keyring, then she signs.
    key = folder / "key"
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(make, check=True, stdin=subprocess.DEVNULL)
    keyring = yaml.safe_load((consortium / "keyring.yaml").read_text())
    keyring["sites"][0]["approve_key"] = key.with_suffix(".pub").read_text().strip()
    (consortium / "keyring.yaml").write_text(yaml.safe_dump(keyring))
    start(*run, folder=folder)
    draft = start("equisite", "approval", "draft", folder=folder).stdout
    for blank, word in (
        ("approval_id: ???", "approval_id: A1"),
        ("body: ???", "body: Committee"),
        ("expires: ???", "expires: 2199-01-01"),
        ("[???]", "[DUO:0000042]"),
    ):
        draft = draft.replace(blank, word)
    (folder / "approval.yaml").write_text(draft)
    start("equisite", "approval", "sign", "approval.yaml", "--key", "key", folder=folder)
    jobs = planned(start, to_change, other_checkout)
    assert {rule for rule, _ in jobs} == {"release_prepare_bundle"}
    start(*run, folder=folder)

    bundle = read_bundle(to_change.bundle)
    assert bundle.about.opt_in
    listed = {c.key.rpartition("=")[2] for c in bundle.cells if c.measure == "listed"}
    truth = Site(folder.parent / "truth").table("planted.tsv")
    planted = {":".join(row[n] for n in ("contig", "pos", "ref", "alt")) for row in truth}
    assert planted <= listed
    rows = to_change.table("private/positions.tsv")
    private = {row["position"]: row["patients"] for row in rows}
    for row in truth:
        assert row["patient"] in private[row["pos"]].split(",")
    # A place in the genome stands in no log.
    places = {f":{name.split(':')[1]}:" for name in listed}
    assert hits([folder / "logs"], sorted(places)) == []

    # The lead makes the next protocol of it; reads are looked at again, not aligned again.
    start("equisite", "approve", folder=folder)
    shutil.copy(next((folder / "outbox").glob("*.bundle")), lead / "inbox")
    words = ("list-positions", "--directory", str(lead), "--out", str(following))
    start("equisite", "protocol", *words, folder=lead)
    shutil.copy(following / "positions.vcf", consortium)
    protocol = yaml.safe_load((consortium / "protocol.yaml").read_text())
    snippet = yaml.safe_load((following / "positions.yaml").read_text())
    protocol["protocol"]["version"] = "2.0.0"
    protocol["genomics"] |= snippet["genomics"]
    protocol["tables"] = [*protocol["tables"][:1], *snippet["tables"]]
    (consortium / "protocol.yaml").write_text(yaml.safe_dump(protocol))
    start(*run, folder=folder)
    bundle = read_bundle(to_change.bundle)
    copies = {c.key.rpartition("=")[2]: c.value for c in bundle.cells if c.measure == "ac"}
    assert set(copies) == listed
    for name in planted:
        own = [
            r for r in truth if ":".join((r["contig"], r["pos"], r["ref"], r["alt"])) == name
        ]
        drawn = sum(r["genotype"].count("1") for r in own if r["counted"] == "1")
        assert copies[name] == str(drawn), name
    shutil.rmtree(lead / "inbox")
    (lead / "inbox").mkdir()
