"""Odd but legal cohorts: every one is prepared, and the lead admits what was prepared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from made_cohort import TABLES, columns, protocol, write_site

from equisite.bundle.codec import Bundle
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
    volume = "mr__gtv__shape_mesh_volume"
    bundle = released(tmp_path, without(columns(60), [volume], lacking))
    assert reasons(bundle)["mr_core"] == ""


def test_features_of_groups_of_which_neither_holds_the_other(tmp_path: Path):
    found = columns(100)
    without(found, ["mr__gtv__shape_mesh_volume"], range(40))
    without(found, ["mr__gtv__shape_sphericity"], range(55, 100))
    bundle = released(tmp_path, found)
    numbers = {c.value for c in bundle.cells if c.table == "mr_core" and c.measure == "n"}
    assert numbers == {"100", "60", "55"}


@pytest.mark.parametrize("lacking", [range(60), range(20), range(4)])
def test_ages_that_are_missing(tmp_path: Path, lacking: Sequence[int]):
    bundle = released(tmp_path, without(columns(60), ["age", "age_band"], lacking))
    expected = {4: "", 20: "overlap", 60: "minimum"}
    assert reasons(bundle)["mr_covariates"] == expected[len(lacking)]
