"""Names of the site are gathered from sheets, index and reports; public words are not names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_cohort import columns, patient, protocol, write_site

from equisite.codebook.book import codebook
from equisite.core.errors import ReleaseRefusal
from equisite.core.tables import write_table
from equisite.release.identifiers import site_identifiers, vocabulary
from equisite.release.prepare import prepare


def test_names_of_all_places_are_found(tmp_path: Path):
    site = write_site(tmp_path, columns(3), protocol())
    intake = site / "work/intake"
    lanes = [
        {
            "patient": p,
            "sample": f"{p}-tumour",
            "token": t,
            "fastq_1": f"/data/reads/{p}x/{p}_R1.fq.gz",
        }
        for p, t in (("ANNA", "aa11"), ("BERT", "bb22"))
    ]
    write_table(intake / "genomics/1.tsv", ["patient", "sample", "token", "fastq_1"], lanes)
    pack = [{"patient": "PACK", "sample": "PACK-N"}]
    write_table(intake / "genomics/0.tsv", ["patient", "sample"], pack)
    write_table(
        site / "work/imaging/1/series.tsv", ["token", "series_uid"],
        [{"token": "cc33", "series_uid": "1.2.840.99.7"}],
    )  # fmt: skip
    write_table(site / "patients.tsv", ["patient"], [{"patient": "WITHDRAWN-1"}])
    found = site_identifiers(site)
    for name in (
        "ANNA", "BERT-tumour", "aa11", "cc33", "1.2.840.99.7", "ANNA_R1.fq.gz", "ANNA_R1",
        "BERTx", "WITHDRAWN-1", patient(1),
    ):  # fmt: skip
        assert name in found, name
    # folders that patients share, and the public pack, name nobody
    assert not found & {"data", "reads", "PACK", "PACK-N"}


def test_public_words_are_those_of_protocol_codebook_and_format():
    words = vocabulary(protocol(), codebook(), ["north"])
    for word in ("north", "aaa1", "mr__gtv__shape_mesh_volume", "analysis_set", "suppressed"):
        assert word in words
    assert "anna" not in words


def test_a_sheet_that_was_broken_after_the_freeze_stops_nothing(tmp_path: Path):
    site = write_site(tmp_path, columns(3), protocol())
    (site / "patients.tsv").write_bytes(b"\xff\xfe\tx\ny\n")
    assert patient(1) in site_identifiers(site)


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("patient", "2024"),
        ("patient", "sha256"),
        ("reader", "mean"),
        ("roi_label", "mesh"),
        ("roi_label", "sphericity"),
        ("library", "schema"),
        ("series", "/srv/2024/tabular/imaging"),
    ],
)
def test_a_public_word_as_a_name_does_not_stop_a_release(
    tmp_path: Path, column: str, name: str
):
    site = write_site(tmp_path, columns(60), protocol())
    row = {"patient": "P0099", column: name}
    write_table(site / "work/intake/genomics/1.tsv", sorted(row), [row])
    assert prepare(site, "0" * 64).scanned["identifiers"] >= 60


@pytest.mark.parametrize(
    "freeze",
    [patient(1), f"without-{patient(1)}", f"{patient(7)}_added", "ANNASMITH61-removed"],
)
def test_a_freeze_that_is_named_after_a_patient_does_not_leave(tmp_path: Path, freeze: str):
    site = write_site(tmp_path, columns(60), protocol())
    lane = {"patient": patient(1), "sample": "annasmith61"}
    write_table(site / "work/intake/genomics/1.tsv", sorted(lane), [lane])
    settings = json.loads((site / "work/intake/site.json").read_bytes())
    settings["freeze"]["id"] = freeze
    (site / "work/intake/site.json").write_text(json.dumps(settings), encoding="utf-8")
    with pytest.raises(ReleaseRefusal, match="R_SCAN"):
        prepare(site, "0" * 64)
