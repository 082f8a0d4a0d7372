"""The budget of statistics (R10, R11, R13, R16): every table is stopped by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_cohort import TABLES, columns, patients_of, protocol, write_site

from equisite.bundle.ruleset import load_ruleset, rules_of
from equisite.codebook.book import codebook
from equisite.release.aggregate import Disclosed, disclose
from equisite.release.approve import approve
from equisite.release.budget import Budget
from equisite.release.carriers import carriers_charge
from equisite.release.context import cell, key_of
from equisite.release.ledger import read_ledger
from equisite.release.prepare import SUMMARY, Prepared, prepare, write_prepared
from equisite.release.review import review_page

RULES = load_ruleset("default-v1")[0]
COHORT, CLINICAL, DIAGNOSIS, CARRIERS, SPECTRUM, CORE, COVARIATES, HIST, QUALITY = TABLES


def released(n: int, *tables: dict[str, Any], public: bool = False, **given: Any) -> Disclosed:
    made = protocol(tables=tables, public=public)
    return disclose(patients_of(columns(n, **given)), made, codebook(), rules_of(made))


def reasons(out: Disclosed) -> dict[str, str]:
    return {row.table: row.reason for row in out.tables}


def test_a_table_that_does_not_fit_stays_whole_and_a_later_one_may_fit() -> None:
    """96 channels need 88 patients (1.0916 for each)."""
    tables = (COHORT, SPECTRUM, {**CARRIERS, "domain": "germline"}, CORE)
    out = released(87, *tables)
    assert reasons(out) == {"cohort": "", "spectrum": "budget", "carriers": "", "mr_core": ""}
    assert not [c for c in out.cells if c.table == "spectrum"]
    assert reasons(released(88, *tables))["spectrum"] == ""
    assert reasons(released(60, *tables, public=True))["spectrum"] == ""


@pytest.mark.parametrize(
    ("counts", "charge"),
    [([], 0), ([10], 20), ([19] * 12, 24), ([20] * 25, 25), ([10, 20] * 8, 24)],
)
def test_counts_of_carriers_just_above_k_count_double(counts: list[int], charge: int) -> None:
    """R12; and a carriers table counts for twenty at least."""
    rules = rules_of(protocol())
    rows = [cell("t", key_of("all", gene=f"G{n}"), "count", c) for n, c in enumerate(counts)]
    rows += [cell("t", key_of("all", gene="G99"), "count", 11, "suppressed")]
    rows += [cell("t", key_of("all", gene="G98"), "n", 60)]
    assert carriers_charge(rows, rules) == charge


def test_a_carriers_table_needs_patients_for_its_least_charge() -> None:
    assert reasons(released(43, CARRIERS)) == {"carriers": "budget"}
    assert reasons(released(44, CARRIERS)) == {"carriers": ""}


def test_all_classes_together_have_a_limit() -> None:
    """Each class fits alone; who knows all of them would find too many."""
    alone = [reasons(released(60, table)) for table in (CORE, COVARIATES, HIST, QUALITY)]
    assert {reason for found in alone for reason in found.values()} == {""}
    out = released(60, CLINICAL, DIAGNOSIS, CARRIERS, CORE, COVARIATES, HIST, QUALITY)
    assert reasons(out)["mr_hist"] == "budget"
    assert reasons(out)["quality"] == ""
    shares = sum(out.shares.values())
    assert 1.5 < shares <= 1.9909
    assert shares == pytest.approx(sum(out.spent.values()))


def test_means_that_left_for_the_same_patients_count_once() -> None:
    """R11: the block of products repeats n, mean and M2 of each feature."""
    both = released(100, CORE, COVARIATES)
    alone = released(100, COVARIATES)
    features = len([c for c in both.cells if c.table == "mr_core" and c.measure == "m2"])
    rank = {row.table: row.rank for row in both.tables}
    assert rank["mr_core"] == 2 * features
    assert rank["mr_covariates"] == 2 + 3 + 2 * features
    assert [row.rank for row in alone.tables] == [2 + 3 + 4 * features]
    # Means that stay for want of budget have not left.
    first = {**CORE, "id": "first"}
    tight = released(60, COHORT, SPECTRUM, first)
    assert reasons(tight)["first"] == ""


def test_fewer_patients_behind_a_table_tell_more_of_each() -> None:
    out = released(100, COHORT, CORE, imaging=np.arange(100) < 30)
    core = next(row for row in out.tables if row.table == "mr_core")
    assert out.shares["mr_core"] == pytest.approx(core.rank / 30)
    assert out.shares["cohort"] == pytest.approx(2 / 100 + 2 / 30)


def let_out(site: Path) -> Prepared:
    prepared = prepare(site, "0" * 64)
    write_prepared(site, prepared, review_page(prepared, site))
    approve(site)
    return prepared


def test_what_left_before_on_the_same_patients_counts(tmp_path: Path) -> None:
    """R13: a second protocol does not fill the budget again; the same numbers cost nothing."""
    found = columns(60)
    site = write_site(tmp_path, found, protocol(tables=[CORE, COVARIATES]))
    first = let_out(site)
    assert {row.reason for row in first.bundle.tables} == {""}
    again = prepare(site, "0" * 64)
    assert again.content == first.content
    told = json.loads((site / SUMMARY).read_bytes())["spent"]
    assert float(told["imaging"]) == pytest.approx(
        sum(first.disclosed.shares.values()), abs=1e-4
    )
    record = read_ledger(site / "private/ledger.jsonl").releases[0]
    assert set(record["tables"]) == {"mr_core", "mr_covariates"}  # type: ignore[call-overload]

    by_age = {**COVARIATES, "id": "by_age", "covariates": ["age"]}
    by_sex = {**COVARIATES, "id": "by_sex", "covariates": ["sex_female"]}
    other = protocol(tables=[CORE, by_age, by_sex, HIST])
    write_site(tmp_path, found, other)
    second = prepare(site, "0" * 64)
    assert {r.table: r.reason for r in second.bundle.tables} == {
        "mr_core": "", "by_age": "", "by_sex": "", "mr_hist": "budget",
    }  # fmt: skip
    assert "would tell too much" in review_page(second, site)
    fresh = prepare(write_site(tmp_path / "new", found, other), "0" * 64)
    assert {row.reason for row in fresh.bundle.tables} == {""}


def test_a_ledger_of_sums_is_read_as_it_is() -> None:
    old = {"set_digest": "s", "n": 100, "classes": {"germline": {"rank": 40}}}
    budget = Budget.of(RULES, [old, {**old, "set_digest": "other"}], "s")
    assert budget.spent("germline") == pytest.approx(0.4)
    assert budget.admits(("t", "d"), "germline", 0.06)
    assert not budget.admits(("t", "d"), "germline", 0.07)
    assert Budget.of(RULES, [old], "nobody").spent() == 0.0


@given(
    st.lists(st.tuples(st.sampled_from(sorted(RULES.largest_budget or {})), st.floats(0, 2)))
)
def test_no_order_of_tables_passes_a_limit(offers: list[tuple[str, float]]) -> None:
    budget = Budget.of(RULES)
    for number, (data_class, share) in enumerate(offers):
        if budget.admits((str(number), ""), data_class, share):
            budget.take((str(number), ""), data_class, share)
    assert RULES.largest_budget is not None
    assert all(budget.spent(c) <= most + 1e-8 for c, most in RULES.largest_budget.items())
    assert budget.spent() <= RULES.largest_budget_together + 1e-8
