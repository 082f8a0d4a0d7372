"""All findings together, condensed, and in time."""

from __future__ import annotations

import errno
import time
from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from equisite.codebook.book import codebook
from equisite.core.errors import ConfigError, Finding
from equisite.intake.check import check_site, condensed
from equisite.intake.imaging import check_imaging
from equisite.intake.rows import (
    _clinical_problem,
    read_imaging,
    read_patients,
    read_sequencing,
)
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


def test_patients_whose_ids_differ_in_signs_only_are_told(site: Path) -> None:
    sheet = site / "patients.tsv"
    more = "P-01\tmale\t50\tC49.9\tincluded\nP.04\tmale\t50\tC49.9\tincluded\n"
    sheet.write_text(sheet.read_text() + more)
    (found,) = [f for f in check_site(site).remarks if f.code == "PATIENTS_ALIKE"]
    # P04 is withdrawn: nobody is counted twice
    assert found.numbers == {"count": 1, "one": "P-01", "other": "P01"}


@pytest.mark.parametrize(
    ("columns", "codes"),
    [
        ("P01-N\tP02-N\tother", []),
        ("P01-N", ["FILE_IN_TWO_ROWS"]),  # whose calls are these?
        ("", ["FILE_IN_TWO_ROWS"]),
    ],
)
def test_one_vcf_holds_the_calls_of_the_samples_that_it_names(
    site: Path, columns: str, codes: list[str]
) -> None:
    text = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + columns
    (site / "all.vcf").write_text(f"##fileformat=VCFv4.2\n{text}\n" if columns else "none\n")
    rows = [f"{p}\t{p}-N\tnormal\tall.vcf\n" for p in ("P01", "P02")]
    (site / "sequencing.tsv").write_text("patient\tsample\tkind\tcalls\n" + "".join(rows))
    found: list[str] = []
    try:
        check_site(site)
    except ConfigError as error:
        found = [finding.code for finding in error.findings]
    assert found == codes


def test_a_patient_numbered_like_the_year_of_the_freeze_is_not_named_by_it(site: Path) -> None:
    sheet, config = site / "patients.tsv", site / "config.yaml"
    sheet.write_text(sheet.read_text() + "2026\tmale\t50\tC49.9\tincluded\n")
    config.write_text(config.read_text().replace("id: f1", "id: freeze-2026"))
    assert check_site(site).config.freeze.id == "freeze-2026"


def test_a_site_may_have_patients_only(site: Path) -> None:
    (site / "config.yaml").write_text(
        "site: north\nprotocol: protocol.yaml\nfreeze: {id: f1, date: 2026-01-31}\n"
    )
    checked = check_site(site)
    assert checked.sequencing is None and checked.imaging is None and checked.fasta is None


