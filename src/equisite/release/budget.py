"""How much may be told about who is in a cohort (R10, R11, R13, R16), for every table.

Who holds somebody's whole record can ask whether he is in the cohort; how often that is found
out depends on the statistics per patient that left, of one class and of all together. Tables
enter in the protocol's order while they fit; one that does not stays inside whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from equisite.bundle.ruleset import RuleSet
from equisite.release.ledger import Record

_ROUNDING = 1e-9
"""Shares are sums of fractions: what fits exactly must not fail by the last digit."""


@dataclass
class Budget:
    """What left of one cohort, before and now.

    limits: most statistics per patient by class, None for open data. together: most of all
    classes. told: class and statistics per patient by table and digest of its cells; the same
    cells cost nothing again.
    """

    limits: Mapping[str, float] | None = None
    together: float = 0.0
    told: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: RuleSet, releases: Sequence[Record] = (), own: str = "") -> Budget:
        """What is left by rules and ledger. own: digest of the cohort's set of patients."""
        limits = rules.largest_budget
        budget = cls(limits, rules.largest_budget_together)
        for number, record in enumerate(releases):
            if record["set_digest"] == own and limits is not None:
                budget.told |= _told_by(record, number)
        return budget

    def admits(self, key: tuple[str, str], data_class: str, share: float) -> bool:
        """Whether a table fits. key: its name and the digest of its cells."""
        if self.limits is None or key in self.told:
            return True
        limit = self.limits[data_class] + _ROUNDING
        return self.spent(data_class) + share <= limit and self.admits_together(key, share)

    def admits_together(self, key: tuple[str, str], share: float) -> bool:
        """Whether a table fits beside the tables of all classes."""
        if self.limits is None or key in self.told:
            return True
        return self.spent() + share <= self.together + _ROUNDING

    def take(self, key: tuple[str, str], data_class: str, share: float) -> None:
        """A table leaves."""
        self.told.setdefault(key, (data_class, share))

    def spent(self, data_class: str | None = None) -> float:
        """Statistics per patient of one class, or of all."""
        return sum(
            share for _, (own, share) in sorted(self.told.items()) if data_class in (None, own)
        )


def _told_by(record: Record, number: int) -> dict[tuple[str, str], tuple[str, float]]:
    """Tables of an earlier release; of the first ledgers only the sums of classes are known."""
    patients = int(str(record["n"]))
    if "tables" not in record:
        classes = cast(Mapping[str, Mapping[str, int]], record["classes"])
        return {
            (f"release {number} {name}", ""): (name, known["rank"] / patients)
            for name, known in classes.items()
        }
    tables = cast(Mapping[str, Mapping[str, object]], record["tables"])
    return {
        (name, str(table["cells_sha256"])): (
            str(table["class"]),
            float(str(table.get("share", int(str(table["rank"])) / patients))),
        )
        for name, table in tables.items()
    }
