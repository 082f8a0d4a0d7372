"""All findings together, condensed, and in time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from equisite.core.errors import ConfigError, Finding
from equisite.intake.check import check_site, condensed
from equisite.intake.rows import read_imaging, read_patients, read_sequencing
from equisite.intake.sequencing import check_sequencing


def test_remarks_stop_nothing(site: Path) -> None:
    config = site / "config.yaml"
    (site / "keyring.yaml").unlink()
    sheet = site / "sequencing.tsv"
    sheet.write_text(sheet.read_text().replace("normal", "tumour"))
    config.write_text(config.read_text().replace("  imaging: imaging.tsv\n", ""))
    found = {f.code: f for f in check_site(site).remarks}
    assert set(found) == {
        "KEYRING_ABSENT",
        "SHEET_NOT_USED",
        "TUMOUR_ALONE",
        "CLINICAL_ONLY",
        "WITHDRAWN",
    }
    assert found["TUMOUR_ALONE"].numbers == {"count": 2}
    assert found["CLINICAL_ONLY"].numbers == {"count": 1}


def test_a_site_may_have_patients_only(site: Path) -> None:
    (site / "config.yaml").write_text(
        "site: north\nprotocol: protocol.yaml\nfreeze: {id: f1, date: 2026-01-31}\n"
    )
    checked = check_site(site)
    assert checked.sequencing is None and checked.imaging is None and checked.fasta is None


def test_an_archive_makes_uids_possible(site: Path) -> None:
    sheet = site / "imaging.tsv"
    sheet.write_text(sheet.read_text().replace("images/p01", "1.2.840.113619.2.5"))
    config = site / "config.yaml"
    config.write_text(config.read_text() + "roots: {images: images}\n")
    checked = check_site(site)
    assert checked.image_root is not None
    assert checked.image_root.path == str(site / "images")


def test_clinical_variables_of_the_codebook(site: Path) -> None:
    sheet = site / "patients.tsv"
    rows = sheet.read_text().splitlines()
    sheet.write_text(
        "\n".join([rows[0] + "\tage_band", *(r + "\t40-49" for r in rows[1:])]) + "\n"
    )
    with pytest.raises(ConfigError, match=r"COLUMN_UNKNOWN .* age_band"):
        check_site(site)  # what is computed may not be given


def test_many_of_a_kind_are_counted() -> None:
    many = [
        Finding("CELL_SPACES", f"a.tsv line {i}, column b", {"cell": "x"}) for i in range(2, 40)
    ]
    other = Finding("CELL_SPACES", "a.tsv line 2, column c", {"cell": "x"})
    result = condensed([*many, other])
    assert len(result) == 12
    assert result[10].code == "MORE_OF_A_KIND"
    assert result[10].where == "a.tsv, column b"
    assert result[10].numbers == {"count": 28, "code": "CELL_SPACES"}
    assert result[-1] == other


def test_ten_thousand_rows_in_a_second(tmp_path: Path) -> None:
    people = ["patient\tsex\tage\tdiagnosis"]
    lanes = ["patient\tsample\tkind\tlibrary\tlane\tfastq_1\tfastq_2"]
    series = ["patient\tseries\tmodality\tmask\troi"]
    for i in range(3334):
        people.append(f"P{i}\tfemale\t60\tC49.9")
        lanes.append(f"P{i}\tP{i}-N\tnormal\tl\t1\tr/{i}_1.fq.gz\tr/{i}_2.fq.gz")
        series.append(f"P{i}\ti/{i}\tMR\tm/{i}.nii\tgtv")
    for name, rows in (("patients", people), ("sequencing", lanes), ("imaging", series)):
        (tmp_path / f"{name}.tsv").write_text("\n".join(rows) + "\n")
    start = time.process_time()
    assert read_patients(tmp_path / "patients.tsv", "p")[1] == []
    sheet, findings = read_sequencing(tmp_path / "sequencing.tsv", "s")
    assert sheet is not None and not findings
    assert list(check_sequencing(sheet)) == []
    assert read_imaging(tmp_path / "imaging.tsv", "i")[1] == []
    assert time.process_time() - start < 1.0
