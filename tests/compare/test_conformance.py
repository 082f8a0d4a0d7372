"""Digests first, values second, missing items never pass."""

from __future__ import annotations

from types import SimpleNamespace

from equisite.bundle.format import ConformanceRow
from equisite.compare.conformance import judge


def bundle(*rows: tuple[str, str, str]) -> SimpleNamespace:
    return SimpleNamespace(conformance=tuple(ConformanceRow(*row) for row in rows))


def levels(tolerance: float = 1e-6, **sites: SimpleNamespace) -> dict[str, str]:
    return {c.site: c.level for c in judge(sites, tolerance)}


A, B, C = (("calls", "digest", letter * 64) for letter in "abc")


def test_equal_digests_conform() -> None:
    assert levels(x=bundle(A), y=bundle(A), z=bundle(A)) == dict.fromkeys("xyz", "digest")


def test_the_odd_one_of_three_fails() -> None:
    assert levels(x=bundle(A), y=bundle(A), z=bundle(B)) == {
        "x": "digest",
        "y": "digest",
        "z": "fails",
    }


def test_of_two_different_ones_nobody_is_the_reference() -> None:
    assert levels(x=bundle(A), y=bundle(B)) == {"x": "fails", "y": "fails"}
    score = ("calls", "recall", "1.000000e+00")
    assert levels(x=bundle(A, score), y=bundle(B, score)) == {"x": "value", "y": "value"}


def test_values_pass_within_the_tolerance_of_the_best() -> None:
    best = ("calls", "recall", "1.000000e+00")
    near = ("calls", "recall", "9.999995e-01")
    far = ("calls", "recall", "9.900000e-01")
    assert levels(x=bundle(A, best), y=bundle(B, near), z=bundle(C, far)) == {
        "x": "value",
        "y": "value",
        "z": "fails",
    }


def test_a_difference_beyond_the_tolerance_fails() -> None:
    small = ("phantom", "max_difference", "1.000000e-07")
    large = ("phantom", "max_difference", "1.000000e-05")
    digests = [("phantom", "digest", letter * 64) for letter in "ab"]
    assert levels(x=bundle(digests[0], small), y=bundle(digests[1], large)) == {
        "x": "value",
        "y": "fails",
    }


def test_an_item_that_others_have_may_not_be_left_out() -> None:
    more = ("phantom", "digest", "d" * 64)
    found = {c.site: c for c in judge({"x": bundle(A, more), "y": bundle(A)}, 1e-6)}
    assert found["y"].level == "fails"
    assert found["y"].finding is not None and "first: phantom" in found["y"].finding.sentence


def test_a_site_alone_is_its_own_reference() -> None:
    assert levels(x=bundle(A)) == {"x": "digest"}


def test_the_phantom_may_differ_from_its_formula_if_it_does_so_everywhere() -> None:
    steps = ("sphere", "max_difference", "9.500000e-02")
    other = ("sphere", "max_difference", "9.500100e-02")
    assert levels(x=bundle(A, steps), y=bundle(A, steps)) == {"x": "digest", "y": "digest"}
    assert levels(x=bundle(A, steps), y=bundle(A, other)) == {"x": "digest", "y": "fails"}
