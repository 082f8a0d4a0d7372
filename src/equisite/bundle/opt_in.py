"""What a bundle must show of its opt-in tables (R15): each one approved, marked, charged."""

from __future__ import annotations

from collections import Counter

from equisite.bundle.codec import Bundle
from equisite.bundle.ruleset import Rules, RuleSet
from equisite.bundle.signature import Signer, armoured, is_signed
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
        least_k = rules.k if one.approved_k is None else one.approved_k
        allowed = name in one.table_ids and not refused_by_duo(one.duo, protocol.protocol.duo)
        high_enough = one.k >= max(least_k, ruleset.opt_in_least_k)
        if not allowed or not high_enough or budget > LARGEST_BUDGET:
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


def unsigned(
    bundle: Bundle, key: str | None, valid: tuple[str | None, str | None]
) -> list[str]:
    """Opt-in tables whose permission the site's officer did not sign.

    key, valid: approve_key of the site in the lead's own keyring and its days; the key must
    be valid on the day of the freeze. Without a key nothing can be checked: all tables.
    """
    about = bundle.about
    signer = Signer(about.site, key, *valid) if key else None
    return [
        one.table
        for one in about.approvals
        if signer is None
        or not is_signed(
            one.permission(about.site, about.protocol_sha256).signed_bytes(),
            armoured(one.signature),
            signer,
            about.freeze.date,
        )
    ]
