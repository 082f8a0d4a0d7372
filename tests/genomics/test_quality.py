import pytest

from equisite.genomics.quality import judge_quality
from equisite.protocol.sequencing import GenomicThresholds

LIMITS = GenomicThresholds(
    minimum_mean_depth=5, minimum_callable_fraction=0.5, maximum_duplicate_fraction=0.6
)
GOOD = {
    "mean_depth": 10.0,
    "callable_fraction": 0.9,
    "duplicate_fraction": 0.3,
    "contamination": 0.02,
    "single_caller_fraction": 0.05,
}


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({}, []),
        ({"mean_depth": 9.99}, ["THIN_DEPTH"]),
        ({"mean_depth": 4.99}, ["LOW_DEPTH"]),
        ({"callable_fraction": 0.89}, ["THIN_CALLABLE"]),
        ({"callable_fraction": 0.49}, ["LOW_CALLABLE"]),
        ({"duplicate_fraction": 0.31}, ["SOME_DUPLICATES"]),
        ({"duplicate_fraction": 0.61}, ["MANY_DUPLICATES"]),
        ({"contamination": 0.0225}, ["SOME_CONTAMINATION"]),
        ({"contamination": 0.0525}, ["CONTAMINATED"]),
        ({"single_caller_fraction": 0.051}, ["MANY_SINGLE_CALLS"]),
        ({"mean_depth": 0.0, "callable_fraction": 0.0}, ["LOW_DEPTH"]),
        ({"mean_depth": 6.0, "contamination": 0.3}, ["CONTAMINATED"]),
        ({"mean_depth": 6.0, "contamination": 0.03}, ["THIN_DEPTH", "SOME_CONTAMINATION"]),
        ({"contamination": None, "single_caller_fraction": None}, []),
    ],
)
def test_the_protocol_says_what_is_good_enough(
    changed: dict[str, float | None], codes: list[str]
) -> None:
    findings = judge_quality({**GOOD, **changed}, LIMITS)
    assert [finding.code for finding in findings] == codes
    assert all(finding.sentence and finding.mend for finding in findings)


def test_no_limit_no_finding() -> None:
    row = {**GOOD, "duplicate_fraction": 0.99, "contamination": 0.4}
    limits = GenomicThresholds(maximum_contamination=None)
    assert [f.code for f in judge_quality(row, limits)] == [
        "SOME_CONTAMINATION",
        "SOME_DUPLICATES",
    ]
