"""Counts of what the basic profile would remove; no value is ever shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dicom_making import item_of, make_series, save
from imaging_cases import IMAGING, make_case, only, run, said
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from equisite.cli.main import main
from equisite.imaging.privacy import attribute_of, files_below, inspect, profile


def rows(folder: Path) -> dict[str, tuple[int, int]]:
    found = inspect(files_below(folder))[2]
    return {row.name: (row.files, row.declared) for row in found}


def made() -> list[Dataset]:
    series = make_series(3)
    series[0].PatientName = "SECRET^NAME"
    series[1].PatientName = ""
    series[2].StudyDate = "20200229"
    series[2].add_new(0x00091001, "LO", "SECRET")
    series[0].BurnedInAnnotation = "YES"
    series[1].RequestAttributesSequence = DicomSequence([item_of(AccessionNumber="SECRET")])
    return series


def test_values_are_counted_by_file(tmp_path: Path) -> None:
    save(made(), tmp_path)
    (tmp_path / "note").write_text("no DICOM", encoding="utf-8")
    found = rows(tmp_path)
    assert found["Patient's Name"] == (1, 0)
    assert found["Study Date"] == (1, 0)
    assert found["Accession Number"] == (1, 0)
    assert found["Private attributes"] == (1, 0)
    assert found["Burned In Annotation"] == (1, 0)
    assert inspect(files_below(tmp_path))[0] == 3


@pytest.mark.parametrize(("code", "declared"), [("113106", 1), ("113107", 1), ("113105", 0)])
def test_declared_options_allow_values(tmp_path: Path, code: str, declared: int) -> None:
    series = made()
    for ds in series:
        ds.DeidentificationMethodCodeSequence = DicomSequence([item_of(CodeValue=code)])
    save(series, tmp_path)
    assert rows(tmp_path)["Study Date"] == (1, declared)


def test_patterns_of_tags() -> None:
    assert len(profile()) > 600
    overlay = attribute_of(0x60024000)
    assert overlay is not None and overlay[1].name == "Overlay Comments"
    curve = attribute_of(0x50123000)
    assert curve is not None and curve[1].name == "Curve Data"
    assert attribute_of(0x00280010) is None


def test_the_command_shows_no_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(made(), tmp_path / "in")
    out = tmp_path / "privacy.tsv"
    assert main(["imaging", "privacy", "--root", str(tmp_path / "in"), "--out", str(out)]) == 0
    text = out.read_text("utf-8") + capsys.readouterr().err
    assert "Patient's Name" in text and "3 DICOM files" in text
    assert "SECRET" not in text and "20200229" not in text


def test_the_command_blocks_only_when_asked(tmp_path: Path) -> None:
    save(made(), tmp_path / "held")
    save(make_series(3), tmp_path / "clean")
    command = ["imaging", "privacy", "--out", str(tmp_path / "privacy.tsv"), "--root"]
    assert main([*command, str(tmp_path / "held")]) == 0
    assert main([*command, str(tmp_path / "held"), "--deid", "block"]) == 2
    # A pseudonym in PatientID cannot be told from a name, so it does not block.
    assert main([*command, str(tmp_path / "clean"), "--deid", "block"]) == 0


@pytest.mark.parametrize(("setting", "outcome"), [("warn", "flagged"), ("block", "refused")])
def test_the_protocol_may_ask_for_the_check(tmp_path: Path, setting: str, outcome: str) -> None:
    case = make_case(tmp_path)
    imaging = IMAGING.model_copy(update={"deid": setting})
    assert said(run(tmp_path, imaging=imaging), "flagged") == []
    shutil.rmtree(tmp_path / "volumes")
    case[0].add_new(0x00091001, "LO", "SECRET")
    case[1].BurnedInAnnotation = "YES"
    case[2].OperatorsName = "SECRET"
    save(case, tmp_path / "series")
    result = run(tmp_path, imaging=imaging)
    told = only(result, "DEID_HELD")
    assert told.outcome == outcome
    assert "hold 1 attributes" in told.sentence and "in some of 8 files" in told.sentence
    assert "private elements in 1, burned-in text by their own word in 1" in told.sentence
    assert "SECRET" not in str(result)
    assert len(result.regions) == (setting == "warn")
    assert (tmp_path / "volumes" / "t1.image.nii").exists() == (setting == "warn")
