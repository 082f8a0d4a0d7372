"""Approvals of opt-in tables (R15): what a body allowed, for which tables, until when."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from equisite.protocol.models import DuoCode, Identifier
from equisite.protocol.pinned import Sha256
from equisite.protocol.strict import Strict

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]

LARGEST_BUDGET = 1.9909
"""R10: statistics per patient at which an attacker finds 18 % of the members at 1 % error."""


class Approval(Strict):
    """One approval, written by a person and signed with the site's key of `approve`."""

    approval_id: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$",
        description="Name of the approval; stands in the bundle.",
    )
    body: str = Field(
        min_length=1, max_length=200, description="Who gave it; stays at the site."
    )
    date: Day = Field(description="Day on which it was given; stays at the site.")
    expires: Day = Field(description="Last day on which a bundle may leave under it.")
    protocol_sha256: Sha256 = Field(
        description="The protocol that the body saw (`equisite protocol hash`)."
    )
    table_ids: tuple[Identifier, ...] = Field(
        min_length=1, description="Opt-in tables of the protocol that may leave."
    )
    k: int | None = Field(
        default=None,
        ge=1,
        description="Smallest number of patients behind a cell of these tables, from 5; "
        "absent: that of the rules.",
    )
    budget: float | None = Field(
        default=None,
        gt=0,
        le=LARGEST_BUDGET,
        description="Most statistics per patient in the table's class; absent: the rules' "
        "limit.",
    )
    duo: tuple[DuoCode, ...] = Field(
        min_length=1, description="Data use codes of the data set (GA4GH DUO)."
    )
