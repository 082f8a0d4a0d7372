"""Odd but legal cohorts: every one is prepared, and the lead admits what was prepared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from made_cohort import TABLES, columns, protocol, write_site

from equisite.bundle.codec import Bundle
from equisite.bundle.keys import parse_key
from equisite.bundle.verify import verify
from equisite.release.prepare import prepare
from equisite.release.review import review_page

Columns = dict[str, list[str]]


def released(
    folder: Path,
    found: Columns,
    tables: Sequence[Mapping[str, Any]] = TABLES,
    *,
    public: bool = False,
) -> Bundle:
    """Prepare, write the page, and let the lead judge."""
    made = protocol(public=public, tables=tables)
    site = write_site(folder, found, made)
    prepared = prepare(site, "0" * 64)
    assert "<html" in review_page(prepared, site)
    assert verify(prepared.content, made).findings == ()
    return prepared.bundle


def reasons(bundle: Bundle) -> dict[str, str]:
    return {row.table: row.reason for row in bundle.tables}


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_a_few_patients(tmp_path: Path, n: int, public: bool):
    bundle = released(tmp_path, columns(n), public=public)
    assert bool(bundle.cells) == public


# -- what a feature, a gene or a covariate lacks --------------------------------------------


def without(found: Columns, names: Sequence[str], places: Sequence[int]) -> Columns:
    """The cohort in which these patients have no value in these columns."""
    for name in names:
        for place in places:
            found[name][place] = ""
    return found


def gene(name: str) -> list[str]:
    return [f"carriers__{name}__{kind}" for kind in ("truncating", "missense")]


def test_a_gene_that_nobody_could_read(tmp_path: Path):
    bundle = released(tmp_path, without(columns(60), gene("BBB2"), range(60)))
    shown = {c.key: c.value for c in bundle.cells if c.table == "carriers" and "BBB2" in c.key}
    assert shown["analysis_set=genomics|gene=BBB2"] == "0"
    assert shown["analysis_set=genomics|gene=BBB2|consequence=missense"] == ""


@pytest.mark.parametrize("lacking", [range(60), range(25), range(3)])
def test_a_feature_that_is_missing(tmp_path: Path, lacking: Sequence[int]):
    volume = "mr__gtv__ibsi_morph_volume"
    bundle = released(tmp_path, without(columns(60), [volume], lacking))
    assert reasons(bundle)["mr_core"] == ""


def test_features_of_groups_of_which_neither_holds_the_other(tmp_path: Path):
    found = columns(100)
    without(found, ["mr__gtv__ibsi_morph_volume"], range(40))
    without(found, ["mr__gtv__ibsi_morph_sphericity"], range(55, 100))
    bundle = released(tmp_path, found)
    numbers = {c.value for c in bundle.cells if c.table == "mr_core" and c.measure == "n"}
    assert numbers == {"100", "60", "55"}


@pytest.mark.parametrize("lacking", [range(60), range(20), range(4)])
def test_ages_that_are_missing(tmp_path: Path, lacking: Sequence[int]):
    bundle = released(tmp_path, without(columns(60), ["age", "age_band"], lacking))
    expected = {4: "", 20: "overlap", 60: "minimum"}
    assert reasons(bundle)["mr_covariates"] == expected[len(lacking)]


# -- strata ---------------------------------------------------------------------------------

COHORT = {"id": "cohort", "kind": "count", "keys": ["analysis_set"]}
BY_SEX = {"id": "by_sex", "kind": "moment", "features": "mr__gtv__core", "strata": ["sex"]}
BINS_BY_SEX = {**BY_SEX, "id": "bins_by_sex", "kind": "hist"}


def of_sex(found: Columns, codes: Sequence[str]) -> Columns:
    found["sex"] = list(codes)
    found["sex_female"] = [{"female": "1", "unknown": ""}.get(code, "0") for code in codes]
    return found


@pytest.mark.parametrize("lacking", [range(100), range(85), range(60), range(3)])
def test_a_feature_that_is_missing_in_a_table_with_strata(
    tmp_path: Path, lacking: Sequence[int]
):
    volume = "mr__gtv__ibsi_morph_volume"
    found = without(columns(100), [volume], lacking)
    bundle = released(tmp_path, found, [COHORT, BY_SEX, BINS_BY_SEX])
    assert reasons(bundle)["by_sex"] == ""


@pytest.mark.parametrize("code", ["female", "male", "other", "unknown"])
def test_all_of_one_sex(tmp_path: Path, code: str):
    found = of_sex(columns(60), [code] * 60)
    bundle = released(tmp_path, found, [*TABLES, {**BY_SEX, "analysis_set": "both"}])
    shown = {c.key: c.value for c in bundle.cells if f"sex={code}" in c.key and c.value}
    assert shown == {}


def test_strata_that_tell_the_code_of_each_patient_stay(tmp_path: Path):
    found = of_sex(columns(60), ["female"] * 60)
    bundle = released(tmp_path, found, [COHORT, BY_SEX, BINS_BY_SEX])
    assert reasons(bundle) == {"cohort": "", "by_sex": "small", "bins_by_sex": "small"}


def test_strata_in_which_a_row_tells_the_code_of_each_patient_stay(tmp_path: Path):
    found = of_sex(columns(90), ["female"] * 30 + ["male"] * 60)
    found["age_band"] = ["50-59"] * 60 + ["60-69"] * 30
    table = {**BY_SEX, "strata": ["sex", "age_band"]}
    assert reasons(released(tmp_path, found, [COHORT, table]))["by_sex"] == "small"


# -- covariates -----------------------------------------------------------------------------

COVARIATES = {
    "id": "covariates",
    "kind": "comoment",
    "features": "mr__gtv__core",
    "covariates": ["age", "sex_female"],
}


@pytest.mark.parametrize(("lacking", "blocks"), [(12, {"1"}), (30, {"1", "2"})])
def test_covariates_of_overlapping_blocks_show_no_small_group(
    tmp_path: Path, lacking: int, blocks: set[str]
):
    """Sums of ages over 100 and over 88 of them are sums of ages of twelve."""
    found = without(columns(100), ["mr__gtv__ibsi_morph_volume"], range(lacking))
    bundle = released(tmp_path, found, [COHORT, COVARIATES])
    numbers = {parse_key(c.key).get("pattern") for c in bundle.cells if c.measure == "sxx"}
    assert numbers == blocks
