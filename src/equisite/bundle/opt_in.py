"""What a bundle must show of its opt-in tables (R15): each one approved, marked, charged."""

from __future__ import annotations

from collections import Counter

from equisite.bundle.codec import Bundle
from equisite.bundle.ruleset import Rules, RuleSet
from equisite.protocol.approval import LARGEST_BUDGET
from equisite.protocol.duo import refused_by_duo
from equisite.protocol.models import OPT_IN, Protocol


def positions_charge(eligible: int, others: int, rules: RuleSet) -> int:
    """R12: statistics that a table of positions counts for.

    eligible: positions whose frequency in the population lets expect enough carriers.
    others: those that are rarer there, or not known. Which position is which follows from
    the protocol's files; no count of the site goes into the charge.
    """
    charge = eligible * rules.position_charge + others * rules.rare_position_charge
    return max(rules.positions_least_charge, charge)


def beyond_approval(bundle: Bundle, protocol: Protocol, rules: Rules) -> list[str]:
    """Tables that leave without their approval, beyond it, or with too small a charge."""
    approved = {one.table: one for one in bundle.about.approvals}
    leaving = {r.table for r in bundle.tables if r.kind in OPT_IN and r.status == "released"}
    faults = sorted(leaving ^ set(approved))
    for name in sorted(leaving & set(approved)):
        one, ruleset = approved[name], rules.ruleset
        budget = float(one.budget or 0)
        refused = refused_by_duo(one.duo, protocol.protocol.duo)
        if refused or one.k < ruleset.opt_in_least_k or budget > LARGEST_BUDGET:
            faults.append(name)
    cells = Counter(cell.table for cell in bundle.cells)
    for row in bundle.tables:
        if row.kind == "positions" and row.status == "released":
            number = cells[row.table]
            least = positions_charge(number, 0, rules.ruleset)
            most = positions_charge(0, number, rules.ruleset)
            if not number or not least <= row.rank <= most:
                faults.append(row.table)
    return faults
