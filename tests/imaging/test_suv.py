from __future__ import annotations

import dataclasses
import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_making import codes, judge, make_series, save, stored
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from equisite.imaging.nifti import read_volume
from equisite.imaging.suv import factor_of_fields
from equisite.imaging.suv_fields import (
    SuvFields,
    clock_seconds,
    day_seconds,
    instant_seconds,
    read_suv_fields,
)

NOON = 43200.0
GOOD = SuvFields(
    weight_kg=70.0,
    dose_bq=3.7e8,
    half_life_s=6586.2,
    nuclide="C-111A1",
    tracer="FDG",
    start=None,
    start_clock=NOON - 3600,
    series=NOON,
    series_day=0.0,
    acquisition=NOON,
    ge_scan=None,
    decay_correction="START",
    corrections=frozenset({"ATTN", "DECY"}),
    philips_suv=None,
    philips_activity=None,
)
HOUR = 70 * 1000 / (3.7e8 * 2 ** (-3600 / 6586.2))


def factor(units: str = "BQML", **changes: object) -> tuple[float, list[str]]:
    value, findings = factor_of_fields(units, [dataclasses.replace(GOOD, **changes)] * 3)  # type: ignore[arg-type]
    return value, [f.code for f in findings]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, HOUR),
        ({"decay_correction": "ADMIN"}, 70 * 1000 / 3.7e8),
        # A series made later than the scan counts from the earliest slice, or GE's own time.
        ({"series": NOON + 9000}, HOUR),
        (
            {"series": NOON + 9000, "ge_scan": NOON - 600},
            70e3 / (3.7e8 * 2 ** (-3000 / 6586.2)),
        ),
        ({"start": NOON - 3600, "start_clock": 1.0}, HOUR),
    ],
)
def test_factors(changes: dict[str, object], expected: float) -> None:
    value, found = factor(**changes)
    assert value == pytest.approx(expected, rel=1e-12)
    assert found == []


def test_philips_counts() -> None:
    assert factor("CNTS", philips_suv=5e-4) == (5e-4, [])
    value, _ = factor("CNTS", philips_suv=0.0, philips_activity=2.0)
    assert value == pytest.approx(2 * HOUR, rel=1e-12)
    assert factor("CNTS")[1] == ["SUV_UNITS"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"weight_kg": None}, "SUV_NO_WEIGHT"),
        ({"weight_kg": 0.0}, "SUV_NO_WEIGHT"),
        ({"dose_bq": 370.0}, "SUV_NO_DOSE"),  # MBq
        ({"dose_bq": None}, "SUV_NO_DOSE"),
        ({"corrections": frozenset({"DECY"})}, "SUV_NOT_CORRECTED"),
        ({"decay_correction": "NONE"}, "SUV_NOT_CORRECTED"),
        ({"half_life_s": 109.77}, "SUV_HALF_LIFE"),  # minutes
        ({"half_life_s": 4062.6}, "SUV_HALF_LIFE"),  # of another nuclide
        ({"start": NOON + 60}, "SUV_TIME"),
        ({"start": NOON - 86400}, "SUV_TIME"),
        ({"start_clock": None}, "SUV_TIME"),
        ({"start_clock": NOON - 10000}, "SUV_UPTAKE"),
    ],
)
def test_what_is_refused(changes: dict[str, object], code: str) -> None:
    assert factor(**changes)[1] == [code]


def test_injection_before_midnight() -> None:
    value, found = factor(series=600.0, acquisition=600.0, start_clock=86400.0 - 3000)
    assert value == pytest.approx(HOUR, rel=1e-12)
    assert found == ["SUV_MIDNIGHT"]


def test_slices_that_differ() -> None:
    slices = [GOOD, dataclasses.replace(GOOD, dose_bq=1e8), GOOD]
    assert [f.code for f in factor_of_fields("BQML", slices)[1]] == ["SUV_MIXED"]
    later = dataclasses.replace(GOOD, acquisition=NOON + 300)
    assert factor_of_fields("BQML", [later, GOOD, later])[1] == []


