"""Attacks on what is released: small cells, remainders, everybody, differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_cohort import columns, patients_of, protocol

from equisite.bundle.format import KINDS
from equisite.bundle.keys import parse_key
from equisite.bundle.ruleset import rules_of
from equisite.codebook.book import codebook
from equisite.codebook.channels import CODES, channel_columns
from equisite.protocol.approval import Approval, permission_of
from equisite.release.aggregate import Disclosed, disclose
from equisite.release.approvals import Permit, Permits
from equisite.release.kinds import TABULATE
from equisite.release.opt_in import OptIn
from equisite.release.patients import Carried
from equisite.release.spectrum import bounded
from equisite.stats.icc import mean_squares

Columns = dict[str, list[str]]
SEX = {"id": "sex", "kind": "count", "keys": ["sex"]}
BAND = {"id": "band", "kind": "count", "keys": ["age_band"]}
BOTH = {"id": "both", "kind": "count", "keys": ["sex", "age_band"]}
COHORT = {"id": "cohort", "kind": "count", "keys": ["analysis_set"]}
CARRIERS = {
    "id": "carriers",
    "kind": "carriers",
    "genes": "panel",
    "consequence": ["truncating"],
}
CORE = {"id": "core", "kind": "moment", "features": "mr__gtv__core"}
HIST = {"id": "hist", "kind": "hist", "features": "mr__gtv__core"}
VOLUME = "mr__gtv__ibsi_morph_volume"


def release(found: Columns, tables: Sequence[Mapping[str, Any]], **options: Any) -> Disclosed:
    made = protocol(tables=tables, **options)
    return disclose(patients_of(found), made, codebook(), rules_of(made))


def shown(disclosed: Disclosed, table: str) -> dict[str, str]:
    return {
        f"{c.key} {c.measure}": c.value
        for c in (*disclosed.cells, *disclosed.quality)
        if c.table == table and c.value
    }


def reason(disclosed: Disclosed, table: str) -> str:
    return next(row.reason for row in disclosed.tables if row.table == table)


def status(disclosed: Disclosed, key: str, measure: str) -> str:
    return next(c.status for c in disclosed.cells if (c.key, c.measure) == (key, measure))


def spread(counts: Mapping[str, int]) -> list[str]:
    return [code for code, number in counts.items() for _ in range(number)]


def with_sex(counts: Mapping[str, int]) -> Columns:
    codes = spread(counts)
    found = columns(len(codes))
    found["sex"] = codes
    found["sex_female"] = ["1" if c == "female" else "0" for c in codes]
    return found


# -- counts --------------------------------------------------------------------------------


def test_a_small_cell_takes_the_table_with_it_when_it_could_be_subtracted():
    out = release(with_sex({"female": 55, "male": 5}), [COHORT, SEX])
    assert shown(out, "sex") == {}
    assert reason(out, "sex") == "small"


def test_two_small_cells_hide_behind_each_other_without_margins():
    out = release(with_sex({"female": 45, "male": 8, "other": 7}), [COHORT, SEX])
    assert shown(out, "sex") == {
        "analysis_set=all|sex=female count": "45",
        "analysis_set=all|sex=unknown count": "0",
    }


def test_all_of_one_category_says_something_of_each():
    out = release(with_sex({"female": 60}), [COHORT, SEX])
    assert shown(out, "sex") == {}


def test_zeros_of_a_clinical_table_are_published():
    out = release(with_sex({"female": 30, "male": 30}), [COHORT, SEX])
    assert shown(out, "sex")["analysis_set=all|sex=other count"] == "0"
    assert shown(out, "sex")["analysis_set=all count"] == "60"


def crossed() -> Columns:
    """Sex by age band with two small cells, which lie in different rows and columns."""
    counts = {
        ("female", "50-59"): 45,
        ("female", "60-69"): 30,
        ("female", "70-79"): 4,
        ("male", "50-59"): 5,
        ("male", "60-69"): 40,
        ("male", "70-79"): 35,
    }
    codes = [pair for pair, number in counts.items() for _ in range(number)]
    found = with_sex({"female": 79, "male": 80})
    found["age_band"] = [band for _, band in codes]
    return found


def test_a_table_that_opens_an_earlier_one_stays():
    found = crossed()
    first = release(found, [COHORT, BOTH])
    assert any(c.status == "suppressed" for c in first.cells)
    together = release(found, [COHORT, BOTH, SEX, BAND])
    assert shown(together, "both") == shown(first, "both")
    assert "linked" in {reason(together, "sex"), reason(together, "band")}


def test_strata_of_moments_do_not_open_a_count_table():
    found = crossed()
    stratified = {"id": "core", "kind": "moment", "features": [VOLUME], "strata": ["sex"]}
    assert reason(release(found, [COHORT, BOTH, stratified]), "core") == ""
    opened = release(found, [COHORT, BOTH, BAND, stratified])
    assert (reason(opened, "band"), reason(opened, "core")) == ("", "linked")


def test_a_structural_zero_is_said_to_be_one():
    diagnosis = {"id": "d", "kind": "count", "keys": ["sex", "diagnosis_chapter"]}
    out = release(columns(400), [COHORT, diagnosis], public=True)
    assert (
        status(out, "analysis_set=all|diagnosis_chapter=XV|sex=male", "count") == "structural"
    )


# -- the attacker's linear programme over everything that is out ---------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.integers(0, 40), min_size=6, max_size=6),
    st.permutations(["sex", "band", "both"]),
    st.integers(0, 2),
)
def test_no_small_cell_can_be_found_from_all_tables_together(
    numbers: list[int], order: list[str], seed: int
):
    from scipy.optimize import linprog

    book, made = codebook(), {"sex": SEX, "band": BAND, "both": BOTH}
    sexes, bands = ("female", "male", "other"), ("50-59", "60-69")
    counts = dict(zip(product(sexes, bands), numbers, strict=True))
    if sum(numbers) < 30:
        return
    codes = [pair for pair, number in counts.items() for _ in range(number)]
    found = columns(len(codes), seed=seed)
    found["sex"] = [sex for sex, _ in codes]
    found["age_band"] = [band for _, band in codes]
    out = release(found, [COHORT, *(made[name] for name in order)])
    every = {name: tuple(book.variable(name).codes) for name in ("sex", "age_band")}
    cells = list(product(every["sex"], every["age_band"]))
    rows, values = [], []
    for c in out.cells:
        if c.value and "analysis_set=all" in c.key:
            named = parse_key(c.key).variables
            rows.append(
                [
                    float(named.get("sex", s) == s and named.get("age_band", b) == b)
                    for s, b in cells
                ]
            )
            values.append(float(c.value))
    hidden = [c for c in out.cells if c.status == "suppressed" and c.measure == "count"]
    for c in hidden:
        named = parse_key(c.key).variables
        inside = [
            float(named.get("sex", s) == s and named.get("age_band", b) == b) for s, b in cells
        ]
        truth = sum(counts.get(pair, 0) for pair, i in zip(cells, inside, strict=True) if i)
        if not 1 <= truth < 10:
            continue
        low = linprog(inside, A_eq=rows, b_eq=values, bounds=(0, None)).fun
        high = -linprog([-i for i in inside], A_eq=rows, b_eq=values, bounds=(0, None)).fun
        assert low <= 1e-6, c.key
        assert high >= 10 - 1e-6, c.key


def test_published_counts_are_never_small_nor_leave_a_small_remainder():
    for seed in range(8):
        found = columns(120 + 37 * seed, seed=seed)
        out = release(found, [COHORT, BOTH, SEX, BAND, CARRIERS])
        for c in out.cells:
            if c.value and c.measure in ("count", "n"):
                assert not 1 <= int(c.value) < 10, c.key


# -- groups --------------------------------------------------------------------------------


def lacking(n: int, genomics: int, imaging: int) -> Columns:
    has_genomics = np.arange(n) >= genomics
    has_imaging = np.arange(n) < n - imaging
    return columns(n, genomics=has_genomics, imaging=has_imaging)


@pytest.mark.parametrize(
    ("genomics", "imaging", "expected"),
    [
        (0, 0, {"all": 80, "genomics": 80, "imaging": 80, "both": 80}),
        (4, 3, {"all": 73, "genomics": 73, "imaging": 73, "both": 73}),
        (12, 15, {"all": 80, "genomics": 68, "imaging": 65, "both": 53}),
        (12, 3, {"all": 77, "genomics": 65, "imaging": 77, "both": 65}),
    ],
)
def test_groups_never_differ_by_a_few(genomics: int, imaging: int, expected: dict[str, int]):
    out = release(lacking(80, genomics, imaging), [COHORT, CORE, CARRIERS])
    sizes = {
        str(parse_key(c.key).get("analysis_set")): int(c.value)
        for c in out.cells
        if c.table == "cohort"
    }
    assert sizes == expected
    totals = [int(c.value) for c in out.cells if c.measure == "n" and c.value]
    for a, b in product([*sizes.values(), *totals], repeat=2):
        assert not 1 <= a - b < 10 or (genomics, imaging) == (12, 15)


def test_a_feature_that_a_few_lack_shrinks_its_whole_group():
    found = columns(80)
    for i in range(4):
        found[VOLUME][i] = ""
    out = release(found, [COHORT, CORE])
    numbers = {int(c.value) for c in out.cells if c.measure in ("n", "count") and c.value}
    assert numbers == {76, 80} - {80}
    assert out.left_out == {"all": 4, "genomics": 4, "imaging": 4, "both": 4}


def test_overlapping_groups_of_one_feature_do_not_both_leave():
    found = lacking(120, 30, 0)
    narrow = {**CORE, "id": "narrow", "analysis_set": "both"}
    assert reason(release(found, [COHORT, CORE, narrow]), "narrow") == "overlap"
    assert reason(release(found, [COHORT, narrow, CORE]), "core") == "overlap"


# -- carriers ------------------------------------------------------------------------------


def with_carriers(numbers: Sequence[int | None], n: int = 60) -> Columns:
    found = columns(n)
    for gene, number in zip(("AAA1", "BBB2", "CCC3"), numbers, strict=True):
        for consequence in ("truncating", "missense"):
            found[f"carriers__{gene}__{consequence}"] = [
                "" if number is None else "2" if i < number else "0" for i in range(n)
            ]
    return found


def carriers(numbers: Sequence[int | None], **options: Any) -> dict[str, str]:
    out = release(with_carriers(numbers), [COHORT, CARRIERS], **options)
    return {
        str(parse_key(c.key).get("gene")): c.value or c.status
        for c in out.cells
        if c.table == "carriers" and c.measure == "count"
    }


def test_no_carrier_few_carriers_and_all_but_few_look_alike():
    assert carriers([20, 0, 3]) == {"AAA1": "20", "BBB2": "suppressed", "CCC3": "suppressed"}
    assert carriers([20, 55, 60]) == {"AAA1": "20", "BBB2": "suppressed", "CCC3": "suppressed"}


def test_open_data_show_every_count_of_carriers():
    assert carriers([20, 0, 3], public=True) == {"AAA1": "20", "BBB2": "0", "CCC3": "3"}


def test_a_gene_that_was_not_read_is_no_zero():
    out = release(with_carriers([20, None, 15]), [COHORT, CARRIERS], public=True)
    read = {
        parse_key(c.key).get("gene"): c.value
        for c in out.cells
        if c.table == "carriers" and c.measure == "n"
    }
    assert read == {"AAA1": "60", "BBB2": "0", "CCC3": "60"}
    assert carriers([20, None, 15])["BBB2"] == "suppressed"


def test_a_gene_not_read_in_a_few_patients_hides_in_how_many():
    found = with_carriers([20, 20, 20])
    for i in range(57, 60):
        found["carriers__BBB2__truncating"][i] = ""
    out = release(found, [COHORT, CARRIERS])
    assert status(out, "analysis_set=genomics|gene=BBB2", "n") == "suppressed"
    assert status(out, "analysis_set=genomics|gene=AAA1", "n") == "ok"


SOMATIC = {
    "id": "somatic",
    "kind": "carriers",
    "domain": "somatic",
    "genes": "panel",
    "consequence": ["truncating", "amplification"],
}


def with_somatic(found: Columns, numbers: Sequence[int], lacking: Sequence[int]) -> Columns:
    """Hits of three genes; the copy number of BBB2 is not known in the patients `lacking`."""
    count = len(next(iter(found.values())))
    for gene, number in zip(("AAA1", "BBB2", "CCC3"), numbers, strict=True):
        for consequence in ("truncating", "amplification"):
            unknown = lacking if (gene, consequence) == ("BBB2", "amplification") else ()
            found[f"som_gene__{gene}__{consequence}"] = [
                "" if i in unknown else "1" if i < number else "0" for i in range(count)
            ]
    return found


def cells_of(out: Any, table: str, measure: str) -> dict[str, str]:
    """Values or statuses of one consequence by gene."""
    return {
        str(key.get("gene")): c.value or c.status
        for c in out.cells
        if c.table == table and c.measure == measure
        for key in [parse_key(c.key)]
        if key.get("consequence") in (None, "truncating")
    }


def test_a_rare_driver_of_a_tumour_looks_like_none():
    out = release(with_somatic(columns(60), [20, 1, 0], []), [COHORT, SOMATIC])
    assert cells_of(out, "somatic", "count") == {
        "AAA1": "20",
        "BBB2": "suppressed",
        "CCC3": "suppressed",
    }
    (row,) = (t for t in out.tables if t.table == "somatic")
    assert row.data_class == "somatic"


def test_patients_with_one_class_unknown_are_not_counted_in_the_other():
    found = with_somatic(columns(60), [20, 20, 20], range(5, 17))
    out = release(found, [COHORT, SOMATIC], public=True)
    assert cells_of(out, "somatic", "n") == {"AAA1": "60", "BBB2": "48", "CCC3": "60"}
    assert cells_of(out, "somatic", "count") == {"AAA1": "20", "BBB2": "8", "CCC3": "20"}


def test_two_tables_do_not_show_in_whom_few_a_gene_was_not_read():
    # BBB2 is read as germline in 48 patients, in the tumour in 45 of them: both numbers
    # together would show three patients whose tumour could not be judged.
    found = with_carriers([20, 20, 20])
    for i in range(12):
        found["carriers__BBB2__truncating"][i] = ""
    found = with_somatic(found, [20, 20, 20], range(15))
    out = release(found, [COHORT, CARRIERS, SOMATIC])
    assert cells_of(out, "carriers", "n")["BBB2"] == "48"
    assert cells_of(out, "somatic", "n")["BBB2"] == "suppressed"


def test_moments_of_a_tumour_are_of_its_class():
    found = columns(80)
    found["som_tmb"] = [f"{(i * 7) % 30}.5" for i in range(80)]
    table = {
        "id": "burden",
        "kind": "moment",
        "features": ["som_tmb"],
        "analysis_set": "genomics",
    }
    out = release(found, [COHORT, table])
    (row,) = (t for t in out.tables if t.table == "burden")
    assert (row.data_class, row.status) == ("somatic", "released")


# -- perturbed copies ----------------------------------------------------------------------

REPEATED = {"id": "repeated", "kind": "repeatability", "features": "mr__gtv__core"}


def copied(found: Columns, share: float, copies: int = 5) -> dict[str, np.ndarray]:
    """Copies of the first patients, near their own values."""
    rng = np.random.default_rng(1)
    made = {}
    for name in (c for c in found if c.startswith("mr__")):
        own = np.array([float(v) if v else np.nan for v in found[name]])
        values = own[:, None] * (1 + 0.01 * rng.standard_normal((own.size, copies)))
        values[round(share * own.size) :] = np.nan
        made[name] = values
    return made


def release_copies(
    found: Columns, tables: Sequence[Mapping[str, Any]], share: float, **options: Any
) -> Disclosed:
    made = protocol(tables=tables, **options)
    patients = replace(patients_of(found), copies=copied(found, share))
    return disclose(patients, made, codebook(), rules_of(made))


def test_mean_squares_of_all_follow_their_moments():
    found = columns(60)
    out = release_copies(found, [COHORT, CORE, REPEATED], 1.0)
    assert reason(out, "core") == reason(out, "repeated") == ""
    name = codebook().columns_of("mr__gtv__core")[0]
    scaled = codebook().constant(name).clipped(copied(found, 1.0)[name])[0]
    squares = mean_squares(scaled)
    key = f"analysis_set=imaging|feature={name}"
    numbers = shown(out, "repeated")
    assert numbers[f"{key} n"] == "60"
    assert float(numbers[f"{key} msb"]) == pytest.approx(squares.between, rel=1e-6)
    assert float(numbers[f"{key} msw"]) == pytest.approx(squares.within, rel=1e-6)


def test_mean_squares_of_a_part_do_not_follow_the_moments_of_all():
    # M2 of 60 less what the mean squares tell of 40 of them is about the other 20.
    out = release_copies(columns(60), [COHORT, CORE, REPEATED], 2 / 3)
    assert shown(out, "core")
    assert shown(out, "repeated") == {}
    assert reason(out, "repeated") == "overlap"
    alone = release_copies(columns(60), [COHORT, REPEATED], 2 / 3)
    assert len(shown(alone, "repeated")) == 3 * len(codebook().columns_of("mr__gtv__core"))
    first = release_copies(columns(60), [COHORT, REPEATED, CORE], 2 / 3)
    assert shown(first, "core") == {}


def test_a_few_without_copies_are_left_out_of_the_moments_too():
    out = release_copies(columns(60), [COHORT, CORE, REPEATED], 55 / 60)
    sizes = {v for k, v in shown(out, "core").items() if k.endswith(" n")}
    assert sizes == {"55"}
    assert {v for k, v in shown(out, "repeated").items() if k.endswith(" n")} == {"55"}


def test_mean_squares_need_twenty_patients_and_ten_of_open_data():
    assert reason(release_copies(columns(60), [COHORT, REPEATED], 0.3), "repeated") == "minimum"
    few = release_copies(columns(18), [COHORT, REPEATED], 0.5, public=True)
    assert reason(few, "repeated") == "minimum"
    ten = release_copies(columns(18), [COHORT, REPEATED], 10 / 18, public=True)
    assert reason(ten, "repeated") == ""


def test_without_copies_the_table_is_absent():
    assert reason(release(columns(60), [COHORT, REPEATED]), "repeated") == "absent"


# -- moments and histograms ----------------------------------------------------------------


def test_moments_need_twenty_patients():
    few = np.arange(80) < 19
    out = release(columns(80, imaging=few), [COHORT, CORE])
    assert shown(out, "core") == {}
    assert reason(out, "core") == "minimum"


def test_a_feature_out_of_its_limits_is_withheld_and_named():
    found = columns(80)
    found[VOLUME] = [str(float(v) / 1e9) for v in found[VOLUME]]
    out = release(found, [COHORT, CORE])
    key = f"analysis_set=imaging|feature={VOLUME}"
    assert status(out, key, "mean_off") == "clipped"
    assert status(out, f"{key}|side=low", "clipped") == "clipped"
    assert status(out, f"{key}|side=high", "clipped") == "suppressed"
    assert reason(out, "core") == ""


def test_a_feature_with_one_value_for_all_is_withheld():
    found = columns(80)
    found[VOLUME] = [found[VOLUME][0]] * 80
    out = release(found, [COHORT, CORE])
    assert status(out, f"analysis_set=imaging|feature={VOLUME}", "m2") == "suppressed"


def test_a_sum_that_two_patients_make_up_is_withheld():
    depth = {"id": "q", "kind": "quality", "variables": ["mean_depth"]}
    found = columns(80)
    found["mean_depth"] = ["0.001"] * 78 + ["900.5", "800.5"]
    assert reason(release(found, [COHORT, depth]), "q") == "small"
    assert reason(release(columns(80), [COHORT, depth]), "q") == ""


def test_every_bin_of_a_histogram_has_nobody_or_at_least_k():
    constant = codebook().constant(VOLUME)
    levels = {}
    for n in (60, 150, 600):
        found = columns(n)
        even = np.linspace(constant.edge_low, constant.edge_high, n + 1)[:-1] + 1e-4
        found[VOLUME] = [f"{10**v - constant.offset:.10g}" for v in even]
        out = release(found, [COHORT, HIST])
        bins = [int(c.value) for c in out.cells if c.measure == "bin" and c.value]
        assert all(b == 0 or b >= 10 for b in bins)
        levels[n] = {
            parse_key(c.key).get("level") for c in out.cells if VOLUME in c.key and c.value
        }
    assert levels == {60: {"5"}, 150: {"10"}, 600: {"20"}}


def test_a_histogram_takes_the_finest_level_that_passes():
    out = release(columns(400), [COHORT, HIST], public=True)
    assert {parse_key(c.key).get("level") for c in out.cells if c.measure == "bin"} == {"20"}


def test_a_flag_with_a_small_group_keeps_the_products_inside():
    table = {"id": "x", "kind": "comoment", "features": [VOLUME], "covariates": ["sex_female"]}
    out = release(with_sex({"female": 15, "male": 65}), [COHORT, table])
    assert reason(out, "x") == "small"
    assert reason(release(columns(80), [COHORT, table]), "x") == ""


def test_a_patient_whom_the_design_singles_out_keeps_the_products_inside():
    table = {"id": "x", "kind": "comoment", "features": [VOLUME], "covariates": ["age"]}
    found = columns(80)
    found["age"] = ["40"] * 79 + ["90"]
    assert reason(release(found, [COHORT, table]), "x") == "small"


# -- copies of listed alleles --------------------------------------------------------------

ALLELES = ("chr1:100:A:G", "chr1:200:C:T", "chrX:300:G:GA")
VARIANTS = {"id": "variants", "kind": "variants", "alleles": list(ALLELES)}
SURE = {0: "0,99,255", 1: "99,0,255", 2: "255,99,0"}


def with_alleles(*copies: Sequence[int | None], n: int = 60, ploidy: int = 2) -> Columns:
    """copies: of each allele, for its first patients; the others carry none."""
    found = columns(n)
    for name, own in zip(ALLELES, copies, strict=False):
        every = [*own, *([0] * (n - len(own)))]
        found[f"genotype__{name}"] = [
            "" if c is None else f"{ploidy}:1:{SURE[c]}" for c in every
        ]
    return found


def alleles(found: Columns, **options: Any) -> list[str]:
    """Copies of each allele as they leave, with those of the locus."""
    out = release(found, [COHORT, VARIANTS], **options)
    told = {
        (parse_key(c.key).get("variant"), c.measure): c.value or c.status
        for c in out.cells
        if c.table == "variants"
    }
    return [f"{told[a, 'ac']} of {told[a, 'an']}" for a in ALLELES if (a, "ac") in told]


def test_few_copies_few_others_and_few_carriers_stay_inside():
    assert alleles(with_alleles([1] * 20, [1] * 3, [])) == [
        "20 of 120", "suppressed of 120", "suppressed of 120",
    ]  # fmt: skip
    # Twelve copies in six people; all but four copies; all but five people carry it.
    assert alleles(with_alleles([1] * 20, [2] * 6, [2] * 56 + [1] * 4))[1:] == [
        "suppressed of 120", "suppressed of 120",
    ]  # fmt: skip
    few = with_alleles([1] * 55, [1] * 9, [1] * 8)
    assert reason(release(few, [COHORT, VARIANTS]), "variants") == "small"
    everybody = with_alleles([1] * 20, [2] * 60, [1] * 60)
    assert alleles(everybody) == ["20 of 120", "suppressed of 120", "suppressed of 120"]


def test_open_data_show_every_copy():
    assert alleles(with_alleles([1] * 20, [2] * 3, []), public=True) == [
        "20 of 120", "6 of 120", "0 of 120",
    ]  # fmt: skip


def test_an_allele_not_looked_at_in_a_few_hides_its_numbers():
    found = with_alleles([1] * 20, [None] * 3 + [1] * 20, [None] * 20 + [1] * 20)
    assert alleles(found) == ["20 of 120", "suppressed of suppressed", "20 of 80"]
    out = release(found, [COHORT, VARIANTS])
    assert status(out, f"analysis_set=genomics|variant={ALLELES[1]}", "n") == "suppressed"


def test_few_patients_with_one_copy_of_the_locus_do_not_show():
    found = with_alleles([1] * 20, [1] * 20, [1] * 20)
    column = found[f"genotype__{ALLELES[2]}"]
    few = [cell.replace("2:1:", "1:1:") if i >= 55 else cell for i, cell in enumerate(column)]
    many = [cell.replace("2:1:", "1:1:") if i >= 30 else cell for i, cell in enumerate(column)]
    found[f"genotype__{ALLELES[2]}"] = few
    assert alleles(found)[2] == "suppressed of suppressed"
    found[f"genotype__{ALLELES[2]}"] = many
    assert alleles(found)[2] == "20 of 90"


def test_only_listed_alleles_leave():
    found = with_alleles([1] * 20)
    found["genotype__chr9:1:A:C"] = found[f"genotype__{ALLELES[0]}"]
    out = release(found, [COHORT, VARIANTS])
    assert {parse_key(c.key).get("variant") for c in out.cells if c.table == "variants"} == {
        *ALLELES
    }


# -- mutational spectra --------------------------------------------------------------------

SPECTRUM = {"id": "spectrum", "kind": "spectrum"}


def with_spectra(counts: np.ndarray, variable: str = "sbs96") -> Columns:
    """counts: (patient, first channels); the other channels are 0, NaN is not known."""
    found = columns(len(counts))
    names = channel_columns(variable)
    known = ~np.isnan(counts[:, 0])
    for place, name in enumerate(names):
        own = counts[:, place] if place < counts.shape[1] else np.zeros(len(counts))
        found[name] = [str(int(v)) if k else "" for v, k in zip(own, known, strict=True)]
    return found


def sums(found: Columns, **options: Any) -> list[str]:
    """The first channels as they leave."""
    out = release(found, [COHORT, SPECTRUM], **options)
    told = {
        parse_key(c.key).get("channel"): c.value or c.status
        for c in out.cells
        if c.table == "spectrum"
    }
    return [told[code] for code in CODES if code in told]


def test_sums_of_a_group_leave_and_those_of_few_do_not():
    counts = np.zeros((60, 4))
    counts[:, 0] = 7
    counts[:9, 1] = 50  # nine people: too few, however many substitutions
    counts[:10, 2] = 3
    out = release(with_spectra(counts), [COHORT, SPECTRUM])
    assert sums(with_spectra(counts))[:4] == ["420", "suppressed", "30", "suppressed"]
    assert shown(out, "spectrum")["analysis_set=genomics|feature=sbs96 n"] == "60"
    (row,) = (t for t in out.tables if t.table == "spectrum")
    assert (row.data_class, row.rank) == ("somatic", 2)


def test_none_and_few_look_alike_and_open_data_show_both():
    counts = np.zeros((60, 3))
    counts[:, 0], counts[:4, 1] = 5, 1
    assert sums(with_spectra(counts))[1:] == ["suppressed"] * 95
    assert sums(with_spectra(counts), public=True)[:3] == ["300", "4", "0"]


def test_a_patient_of_very_many_mutations_does_not_make_the_spectrum():
    rng = np.random.default_rng(5)
    counts = rng.poisson(1.0, (60, 96)).astype(float)
    plain = np.array(sums(with_spectra(counts), public=True), dtype=float)
    heavy = counts.copy()
    heavy[0] = 0
    heavy[0, :4] = 10_000  # hypermutated: four channels only
    told = np.array(sums(with_spectra(heavy), public=True), dtype=float)
    assert told[:4].tolist() == (counts[1:, :4].sum(axis=0) + 50).tolist()
    assert told[4:].tolist() == (plain - counts[0])[4:].tolist()
    # As large as it may be, among few others it still makes up two channels: they stay.
    few = np.zeros((90, 96))
    few[:, 4:] = 1
    few[:10, :2] = 1
    few[0, :2] = 500
    assert sums(with_spectra(few))[:3] == ["suppressed", "suppressed", "suppressed"]
    assert sums(with_spectra(few))[4] == "89"


def _padded(counts: np.ndarray) -> Columns:
    """The same patients, and as many without a tumour that a freeze is large enough."""
    without = np.full((40, counts.shape[1]), np.nan)
    return with_spectra(np.concatenate([counts, without]))


def test_a_group_whose_mutations_two_patients_hold_stays_whole():
    counts = np.zeros((20, 96))
    counts[:2] = 40
    counts[:, 0] += 1
    out = release(_padded(counts), [COHORT, SPECTRUM])
    assert reason(out, "spectrum") == "dominated"
    assert shown(out, "spectrum") == {}


def test_a_spectrum_needs_twenty_patients_and_fifty_substitutions():
    counts = np.full((19, 96), 3.0)
    assert reason(release(_padded(counts), [COHORT, SPECTRUM]), "spectrum") == "minimum"
    counts = np.zeros((49, 1)) + 1
    assert reason(release(_padded(counts), [COHORT, SPECTRUM]), "spectrum") == "small"
    assert sums(_padded(np.ones((50, 1))))[0] == "50"
    without = {k: v for k, v in columns(60).items() if not k.startswith("sbs96__")}
    assert reason(release(without, [COHORT, SPECTRUM]), "spectrum") == "absent"


def test_a_few_patients_without_a_spectrum_do_not_show():
    counts = np.full((60, 2), 4.0)
    counts[57:] = np.nan
    first = release(with_spectra(counts), [COHORT, SPECTRUM, CARRIERS])
    assert shown(first, "spectrum")["analysis_set=genomics|feature=sbs96 n"] == "57"
    sizes = {v for k, v in shown(first, "cohort").items() if "genomics" in k}
    assert sizes <= {"57"}  # the others were left out of the set, too


def test_spectra_of_two_groups_do_not_both_leave():
    counts = np.full((60, 2), 4.0)
    every = {**SPECTRUM, "id": "every", "analysis_set": "all"}
    some = {**SPECTRUM, "id": "some", "analysis_set": "imaging"}
    found = columns(60, imaging=np.arange(60) < 30)
    found |= {k: v for k, v in with_spectra(counts).items() if k.startswith("sbs96__")}
    out = release(found, [COHORT, every, some])
    assert (reason(out, "every"), reason(out, "some")) == ("", "overlap")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.5, 3.0]))
def test_every_sum_that_leaves_is_of_many(seed: int, mean: float):
    rng = np.random.default_rng(seed)
    load = rng.lognormal(0, 2, (45, 1))
    counts = rng.poisson(mean * load * rng.random((1, 96)))
    out = release(with_spectra(counts.astype(float)), [COHORT, SPECTRUM])
    scaled = bounded(counts.astype(float), 200)
    for key, value in shown(out, "spectrum").items():
        code = parse_key(key.split()[0]).get("channel")
        if code is None:
            continue
        own = np.sort(scaled[:, CODES.index(code)])[::-1]
        assert np.count_nonzero(own) >= 10
        assert int(value) == round(own.sum()) >= 10
        assert own[:2].sum() <= 0.9 * own.sum() + 1e-9


# -- positions -----------------------------------------------------------------------------

POSITIONS = {"id": "positions", "kind": "positions", "regions": ["chr1:1-999"]}


def test_a_list_tells_that_a_number_is_large_and_nothing_finer():
    """Of 60 patients 0 to 9 and 51 to 60 carriers look alike, and so do 10 to 50."""
    alleles = {f"chr1:{n + 1}:A:G": Carried(np.arange(60) < n, 0.3) for n in range(61)}
    people = replace(patients_of(columns(60)), carried=alleles)
    made = protocol(tables=[COHORT, POSITIONS], duo=["DUO:0000042"])
    approved = Approval(
        approval_id="A",
        body="nobody",
        date="2024-01-01",
        expires="2024-01-02",
        protocol_sha256="0" * 64,
        table_ids=("positions",),
        budget=1.9909,
        duo=("DUO:0000042",),
    )
    permission = permission_of(approved, "0" * 64, "north")
    permits = Permits({"positions": Permit(approved, permission, "A" * 64)}, {})
    closed = disclose(people, made, codebook(), rules_of(made))
    assert reason(closed, "positions") == "approval"
    out = disclose(people, made, codebook(), rules_of(made), OptIn(permits))
    cells = [c for c in out.cells if c.table == "positions"]
    assert {int(c.key.split(":")[1]) - 1 for c in cells} == set(range(10, 51))
    assert {(c.measure, c.value, c.status) for c in cells} == {("listed", "1", "ok")}
    # One charge for one length of list: it tells no number either.
    assert {row.table: row.rank for row in out.tables}["positions"] == 2 * len(cells)


# -- every kind has a test -----------------------------------------------------------------

TESTED = {
    "count": test_a_small_cell_takes_the_table_with_it_when_it_could_be_subtracted,
    "carriers": test_no_carrier_few_carriers_and_all_but_few_look_alike,
    "variants": test_few_copies_few_others_and_few_carriers_stay_inside,
    "spectrum": test_every_sum_that_leaves_is_of_many,
    "positions": test_a_list_tells_that_a_number_is_large_and_nothing_finer,
    "moment": test_moments_need_twenty_patients,
    "hist": test_every_bin_of_a_histogram_has_nobody_or_at_least_k,
    "comoment": test_a_flag_with_a_small_group_keeps_the_products_inside,
    "repeatability": test_mean_squares_of_a_part_do_not_follow_the_moments_of_all,
    "quality": test_a_sum_that_two_patients_make_up_is_withheld,
}


def test_every_kind_of_table_that_may_leave_has_an_attack():
    assert set(TESTED) == set(KINDS) == set(TABULATE)
