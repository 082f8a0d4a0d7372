"""Disclosure rules as data: one file per rule set, its digest in every bundle.

The rule set of a protocol, the protocol's own k and minimum, and what a site tightens
become one `Rules`; each may only be stricter than the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import Field, ValidationError

from equisite.codebook.book import resources_folder
from equisite.core.canonical import sha256_bytes
from equisite.core.errors import ConfigError
from equisite.protocol.models import Protocol
from equisite.protocol.site import Tighten
from equisite.protocol.strict import Strict


class RuleSet(Strict):
    """One file of `resources/rulesets`; the comments there say what each number means."""

    id: Literal["default-v1", "public-data-v1"]
    data: Literal["patients", "public"]
    minimum_n: int = Field(ge=1)
    k: int = Field(ge=1)
    carriers_zero: Literal["suppressed", "published"]
    group_disclosure: bool
    dominance_top2: float = Field(gt=0, le=1)
    dominance_p: float = Field(ge=0, lt=1)
    clipped_fraction: float = Field(gt=0, lt=1)
    moment_minimum_n: int = Field(ge=2)
    residual_dof: int = Field(ge=1)
    largest_hat: float = Field(gt=0, le=1)
    fewest_bins: int = Field(ge=1)
    opt_in_least_k: int = Field(ge=1)
    largest_budget: dict[str, float] | None
    largest_budget_together: float = Field(gt=0)
    fewest_changed: int = Field(ge=0)
    near_carriers_charge: int = Field(ge=1)
    carriers_least_charge: int = Field(ge=0)
    position_charge: int = Field(ge=1)
    rare_position_charge: int = Field(ge=1)
    positions_least_charge: int = Field(ge=0)
    expected_share_of_k: float = Field(ge=0)


@dataclass(frozen=True)
class Rules:
    """What holds at one site: the rule set, with k and minimum_n as tightened."""

    ruleset: RuleSet
    sha256: str
    k: int
    minimum_n: int

    def small(self, count: int) -> bool:
        """R4: a count that is there and too small to be shown."""
        return 1 <= count < self.k


@cache
def load_ruleset(name: str) -> tuple[RuleSet, str]:
    """A shipped rule set and the sha256 of its file.

    Raises ConfigError RULESET_UNKNOWN.
    """
    import yaml

    path = resources_folder() / "rulesets" / f"{name}.yaml"
    try:
        content = path.read_bytes()
        ruleset = RuleSet.model_validate(yaml.safe_load(content))
    except (OSError, yaml.YAMLError, ValidationError):
        raise ConfigError("RULESET_UNKNOWN", ruleset=name) from None
    return ruleset, sha256_bytes(content)


def rules_of(protocol: Protocol, tighten: Tighten | None = None) -> Rules:
    """The rules for a protocol at a site; every step may only raise the minimums.

    Raises ConfigError RULESET_UNKNOWN.
    """
    ruleset, digest = load_ruleset(protocol.disclosure.ruleset)
    own = tighten or Tighten()
    return Rules(
        ruleset,
        digest,
        max(ruleset.k, protocol.disclosure.k or 0, own.k or 0),
        max(ruleset.minimum_n, protocol.cohort.minimum_n, own.minimum_n or 0),
    )