def test_times() -> None:
    day = day_seconds("20240301")
    assert day is not None
    assert day - (day_seconds("20240229") or 0) == 86400
    assert instant_seconds("20240301112011.5&") is None
    assert instant_seconds("20240301112011.5+0200") == day + 40811.5
    assert clock_seconds("2400") is None
    assert clock_seconds("") is None


def pet(units: str) -> list[Dataset]:
    made = make_series(4, modality="PT")
    for ds in made:
        ds.Units = units
        ds.PatientWeight = 70
        ds.SeriesDate = ds.AcquisitionDate = "20240229"
        ds.SeriesTime = ds.AcquisitionTime = "120000"
        ds.DecayCorrection = "START"
        ds.CorrectedImage = ["ATTN", "DECY", "SCAT"]
        dose = Dataset()
        dose.RadionuclideTotalDose = 3.7e8
        dose.RadionuclideHalfLife = 6586.2
        dose.RadiopharmaceuticalStartTime = "110000"
        ds.RadiopharmaceuticalInformationSequence = DicomSequence([dose])
    return made


def test_activity_becomes_uptake_in_the_volume(tmp_path: Path) -> None:
    made = pet("BQML")
    save(made, tmp_path / "in")
    assert codes(judge(tmp_path / "in", "PT", tmp_path / "v.nii")) == []
    _, values = read_volume(tmp_path / "v.nii")
    for k, ds in enumerate(made):
        expected = stored(ds) * float(ds.RescaleSlope) * HOUR
        assert np.allclose(values[k], expected, rtol=1e-6)


def test_uptake_is_not_converted_again(tmp_path: Path) -> None:
    made = pet("GML")  # dose and times are still there
    save(made, tmp_path / "in")
    judge(tmp_path / "in", "PT", tmp_path / "v.nii")
    _, values = read_volume(tmp_path / "v.nii")
    assert np.allclose(values[1], stored(made[1]) * float(made[1].RescaleSlope), rtol=1e-6)


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [("SUVType", "LBM", "SUV_TYPE"), ("Units", "PROPCNTS", "SUV_UNITS")],
)
def test_other_units(tmp_path: Path, keyword: str, value: str, code: str) -> None:
    made = pet("GML")
    for ds in made:
        setattr(ds, keyword, value)
    save(made, tmp_path)
    assert codes(judge(tmp_path, "PT")) == [code]


def test_fields_that_pydicom_cannot_parse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(pet("BQML"), tmp_path)

    def failing(*given: object, **options: object) -> None:
        raise struct.error("secret header")

    monkeypatch.setattr(pydicom, "dcmread", failing)
    report = judge(tmp_path, "PT")
    assert codes(report) == ["SUV_UNREADABLE"]
    assert "secret" not in str(report.findings)


def test_no_sentence_tells_weight_or_dose(tmp_path: Path) -> None:
    made = pet("BQML")
    for ds in made:
        ds.PatientWeight = 7.125
        ds.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = 371.5
    save(made, tmp_path)
    report = judge(tmp_path, "PT")
    assert codes(report) == ["SUV_NO_DOSE", "SUV_NO_WEIGHT"]
    text = " ".join(f.render() + str(f.numbers) for f in report.findings)
    assert "7.125" not in text and "371.5" not in text


@pytest.mark.parametrize(
    ("blocks", "value"),
    [
        ({0x10: "Philips PET Private Group"}, 5e-4),
        ({0x10: "OTHER", 0x11: "Philips PET Private Group"}, 5e-4),
        ({0x10: "OTHER"}, None),  # the element belongs to somebody else
        ({}, 5e-4),  # a de-identification took the creator away
    ],
)
def test_private_factors_are_found_by_their_creator(
    tmp_path: Path, blocks: dict[int, str], value: float | None
) -> None:
    (ds,) = make_series(1, modality="PT")
    for block, creator in blocks.items():
        ds.add_new((0x7053, block), "LO", creator)
    own = [b for b, creator in blocks.items() if creator.startswith("Philips")]
    block = own[0] if own else 0x10
    ds.add_new((0x7053, block << 8), "DS", "0.0005")
    if block != 0x10:
        ds.add_new((0x7053, 0x1000), "DS", "77")
    (path,) = save([ds], tmp_path)
    assert read_suv_fields(str(path)).philips_suv == value
