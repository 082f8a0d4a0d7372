"""IBSI codes of the codebook name the quantities that they name in the reference table."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from equisite.codebook.book import codebook
from equisite.core.tables import read_table

FAMILIES = {
    "shape": {"Morphology"},
    "firstorder": {"Intensity-based statistics", "Intensity histogram"},
    "glcm": {"GLCM"},
    "glrlm": {"GLRLM"},
    "glszm": {"GLSZM"},
    "gldm": {"NGLDM"},
    "ngtdm": {"NGTDM"},
}
NOT_IN_IBSI = {
    "shape_maximum_2d_diameter_slice",
    "shape_maximum_2d_diameter_column",
    "shape_maximum_2d_diameter_row",
    "firstorder_total_energy",
    "glcm_mcc",
}


def test_all_features_but_five_have_an_ibsi_code_of_their_own() -> None:
    codes = {v.id: v.external("IBSI") for v in codebook().features("pyradiomics")}
    assert {name for name, code in codes.items() if not code} == NOT_IN_IBSI
    found = [code for code in codes.values() if code]
    assert len(set(found)) == len(found)


@pytest.mark.data
@pytest.mark.skipif("EQUISITE_DATA" not in os.environ, reason="EQUISITE_DATA names no folder")
def test_codes_belong_to_the_family_and_label_of_the_reference_table() -> None:
    table = Path(os.environ["EQUISITE_DATA"]) / "imaging/ibsi1/ibsi1_reference_values.tsv"
    reference = {r["ibsi_code"]: r for r in read_table(table)[1]}
    for feature in codebook().features("pyradiomics"):
        code = feature.external("IBSI")
        if not code:
            continue
        assert reference[code]["family"] in FAMILIES[feature.id.split("_")[0]], feature.id
        if feature.family == "texture":
            label = feature.label.rpartition(" (")[0]
            assert reference[code]["feature"].casefold() == label.casefold(), feature.id


@pytest.mark.data
@pytest.mark.skipif("EQUISITE_DATA" not in os.environ, reason="EQUISITE_DATA names no folder")
def test_ibsi_features_have_tag_label_and_codes_of_the_reference_table() -> None:
    table = Path(os.environ["EQUISITE_DATA"]) / "imaging/ibsi1/ibsi1_reference_values.tsv"
    reference = {"ibsi_" + r["tag"].lower(): r for r in read_table(table)[1]}
    features = {v.id: v for v in codebook().features("ibsi")}
    assert set(features) == set(reference)
    for name, row in reference.items():
        assert features[name].external("IBSI") == row["ibsi_code"], name
        assert features[name].label.startswith(row["feature"].replace("\u2019", "'")), name
        code = features[name].external("IBSIaggregation")
        assert code in ("", row["aggregation_code"]), name
        assert bool(code) == (row["aggregation"] != "3D_roi"), name
