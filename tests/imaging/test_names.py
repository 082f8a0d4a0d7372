from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.core.errors import InputError
from equisite.imaging.names import matching, normalised, rules_of
from equisite.protocol.imaging import RoiRule

RULES = (
    RoiRule(name="gtv", patterns=("gtv_primary", "gtv.*")),
    RoiRule(name="edema", patterns=("o?edema",)),
)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["GTV Primary", "GTV_node"], [0]),  # the first pattern wins
        (["gtv-1", "GTV 2"], [0, 1]),
        (["x GTV", "PTV"], []),  # whole names only
        ([" ＧＴＶ\u00a01 "], [0]),  # full width letters and a hard blank
    ],
)
def test_patterns_in_order(names: list[str], found: list[int]) -> None:
    assert matching(names, RULES[0].patterns) == found


@given(st.text())
def test_normalising_twice_changes_nothing(name: str) -> None:
    assert normalised(normalised(name)) == normalised(name)


def test_rows_ask_for_regions() -> None:
    assert [r.name for r in rules_of("", "", RULES)] == ["gtv", "edema"]
    assert [r.name for r in rules_of("edema", "", RULES)] == ["edema"]
    (rule,) = rules_of("gtv", "Tumour (1)", RULES)
    assert matching(["GTV", "tumour (1)"], rule.patterns) == [1]
    (rule,) = rules_of("gtv", "tum.*", RULES)
    assert matching(["GTV", "tumour"], rule.patterns) == [1]
    (rule,) = rules_of("gtv", "mass (", RULES)  # no expression, but a name
    assert matching(["Mass  ("], rule.patterns) == [0]


@pytest.mark.parametrize(("roi", "label"), [("", "mass"), ("bone", "")])
def test_what_could_be_several_regions_is_refused(roi: str, label: str) -> None:
    with pytest.raises(InputError, match="ROI_UNNAMED"):
        rules_of(roi, label, RULES)


def test_a_broken_pattern_is_named() -> None:
    with pytest.raises(InputError, match="ROI_PATTERN"):
        matching(["a"], ("gtv(",))
