"""Numbers and keys have one canonical form."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.bundle import format as form
from equisite.bundle.keys import LAST, make_key, parse_key

words = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,8}", fullmatch=True)
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_reals_are_canonical_and_have_seven_digits(value: float):
    text = form.real_text(value)
    assert form.is_canonical("m2", text)
    assert form.real_text(float(text)) == text
    assert math.isclose(float(text), value, rel_tol=5.1e-7, abs_tol=5e-324)
    assert text != "-0.000000e+00"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_does_not_leave(value: float):
    with pytest.raises(ValueError, match="finite"):
        form.real_text(value)


@pytest.mark.parametrize("value", [-1, 0.5])
def test_a_count_is_a_whole_number(value: float):
    with pytest.raises(ValueError, match="whole"):
        form.value_text("count", value)


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        ("count", "01"),
        ("count", "1.0"),
        ("count", "-1"),
        ("m2", "1e+00"),
        ("m2", "-0.000000e+00"),
        ("m2", "1.0000000e+00"),
        ("m2", "nan"),
        ("m2", "0.100000e+00"),
        ("m2", "1"),
    ],
)
def test_other_forms_are_not_canonical(measure: str, text: str):
    assert not form.is_canonical(measure, text)


@given(st.dictionaries(names.filter(lambda n: n not in LAST), words, max_size=4), words)
def test_keys_read_back(values: dict[str, str], feature: str):
    key = make_key({**values, "analysis_set": "all", "feature": feature})
    assert parse_key(str(key)) == key
    assert key.get("feature") == feature
    assert key.variables == {n: v for n, v in values.items() if n != "analysis_set"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sex=female",
        "analysis_set=all|feature=x|sex=female",
        "analysis_set=all|sex",
        "analysis_set=all|sex=a|sex=b",
        "analysis_set=all|age_band=b|Sex=a",
        "analysis_set=all|sex=a b",
        "analysis_set=all|sex=",
        "analysis_set=all|bin=1|level=5",
        "analysis_set=all||sex=a",
        "analysis_set=all|sex=../etc",
    ],
)
def test_other_keys_are_refused(text: str):
    with pytest.raises(ValueError, match="key"):
        parse_key(text)


def test_pairs_stand_in_the_fixed_order():
    values = dict.fromkeys(reversed(LAST), "1")
    key = make_key({**values, "zeta": "b", "alpha": "a", "analysis_set": "all"})
    assert [n for n, _ in key.pairs] == ["analysis_set", "alpha", "zeta", *LAST]
