"""The planted site is ranked first, named rightly, and the words fit the number of sites."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import made_bundles as made
from equisite.compare import distance, suspects
from equisite.compare.reference import Limits, limits
from equisite.compare.stages import run_admit, run_pool
from equisite.compare.suspects import SuspectRow, faults
from equisite.core.tables import read_rows


def ranked(lead: Path) -> tuple[list[SuspectRow], dict[str, object]]:
    run_admit(lead)
    run_pool(lead)
    rows = read_rows(lead / "report" / "suspects.tsv", SuspectRow)
    return rows, json.loads((lead / "report" / "summary.json").read_bytes())


def three(plan: made.Plan) -> tuple[made.Plan, ...]:
    return (made.Plan("north", 60), made.Plan("south", 60), plan)


@pytest.mark.parametrize(
    ("d", "sites", "verdict"),
    [
        (1.7, 3, "quiet"), (1.8, 3, "watch"), (2.0, 3, "watch"), (2.1, 3, "look"),
        (9.0, 2, "unranked"),
    ],
)  # fmt: skip
def test_words_begin_beyond_their_limits(d: float, sites: int, verdict: str) -> None:
    assert suspects._verdict(d, Limits(1.7, 2.0, 100), sites) == verdict


def test_the_shifted_scanner_comes_first_and_is_named(consortium) -> None:
    rows, about = ranked(consortium()[0])
    assert rows[0].site == "west"
    assert rows[0].fault == faults()["scanner"].words
    assert rows[0].verdict in ("look", "watch")
    assert rows[0].family == "mr gtv intensity"
    assert "Clinic West" in about["headline"]
    assert "only 3 sites" in about["honesty"]
    assert [r.verdict for r in rows[1:]] == ["quiet", "quiet"]


def test_textures_alone_point_to_the_settings(consortium) -> None:
    rows, _ = ranked(consortium(three(made.Plan("west", 60, shift={"texture": 1.5})))[0])
    assert rows[0].site == "west" and rows[0].fault == faults()["settings"].words


def test_shapes_alone_point_to_the_contours(consortium) -> None:
    rows, _ = ranked(consortium(three(made.Plan("west", 60, shift={"shape": 1.5})))[0])
    assert rows[0].site == "west" and rows[0].fault == faults()["segmentation"].words


def test_more_carriers_point_to_the_caller(consortium) -> None:
    rows, _ = ranked(consortium(three(made.Plan("west", 60, carriers=0.8)))[0])
    assert rows[0].site == "west" and rows[0].fault == faults()["caller"].words


def test_centimetres_for_millimetres_are_a_hard_finding(consortium) -> None:
    rows, about = ranked(consortium(three(made.Plan("west", 60, log10_per_length=-1.0)))[0])
    assert (rows[0].site, rows[0].layer, rows[0].verdict) == ("west", 1, "hard")
    assert rows[0].fault == faults()["unit"].words
    assert [r.verdict for r in rows[1:]].count("hard") == 0
    assert about["headline"].startswith("Look at Clinic West first")


def test_a_family_beyond_the_limits_is_a_hard_finding(consortium) -> None:
    rows, _ = ranked(consortium(three(made.Plan("west", 60, shift={"texture": 30.0})))[0])
    assert (rows[0].site, rows[0].layer) == ("west", 1)
    assert "100% of its features were withheld" in rows[0].evidence
    assert "on the high side" in rows[0].evidence


def test_records_counted_twice_are_a_hard_finding(consortium) -> None:
    rows, _ = ranked(consortium(three(made.Plan("west", 60, counted_twice=True)))[0])
    assert (rows[0].site, rows[0].layer) == ("west", 1)
    assert rows[0].fault == faults()["doubled"].words


def test_a_failing_pipeline_ranks_above_a_shifted_scanner(consortium) -> None:
    plans = (
        made.Plan("north", 60, conformance="e" * 64, difference=0.1),
        made.Plan("south", 60),
        made.Plan("west", 60, shift={"intensity": 2.0}),
    )
    rows, _ = ranked(consortium(plans)[0])
    assert [(r.site, r.layer) for r in rows[:2]] == [("north", 1), ("west", 2)]


def test_with_two_sites_nobody_is_named(consortium) -> None:
    plans = (made.Plan("north", 60), made.Plan("west", 60, shift={"intensity": 2.0}))
    rows, about = ranked(consortium(plans)[0])
    assert {r.verdict for r in rows} == {"unranked"}
    assert "differ most in MR GTV intensity features" in about["headline"]
    assert "not which of the two" in about["honesty"]


def test_one_site_cannot_be_compared(consortium) -> None:
    rows, about = ranked(consortium((made.Plan("north", 60),))[0])
    assert [(r.verdict, np.isnan(r.d)) for r in rows] == [("unranked", True)]
    assert about["headline"] == "There is one site, so nothing can be compared."


def test_clean_sites_do_not_stand_out(consortium) -> None:
    _, about = ranked(consortium(three(made.Plan("west", 60)))[0])
    assert about["headline"].startswith("No site stands out")


def test_one_wild_variable_cannot_carry_a_family() -> None:
    mean = np.zeros((3, 10))
    mean[2, 0] = 1000.0
    n, sd = np.full((3, 10), 50.0), np.ones((3, 10))
    (score,) = distance.family_scores(["f"] * 10, "location", distance.location(n, mean, sd))
    assert score.e[2] == pytest.approx(distance.CAP / np.sqrt(10))


def test_small_families_are_not_scored() -> None:
    n, mean, sd = np.full((3, 2), 50.0), np.zeros((3, 2)), np.ones((3, 2))
    assert distance.family_scores(["f"] * 2, "location", distance.location(n, mean, sd)) == []


def test_a_scale_free_score() -> None:
    rng = np.random.default_rng(0)
    n, mean = np.full((5, 4), 40.0), rng.normal(size=(5, 4))
    sd = np.exp(rng.normal(size=(5, 4)))
    factor = np.array([1e-6, 1.0, 1e3, 1e9])
    first = distance.location(n, mean, sd).z
    np.testing.assert_allclose(distance.location(n, mean * factor, sd * factor).z, first)


def test_limits_are_the_same_each_time_and_wider_for_few_sites() -> None:
    families = {"shape": 5, "intensity": 5, "texture": 5}
    three_sites = limits(np.full(3, 60.0), families, 8)
    assert three_sites == limits(np.full(3, 60.0), families, 8)
    assert three_sites.look > three_sites.watch >= 1.7
    many = limits(np.full(12, 60.0), {"texture": 40}, 0)
    assert many.watch <= three_sites.watch
