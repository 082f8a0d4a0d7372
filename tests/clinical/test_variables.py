"""Clinical variables: taken, derived, or missing with a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from equisite.cli.main import main
from equisite.clinical.variables import clinical_variables, derive
from equisite.codebook.book import codebook
from equisite.core.canonical import canonical_json
from equisite.core.outcomes import read_outcomes
from equisite.core.tables import read_table, write_table

COLUMNS = ("patient", "sex", "age", "birth_year", "diagnosis")


def values(**cells: str) -> tuple[dict[str, str], set[str]]:
    row = {
        "patient": "P1",
        "sex": "female",
        "age": "61",
        "birth_year": "",
        "diagnosis": "C49.9",
    }
    row |= cells
    variables = clinical_variables(codebook(), tuple(row))
    found, outcomes = derive(row, variables, 2024)
    return dict(found.values), {o.code for o in outcomes}


def test_all_variables_of_an_ordinary_patient():
    assert values() == (
        {
            "sex": "female",
            "sex_female": "1",
            "age": "61",
            "age_band": "60-69",
            "diagnosis_chapter": "II",
        },
        {""},
    )


@pytest.mark.parametrize(
    ("sex", "flag"), [("female", "1"), ("male", "0"), ("other", "0"), ("unknown", "")]
)
def test_the_flag_of_a_sex_is_missing_only_if_unknown(sex: str, flag: str):
    assert values(sex=sex)[0]["sex_female"] == flag


@pytest.mark.parametrize(
    ("age", "band"),
    [
        ("0", "0-17"),
        ("17", "0-17"),
        ("18", "18-39"),
        ("69", "60-69"),
        ("70", "70-79"),
        ("80", "80+"),
        ("104", "80+"),
    ],
)
def test_bands_hold_their_lower_bound(age: str, band: str):
    assert values(age=age)[0]["age_band"] == band


def test_age_is_counted_from_the_year_of_birth_and_said():
    found, codes = values(age="", birth_year="1960")
    assert (found["age"], found["age_band"]) == ("64", "60-69")
    assert codes == {"AGE_FROM_BIRTH_YEAR"}


def test_what_is_missing_is_a_category_and_said():
    found, codes = values(age="")
    assert (found["age"], found["age_band"]) == ("", "missing")
    assert codes == {"CLINICAL_MISSING"}


def test_a_diagnosis_outside_every_chapter_is_said():
    found, codes = values(diagnosis="1234/9")
    assert found["diagnosis_chapter"] == "missing"
    assert codes == {"DIAGNOSIS_UNMAPPED"}


def test_a_morphology_is_a_neoplasm():
    assert values(diagnosis="8500/3")[0]["diagnosis_chapter"] == "II"


@pytest.mark.parametrize("cells", [{"sex": "f"}, {"age": "-3"}, {"age": "old"}, {"age": "nan"}])
def test_a_value_that_the_codebook_does_not_allow_is_missing_and_said(cells: dict[str, str]):
    found, codes = values(**cells)
    assert codes == {"CLINICAL_VALUE"}
    name = next(iter(cells))
    assert found[name] == ("unknown" if name == "sex" else "")


def test_the_command_writes_sorted_rows_and_outcomes(tmp_path: Path):
    rows = [
        {"patient": p, "sex": "male", "age": "50", "birth_year": "", "diagnosis": "I10"}
        for p in ("b", "a", "B")
    ]
    write_table(tmp_path / "in.tsv", COLUMNS, rows)
    (tmp_path / "site.json").write_bytes(canonical_json({"freeze": {"date": "2024-01-31"}}))
    out, outcomes = tmp_path / "out.tsv", tmp_path / "outcomes.tsv"
    command = ["clinical", "derive", "--patients", str(tmp_path / "in.tsv")]
    command += ["--site", str(tmp_path / "site.json")]
    assert main([*command, "--out", str(out), "--outcomes", str(outcomes)]) == 0
    assert [row["patient"] for row in read_table(out)[1]] == ["B", "a", "b"]
    assert {o.outcome for o in read_outcomes([outcomes])} == {"done"}
