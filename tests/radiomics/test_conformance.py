"""Scores of the public phantom."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.codebook.book import codebook
from equisite.core.errors import InputError
from equisite.core.tables import write_table
from equisite.protocol.radiomics import Radiomics
from equisite.radiomics.batch import table_columns
from equisite.radiomics.conformance import (
    AnalyticValue,
    concordance,
    known_under,
    read_truth,
    score,
)

COLUMNS = table_columns(
    Radiomics.model_validate({"mode": "pyradiomics", "modalities": {"MR": {"bin_count": 32}}})
)
VOLUMES = {"sphere": 100.0, "cylinder": 200.0, "ellipsoid": 310.0}
TRUTH = [
    AnalyticValue("sphere", "shape_mesh_volume", 101.0, 2.0),
    AnalyticValue("cylinder", "shape_mesh_volume", 200.0, 2.0),
    AnalyticValue("ellipsoid", "shape_mesh_volume", 305.0, 10.0),
    AnalyticValue("sphere", "firstorder_mean", -4.0, 1.0),
]


def table(path: Path, **changes: object) -> Path:
    rows = [
        {
            "patient": "pack",
            "token": "abc",
            "modality": "MR",
            "roi": roi,
            "engine": "pyradiomics-3.0.1",
            "settings_hash": "0",
            "roi_status": "ok",
            "shape_mesh_volume": volume,
            "firstorder_mean": -5.0,
            **changes,
        }
        for roi, volume in VOLUMES.items()
    ]
    write_table(path, COLUMNS, rows)
    return path


def test_differences_are_relative_and_the_worst_is_in_tolerances(tmp_path: Path) -> None:
    scores = score(table(tmp_path / "f.tsv"), TRUTH)
    found = {(s.item, s.measure): s.value for s in scores}
    assert scores == sorted(scores)
    item = "radiomics/sphere/shape_mesh_volume"
    assert float(found[item, "max_difference"]) == pytest.approx(1 / 101)
    assert found["radiomics/sphere/firstorder_mean", "max_difference"] == "0.25"
    assert float(found["radiomics", "max_difference"]) == pytest.approx(1.0)
    pairs = [(100.0, 101.0), (200.0, 200.0), (310.0, 305.0)]
    assert float(found["radiomics/shape_mesh_volume", "ccc"]) == pytest.approx(
        concordance(pairs)
    )
    assert ("radiomics/firstorder_mean", "ccc") not in found


def test_the_digest_is_of_values_not_of_names(tmp_path: Path) -> None:
    def digest(**changes: object) -> str:
        scores = score(table(tmp_path / "f.tsv", **changes), TRUTH)
        return next(s.value for s in scores if s.item == "radiomics/sphere")

    assert digest() == digest(patient="other", token="def")  # noqa: S106 (no password)
    assert digest() != digest(glcm_contrast=1.0)
    assert digest() != digest(settings_hash="1")


def test_a_value_that_is_not_there_is_refused(tmp_path: Path) -> None:
    missing = [AnalyticValue("sphere", "glcm_contrast", 1.0, 1.0)]
    with pytest.raises(InputError, match="PHANTOM_INCOMPLETE"):
        score(table(tmp_path / "f.tsv"), missing)
    with pytest.raises(InputError, match="PHANTOM_INCOMPLETE"):
        score(table(tmp_path / "f.tsv"), [AnalyticValue("cube", "firstorder_mean", 1, 1)])


def test_another_table_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "f.tsv", ["patient"], [])
    with pytest.raises(InputError, match="TABLE_UNREADABLE"):
        score(tmp_path / "f.tsv", TRUTH)


def test_the_truth_of_the_pack_is_read() -> None:
    from equisite.codebook.book import resources_folder

    truth = read_truth(resources_folder() / "conformance/phantom/truth.tsv")
    assert {t.roi for t in truth} >= {"sphere", "ellipsoid", "cylinder"}
    assert all(codebook().has(t.feature) and t.tolerance > 0 for t in truth)


values = st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=20)


@given(values)
def test_equal_values_agree_fully(numbers: list[float]) -> None:
    assert concordance([(x, x) for x in numbers]) == pytest.approx(1)


@given(values, st.floats(1, 1e3))
def test_a_shift_lowers_the_agreement(numbers: list[float], shift: float) -> None:
    found = concordance([(x, x + shift) for x in numbers])
    mean = math.fsum(numbers) / len(numbers)
    variance = math.fsum((x - mean) ** 2 for x in numbers) / len(numbers)
    assert found == pytest.approx(2 * variance / (2 * variance + shift**2), abs=1e-6)


@pytest.mark.parametrize(("normalize", "known"), [(False, 4), (True, 3)])
def test_no_intensity_is_known_where_the_protocol_normalises(
    normalize: bool, known: int
) -> None:
    settings = {"bin_count": 32, "normalize": normalize}
    radiomics = Radiomics.model_validate({"modalities": {"MR": settings}})
    found = known_under(TRUTH, radiomics, codebook())
    assert found == TRUTH[:known]


def test_a_protocol_without_the_modality_of_the_phantom_keeps_the_truth() -> None:
    radiomics = Radiomics.model_validate({"modalities": {"CT": {"bin_width": 25}}})
    assert known_under(TRUTH, radiomics, codebook()) == TRUTH
