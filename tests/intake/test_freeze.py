"""The frozen index: the same for the same content, and only what changed is written."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from equisite.core.errors import ConfigError
from equisite.core.tables import read_rows, read_table
from equisite.intake.freeze import SEEN, freeze
from equisite.intake.index import ImagingItem, SequencingItem
from equisite.intake.pacs import COPIES, copy_of


def test_nobody_but_their_owner_opens_work_and_private(site: Path) -> None:
    freeze(site)
    for name in ("work", "private"):
        assert (site / name).stat().st_mode & 0o777 == 0o700


def test_rights_that_somebody_gave_stay(site: Path) -> None:
    for name in ("work", "private"):
        (site / name).mkdir()
        (site / name).chmod(0o750)
    freeze(site)
    for name in ("work", "private"):
        assert (site / name).stat().st_mode & 0o777 == 0o750


def index(site: Path) -> dict[str, bytes]:
    """All files of the index by name."""
    out = site / "work" / "intake"
    return {
        p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()
    }


def times(site: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in (site / "work").rglob("*") if p.is_file()}


def add_patient(site: Path, name: str) -> None:
    with (site / "patients.tsv").open("a") as sheet:
        sheet.write(f"{name}\tmale\t50\tC49.9\tincluded\n")
    with (site / "sequencing.tsv").open("a") as sheet:
        sheet.write(
            f"{name}\t{name}-N\tnormal\tlib1\tL1\treads/{name}_1.fq\treads/{name}_2.fq\n"
        )
    for number in (1, 2):
        (site / "reads" / f"{name}_{number}.fq").write_text(f"@{name}{number}\nA\n+\nI\n")


def test_what_is_frozen(site: Path) -> None:
    frozen = freeze(site)
    assert (frozen.site, frozen.genomics_batches, frozen.imaging_batches) == (
        "north",
        (1,),
        (1,),
    )
    assert (site / "private" / "site.key").stat().st_mode & 0o777 == 0o600
    lanes = read_rows(site / "work/intake/genomics/1.tsv", SequencingItem)
    assert [(r.patient, r.lane_number, r.lane, r.sex) for r in lanes] == [
        ("P01", 1, "L1", "female"),
        ("P01", 2, "L2", "female"),
        ("P02", 1, "L1", "male"),
    ]
    assert all(Path(r.fastq_1).is_file() and Path(r.fastq_1).is_absolute() for r in lanes)
    series = read_rows(site / "work/intake/imaging/1.tsv", ImagingItem)
    assert [(r.patient, r.roi, r.roi_label) for r in series] == [
        ("P01", "gtv", ""),
        ("P03", "gtv", "1"),
    ]
    columns, people = read_table(site / "work/intake/clinical.tsv")
    assert columns == ["patient", "sex", "age", "birth_year", "diagnosis"]
    assert [row["patient"] for row in people] == ["P01", "P02", "P03"]


@pytest.mark.parametrize(
    ("batches", "jobs"),
    [
        ("{}", 1),
        ("{genomics: 1}", 78),
        ("{genomics: 1, calling: 10}", 10),
        ("{calling: 10}", 10),
        ("{genomics: 1, calling: 500}", 78),
    ],
)
def test_over_how_many_jobs_a_genome_is_called(site: Path, batches: str, jobs: int) -> None:
    with (site / "config.yaml").open("a") as stream:
        stream.write(f"batches: {batches}\n")
    assert freeze(site).calling_jobs(78) == jobs
    assert freeze(site).calling_jobs(1) == 1


def test_the_pack_is_batch_zero_under_its_own_reference(site: Path) -> None:
    frozen = freeze(site)
    lanes = read_rows(site / "work/intake/genomics/0.tsv", SequencingItem)
    series = read_rows(site / "work/intake/imaging/0.tsv", ImagingItem)
    assert {r.patient for r in [*lanes, *series]} == {"pack"}
    assert all(Path(p).is_file() for r in lanes for p in (r.fastq_1, r.fastq_2))
    assert all(Path(r.series).is_dir() and Path(r.mask).is_file() for r in series)
    pack, own = frozen.pack_protocol, frozen.protocol
    assert pack.reference != own.reference
    assert pack.genomics.gene_models is not None
    assert (site / "work/intake/pack" / pack.genomics.gene_models.file).is_file()
    assert {r.roi for r in series} == {rule.name for rule in pack.imaging.roi}
    assert {r.modality for r in series} <= set(pack.radiomics.modalities)
    for same in ("cohort", "tables", "disclosure", "conformance", "codebook", "protocol"):
        assert getattr(pack, same) == getattr(own, same)


def test_nothing_changed_writes_nothing(site: Path) -> None:
    freeze(site)
    before = times(site)
    freeze(site)
    assert times(site) == before


def test_order_of_rows_and_columns_does_not_matter(site: Path) -> None:
    freeze(site)
    before = index(site)
    for name in ("patients.tsv", "sequencing.tsv", "imaging.tsv"):
        rows = [line.split("\t") for line in (site / name).read_text().splitlines()]
        order = list(range(len(rows[0])))
        random.Random(7).shuffle(order)
        body = rows[1:]
        random.Random(8).shuffle(body)
        mixed = ["\t".join(row[i] for i in order) for row in [rows[0], *body]]
        (site / name).write_text("\r\n".join(mixed) + "\r\n", encoding="utf-8-sig")
    freeze(site)
    assert index(site) == before


def test_a_new_patient_touches_one_batch(site: Path) -> None:
    config = site / "config.yaml"
    config.write_text(config.read_text() + "batches: {genomics: 2, imaging: 2}\n")
    for number in range(20):
        add_patient(site, f"Q{number:02d}")
    freeze(site)
    before = index(site)
    add_patient(site, "NEW")
    freeze(site)
    after = index(site)
    changed = {n for n in after if after[n] != before.get(n)} | (set(before) - set(after))
    batches = {n for n in changed if n.endswith(".tsv") and "/" in n}
    assert len(batches) == 1
    assert changed - batches == {"clinical.tsv", "frozen.json"}


def test_a_touched_file_changes_its_batch(site: Path) -> None:
    freeze(site)
    before = index(site)
    os.utime(site / "images/p03/1.dcm", ns=(1, 1))
    freeze(site)
    after = index(site)
    assert {n for n in after if after[n] != before[n]} == {"imaging/1.tsv", "frozen.json"}


def test_series_of_the_pacs_are_looked_for_among_their_copies(site: Path) -> None:
    uid = "1.2.840.113619.2.5.1"
    for name, old, new in (
        ("imaging.tsv", "images/p01", uid),
        ("config.yaml", "freeze:", "pacs: {url: 'https://pacs.example/w'}\nfreeze:"),
    ):
        path = site / name
        path.write_text(path.read_text().replace(old, new))

    def row() -> ImagingItem:
        freeze(site)
        rows = read_rows(site / "work/intake/imaging/1.tsv", ImagingItem)
        return next(r for r in rows if r.patient == "P01")

    nothing_there = row()
    assert (nothing_there.series, nothing_there.root) == (uid, str(site / COPIES))
    copy = site / COPIES / copy_of(uid)
    copy.mkdir(parents=True)
    (copy / "a").write_bytes(b"slice")
    first = row()
    (copy / "b").write_bytes(b"another slice")
    assert len({nothing_there.stamp, first.stamp, row().stamp}) == 3
    assert row().token == first.token


def test_batches_that_are_no_more_leave_the_index(site: Path) -> None:
    config = site / "config.yaml"
    config.write_text(config.read_text() + "batches: {genomics: 1, imaging: 1}\n")
    before = freeze(site)
    assert len(before.genomics_batches) == len(before.imaging_batches) == 2
    people = site / "patients.tsv"
    people.write_text(
        people.read_text().replace(
            "P01\tfemale\t61\tC49.9\tincluded", "P01\tfemale\t61\tC49.9\twithdrawn"
        )
    )
    shutil.rmtree(site / "images" / "p01")  # what is withdrawn may be gone
    after = freeze(site)
    assert set(after.genomics_batches) < set(before.genomics_batches)
    files = {p.name for p in (site / "work/intake/genomics").iterdir()}
    assert files == {"0.tsv", f"{after.genomics_batches[0]}.tsv"}
    assert b"P01" not in b"".join(index(site).values())


def test_a_batch_is_the_same_for_every_key_but_for_its_tokens(
    site: Path, tiny: ModuleType, tmp_path: Path
) -> None:
    freeze(site)
    first = read_rows(site / "work/intake/genomics/1.tsv", SequencingItem)
    (site / "private" / "site.key").unlink()
    freeze(site)
    second = read_rows(site / "work/intake/genomics/1.tsv", SequencingItem)
    assert {r.token for r in first}.isdisjoint(r.token for r in second)
    plain = [[(f, v) for f, v in vars(r).items() if f != "token"] for r in first]
    assert plain == [[(f, v) for f, v in vars(r).items() if f != "token"] for r in second]


def test_values_of_the_command_line_win(site: Path) -> None:
    freeze(
        site,
        {"site": "south", "freeze": {"id": "f1", "date": "x"}, "tighten": {"k": 12}}
        | {"freeze": {"id": "f2"}},
    )
    settings = json.loads((site / "work/intake/site.json").read_text())
    assert (settings["site"], settings["freeze"]) == (
        "south",
        {"id": "f2", "date": "2026-01-31"},
    )
    assert settings["tighten"] == {"k": 12, "minimum_n": None}


def test_a_wrong_value_of_the_command_line_is_told(site: Path) -> None:
    with pytest.raises(ConfigError, match=r"KEY_UNKNOWN config\.yaml, key kep"):
        freeze(site, {"kep": {"crams": False}})


def test_processes_of_a_run_take_its_index_as_it_is(site: Path) -> None:
    frozen = freeze(site)
    (site / "patients.tsv").write_text("broken")
    code = (
        "import sys; from pathlib import Path; from equisite.intake.freeze import freeze;"
        "f = freeze(Path(sys.argv[1])); print(f.site, f.protocol_digest('genomics'))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    child = [sys.executable, "-c", code, str(site)]
    found = subprocess.run(child, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["north", frozen.protocol_digest("genomics")]
    environment.pop(SEEN)
    found = subprocess.run(child, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    with pytest.raises(ConfigError):  # the process that froze it looks again
        freeze(site)


def test_digests_of_sections(site: Path) -> None:
    frozen = freeze(site)
    before = frozen.protocol_digest("genomics"), frozen.protocol_digest("cohort")
    tightened = frozen.site_digest("tighten"), frozen.site_digest("batches")
    protocol = site / "protocol.yaml"
    protocol.write_text(protocol.read_text().replace("minimum_n: 3", "minimum_n: 4"))
    config = site / "config.yaml"
    config.write_text(config.read_text() + "tighten: {k: 3}\n")
    again = freeze(site)
    assert again.protocol_digest("genomics") == before[0]
    assert again.protocol_digest("cohort") != before[1]
    assert again.site_digest("tighten") != tightened[0]
    assert again.site_digest("batches") == tightened[1]


def test_names_of_patients_stand_in_tables_only(site: Path) -> None:
    freeze(site)
    for name, content in index(site).items():
        assert "P01" not in name
        if name == "frozen.json" or name.startswith(("protocol", "pack", "site")):
            assert b"P01" not in content
            assert b"P02" not in content
