"""Approvals of opt-in tables (R15): what a body allowed, for which tables, until when."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from equisite.core.canonical import canonical_json
from equisite.protocol.days import Day
from equisite.protocol.models import DuoCode, Identifier
from equisite.protocol.pinned import Sha256
from equisite.protocol.strict import Strict

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


class Permission(Strict):
    """The part of an approval that leaves: no day, no name of a body.

    It is signed beside the approval, so that whoever gets the bundle can check with the
    public key of the site that its officer allowed these tables. k, budget: as approved, None
    where the rules' own hold; budget with four decimals.
    """

    schema_id: Literal["equisite-permission-v1"] = Field(
        default="equisite-permission-v1", alias="schema"
    )
    site: Identifier
    protocol_sha256: Sha256
    approval_id: str
    approval_sha256: Sha256
    table_ids: tuple[Identifier, ...]
    k: int | None
    budget: str | None
    duo: tuple[DuoCode, ...]

    def signed_bytes(self) -> bytes:
        """What the signature is made of: canonical JSON."""
        return canonical_json(self.model_dump(mode="json", by_alias=True))


def permission_of(approval: Approval, sha256: str, site: str) -> Permission:
    """What leaves of an approval. sha256: of its canonical JSON."""
    budget = approval.budget
    return Permission(
        site=site,
        protocol_sha256=approval.protocol_sha256,
        approval_id=approval.approval_id,
        approval_sha256=sha256,
        table_ids=tuple(sorted(set(approval.table_ids))),
        k=approval.k,
        budget=None if budget is None else f"{budget:.4f}",
        duo=tuple(sorted(set(approval.duo))),
    )