def test_a_report_needs_its_layer(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUISITE_HOME", str(tmp_path / "home"))
    config = site / "config.yaml"
    config.write_text(config.read_text() + "multiqc: true\n")
    with pytest.raises(
        ConfigError, match=r"LAYER_MISSING config\.yaml line 10, key multiqc"
    ) as e:
        check_site(site)
    assert "install --with report-qc" in str(e.value)
    layer = tmp_path / "home/layers/report-qc"
    layer.mkdir(parents=True)
    about = '{"digest": "d", "packages": "p", "versions": {}}'
    (layer / "layer.json").write_text(about)
    assert check_site(site).config.multiqc
    config.write_text(config.read_text().replace("multiqc: true", "multiqc: false"))
    (layer / "layer.json").unlink()
    assert not check_site(site).config.multiqc


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


@pytest.mark.parametrize("cell", ["1_0", "\u0664\u0669", "0x1f", "1,5", "1e999", "nan", "inf"])
def test_numbers_that_nobody_writes(cell: str) -> None:
    count = next(v for v in codebook().variables if v.type == "number")
    assert _clinical_problem(count, cell).startswith("must be a")
    assert _clinical_problem(count, "1.5e1") == ""


@pytest.mark.parametrize("date", ["2026-02-30", "1926-01-31", "2206-01-31", "20260131"])
def test_a_day_is_in_the_calendar_and_in_the_times_of_a_bundle(site: Path, date: str) -> None:
    config = site / "config.yaml"
    config.write_text(config.read_text().replace("2026-01-31", date))
    assert findings_of(site) == [("KEY_VALUE", "config.yaml line 7, key freeze.date")]


def test_samples_of_the_withdrawn_name_no_freeze(site: Path) -> None:
    sheet = site / "sequencing.tsv"
    sheet.write_text(f"{sheet.read_text()}P04\tgone-blood\tnormal\tl\tL1\tx.fq.gz\t\n")
    config = site / "config.yaml"
    config.write_text(config.read_text().replace("id: f1", "id: with-gone-blood"))
    assert findings_of(site) == [("FREEZE_NAMES_PATIENT", "config.yaml line 7, key freeze.id")]


def test_places_that_the_machine_refuses_hide_nothing(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("equisite.protocol.checks.sha256_file", refuse)
    config = site / "config.yaml"
    config.write_text(f"{config.read_text()}roots: {{images: {'x' * 300}}}\n")
    patients = site / "patients.tsv"
    patients.write_text(patients.read_text().replace("P01\tfemale", "P01\tf"))
    assert findings_of(site) == [
        ("CONFIG_UNREADABLE", "protocol.yaml line 13, key genomics.gene_models"),
        ("CELL_VALUE", "patients.tsv line 2, column sex"),
        ("FILE_UNREADABLE", "config.yaml line 10, key roots.images"),
    ]


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


def findings_of(site: Path) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        check_site(site)
    return [(f.code, f.where) for f in caught.value.findings]


def test_a_wrong_cell_hides_no_other_mistake_of_its_row(site: Path) -> None:
    sheet = site / "patients.tsv"
    text = sheet.read_text().replace("P02\tmale\t47\tC49.9", "p01\tmal\tx\tsarcoma")
    sheet.write_text(text)
    assert findings_of(site) == [
        ("CELL_VALUE", "patients.tsv line 3, column sex"),
        ("CELL_VALUE", "patients.tsv line 3, column age"),
        ("CELL_VALUE", "patients.tsv line 3, column diagnosis"),
        ("ID_CASE", "patients.tsv line 3, column patient"),
        ("PATIENT_UNKNOWN", "sequencing.tsv line 4, column patient"),
    ]


def test_a_wrong_cell_hides_no_file_that_is_missing_and_no_lane_that_stands_twice(
    site: Path,
) -> None:
    sheet = site / "sequencing.tsv"
    sheet.write_text(
        sheet.read_text().replace(
            "P01\tP01-N\tnormal\tlib1\tL2", "P01\tP01-N\tgermline\tlib1\tL1"
        )
    )
    (site / "reads/p01_l2_R2.fastq.gz").unlink()
    assert findings_of(site) == [
        ("CELL_VALUE", "sequencing.tsv line 3, column kind"),
        ("LANE_TWICE", "sequencing.tsv line 3, column lane"),
        ("FILE_MISSING", "sequencing.tsv line 3, column fastq_2"),
    ]


def test_an_id_whose_form_is_wrong_is_told_once_and_nobody_is_unknown(site: Path) -> None:
    sheet = site / "patients.tsv"
    sheet.write_text(sheet.read_text().replace("P02", "P 02"))
    assert findings_of(site) == [("CELL_VALUE", "patients.tsv line 3, column patient")]


def test_a_mistyped_column_is_read_and_told_with_what_is_wrong_in_it(site: Path) -> None:
    sheet = site / "sequencing.tsv"
    sheet.write_text(sheet.read_text().replace("fastq_2", "fastq2").replace("p01_l2_R2", "x"))
    assert findings_of(site) == [
        ("COLUMN_UNKNOWN", "sequencing.tsv line 1"),
        ("FILE_MISSING", "sequencing.tsv line 3, column fastq_2"),
    ]


def test_a_column_of_open_meaning_makes_nothing_missing(site: Path) -> None:
    sheet = site / "sequencing.tsv"
    sheet.write_text(sheet.read_text().replace("fastq_1", "R1_file").replace("lane", "barcode"))
    assert findings_of(site) == [
        ("COLUMN_UNKNOWN", "sequencing.tsv line 1"),
        ("COLUMN_UNKNOWN", "sequencing.tsv line 1"),
    ]


def test_mistakes_of_config_protocol_and_all_sheets_come_together(site: Path) -> None:
    for name, old, new in (
        ("config.yaml", "date: 2026-01-31", "date: yesterday"),
        ("protocol.yaml", "minimum_n: 3", "minimum_n: three"),
        ("protocol.yaml", "features: mr__gtv__core", "features: mr__edema__core"),
        ("patients.tsv", "P03\tfemale", "P03\tf"),
        ("sequencing.tsv", "P02-N", "p01-n"),
        ("imaging.tsv", "P03\timages/p03\tMR", "P03\timages/p03\tUS"),
        ("keyring.yaml", "protocol: trial", "protocol: other"),
    ):
        path = site / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    assert sorted(findings_of(site)) == [
        ("CELL_VALUE", "imaging.tsv line 3, column modality"),
        ("CELL_VALUE", "patients.tsv line 4, column sex"),
        ("ID_CASE", "sequencing.tsv line 4, column sample"),
        ("KEYRING_DIFFERS", "keyring.yaml line 1, key protocol"),
        ("KEY_VALUE", "config.yaml line 7, key freeze.date"),
        ("KEY_VALUE", "protocol.yaml line 23, key cohort.minimum_n"),
        ("ROI_UNKNOWN", "protocol.yaml line 27, key tables[3].features"),
    ]


def places_in(
    content: object, above: tuple[str | int, ...] = ()
) -> list[tuple[str | int, ...]]:
    """Every key and list item of plain content, deepest last."""
    if not isinstance(content, dict | list):
        return []
    items = content.items() if isinstance(content, dict) else enumerate(content)
    found = []
    for key, value in items:
        found += [(*above, key), *places_in(value, (*above, key))]
    return found


@pytest.mark.parametrize("name", ["config.yaml", "protocol.yaml", "keyring.yaml"])
@pytest.mark.parametrize("value", [..., "???", 17, [], {"zebra": {}}])
def test_whatever_place_is_spoilt_all_else_is_still_checked(
    site: Path, name: str, value: object
) -> None:
    sheet = site / "patients.tsv"
    sheet.write_text(sheet.read_text().replace("P03\tfemale", "P03\tf"))
    original = yaml.safe_load((site / name).read_text())
    for place in places_in(original):
        content = deepcopy(original)
        holder = content
        for part in place[:-1]:
            holder = holder[part]
        if value is ...:
            del holder[place[-1]]
        else:
            holder[place[-1]] = value
        (site / name).write_text(yaml.safe_dump(content))
        found = findings_of(site)
        if place[0] != "sheets":
            assert ("CELL_VALUE", "patients.tsv line 4, column sex") in found, place


def test_thousands_of_mistakes_are_counted_and_a_few_of_each_kind_are_shown(
    site: Path,
) -> None:
    lines = [f"Q{i}\tmale\tforty\tC49.9\tincluded" for i in range(3000)]
    with (site / "patients.tsv").open("a") as stream:
        stream.write("\n".join([*lines, *lines[:50]]) + "\n")
    with pytest.raises(ConfigError) as caught:
        check_site(site)
    text = caught.value.render()
    assert len(caught.value.findings) == 22
    assert "patients.tsv, column age: 3040 more of the kind CELL_VALUE" in text
    assert "patients.tsv, column patient: 40 more of the kind PATIENT_TWICE" in text
    assert text.endswith("3,100 problems in all. Nothing was run.")


def test_fifty_thousand_rows_in_a_few_seconds(tmp_path: Path) -> None:
    rows = [f"P{i}\ti/{i}\tMR\tm/{i}.nii\tgtv" for i in range(50_000)]
    path = tmp_path / "imaging.tsv"
    path.write_text("\n".join(["patient\tseries\tmodality\tmask\troi", *rows]) + "\n")
    start = time.process_time()
    sheet, findings = read_imaging(path, "imaging.tsv")
    assert sheet is not None and not findings
    assert list(check_imaging(sheet, root_given=False, pacs_given=False)) == []
    assert time.process_time() - start < 5.0


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
