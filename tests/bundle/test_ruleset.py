"""Rules may only be tightened, and are those of the shipped files."""

from __future__ import annotations

import pytest
from made_cohort import protocol

from equisite.bundle.outputs import register_of
from equisite.bundle.ruleset import load_ruleset, rules_of
from equisite.codebook.book import codebook, resources_folder
from equisite.core.canonical import sha256_file
from equisite.core.errors import ConfigError
from equisite.protocol.site import Tighten


def test_the_strictest_wins():
    assert rules_of(protocol()).k == 10
    assert rules_of(protocol(k=12)).k == 12
    assert rules_of(protocol(k=12), Tighten(k=15, minimum_n=50)).k == 15
    assert rules_of(protocol(k=12), Tighten(k=3, minimum_n=2)).k == 12
    assert rules_of(protocol(), Tighten(minimum_n=50)).minimum_n == 50
    assert rules_of(protocol(), Tighten(minimum_n=2)).minimum_n == 30


def test_small_is_from_one_to_below_k():
    rules = rules_of(protocol())
    assert [rules.small(c) for c in (0, 1, 9, 10, 11)] == [False, True, True, False, False]


@pytest.mark.parametrize("name", ["default-v1", "public-data-v1"])
def test_the_digest_is_that_of_the_file(name: str):
    ruleset, digest = load_ruleset(name)
    assert ruleset.id == name
    assert digest == sha256_file(resources_folder() / "rulesets" / f"{name}.yaml")


def test_an_unknown_rule_set_is_refused():
    with pytest.raises(ConfigError, match="RULESET_UNKNOWN"):
        load_ruleset("none-v1")


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ({"id": "t", "kind": "count", "keys": ["age"]}, "R1_UNREGISTERED"),
        ({"id": "t", "kind": "count", "keys": ["shoe_size"]}, "UNKNOWN_VARIABLE"),
        ({"id": "t", "kind": "hist", "features": ["sex"]}, "R1_UNREGISTERED"),
        ({"id": "t", "kind": "moment", "features": ["mr__gtv__no_such"]}, "UNKNOWN_VARIABLE"),
        ({"id": "t", "kind": "quality", "variables": ["sex"]}, "R1_UNREGISTERED"),
        (
            {"id": "t", "kind": "comoment", "features": "mr__gtv__core", "covariates": ["sex"]},
            "R1_UNREGISTERED",
        ),
    ],
)
def test_what_the_codebook_does_not_allow_is_refused(table: dict[str, object], code: str):
    with pytest.raises(ConfigError, match=code):
        register_of(protocol(tables=[table]), codebook())
