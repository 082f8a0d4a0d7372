"""Copies gathered by patient, and features judged by their ICC."""

from __future__ import annotations

import math

import numpy as np
import pytest

from equisite.codebook.book import codebook
from equisite.cohort.robustness import RobustnessRow, gather, judge
from equisite.cohort.sources import Sources

MEAN, SPREAD = "firstorder_mean", "firstorder_variance"
PATIENTS, COPIES = 40, 30


def region(patient: str, reader: str = "", status: str = "ok") -> dict[str, str]:
    names = {"patient": patient, "token": f"t{patient}{reader}", "modality": "MR"}
    return {**names, "roi": "gtv", "reader": reader, "roi_status": status}


def sources(*regions: dict[str, str]) -> Sources:
    return Sources((), [], (), [], (), list(regions), (), {}, {})


def copied(of: dict[str, str], values: np.ndarray, other: float = 1.0) -> list[dict[str, str]]:
    return [
        {**of, "copy": str(2 * copy), "roi_status": "ok", MEAN: f"{x:.10g}", SPREAD: str(other)}
        for copy, x in enumerate(values)
    ]


def simulated(icc: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cases = rng.normal(0, math.sqrt(icc), (PATIENTS, 1))
    return 50 + 9 * (cases + rng.normal(0, math.sqrt(1 - icc), (PATIENTS, COPIES)))


def judged(values: np.ndarray, minimum: float = 0.75) -> dict[str, RobustnessRow]:
    regions = [region(f"p{number:02}") for number in range(len(values))]
    rows = [row for r, v in zip(regions, values, strict=True) for row in copied(r, v)]
    copies = gather(sources(*regions), rows, [r["patient"] for r in regions])
    return {row.column: row for row in judge(copies, minimum, codebook())}


@pytest.mark.parametrize("truth", [0.4, 0.8, 0.95])
def test_a_simulated_icc_lies_in_the_interval(truth: float) -> None:
    row = judged(simulated(truth))[f"mr__gtv__{MEAN}"]
    assert row.lower < truth < row.upper
    assert row.upper - row.lower < 0.3
    assert (row.cases, row.copies, row.gaps) == (PATIENTS, COPIES, 0)
    assert row.verdict == ("robust" if row.lower >= 0.75 else "below")
    assert row.label
    assert row.ibsi == "Q4LE"


def test_the_limit_is_that_of_the_protocol() -> None:
    values = simulated(0.8)
    assert judged(values, 0.3)[f"mr__gtv__{MEAN}"].verdict == "robust"
    assert judged(values, 0.9)[f"mr__gtv__{MEAN}"].verdict == "below"


def test_what_cannot_be_judged_says_why() -> None:
    assert judged(simulated(0.8)[:9])[f"mr__gtv__{MEAN}"].verdict == "few cases"
    assert judged(simulated(0.8))[f"mr__gtv__{SPREAD}"].verdict == "constant"
    gappy = simulated(0.8)
    gappy[:, 0] = np.nan
    gappy[:, 1] = np.nan
    row = judged(gappy)[f"mr__gtv__{MEAN}"]
    assert row.verdict == "gaps"
    assert math.isnan(row.icc)


def test_a_case_with_a_gap_is_left_out() -> None:
    values = simulated(0.8)
    values[3, 7] = np.nan
    row = judged(values)[f"mr__gtv__{MEAN}"]
    assert row.cases == PATIENTS - 1
    assert row.gaps == pytest.approx(1 / (PATIENTS * COPIES))


def test_the_series_is_the_one_that_the_cohort_takes() -> None:
    refused, first, second = region("p1", "a", "ROI_2D"), region("p1", "b"), region("p1", "c")
    stranger = region("p2")
    rows = [
        *copied(refused, np.array([1.0, 1])),
        *copied(second, np.array([3.0, 3])),
        *copied(first, np.array([2.0, 2])),
        *copied(stranger, np.array([9.0, 9])),
    ]
    rows[4]["roi_status"] = "ROI_SMALL"
    found = gather(sources(second, refused, stranger, first), rows, ["p1"])
    assert found.patients == ("p1",)
    assert found.copies == ("0", "2")
    values = found.features[f"mr__gtv__{MEAN}"]
    assert math.isnan(values[0, 0])
    assert values[0, 1] == 2
    assert next(iter(found.rows()))["patient"] == "p1"
    assert found.columns[:2] == ["patient", "copy"]


def test_without_copies_there_are_no_rows() -> None:
    found = gather(sources(region("p1")), [], ["p1"])
    assert list(found.rows()) == []
    assert judge(found, 0.75, codebook()) == []
