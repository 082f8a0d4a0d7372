"""`about.json`: who made the bundle, from which cohort, with which rules and software."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from equisite.bundle.format import STAMPS
from equisite.protocol.approval import Permission
from equisite.protocol.models import DuoCode, Identifier
from equisite.protocol.pinned import Sha256
from equisite.protocol.site import Freeze
from equisite.protocol.strict import Strict

Version = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z]+([.+-][0-9A-Za-z]+){0,5}$", max_length=40)
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,31}$")]
CodeDigest = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class Facts(Strict):
    """Statements about the whole cohort that are computed inside and need no number."""

    records_counted_twice: bool = Field(
        description="Two patients of the release share the content of a sample or an image."
    )


class ApprovedTable(Strict):
    """An opt-in table that leaves, and what its approval sets (R15); no date, no names.

    k: what held in the end; approved_k: what the approval set. budget: most statistics per
    patient, as text with four decimals. table_ids: all tables of the approval. signature: of
    the permission (`equisite.protocol.approval`), base64, by the site's approve_key.
    """

    table: Identifier
    approval_id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")
    approval_sha256: Sha256
    k: int = Field(ge=1, le=9999)
    approved_k: int | None = Field(ge=1, le=9999)
    budget: str | None = Field(pattern=r"^[01]\.[0-9]{4}$")
    duo: tuple[DuoCode, ...] = Field(min_length=1, max_length=32)
    table_ids: tuple[Identifier, ...] = Field(min_length=1, max_length=64)
    signature: str = Field(pattern=r"^[A-Za-z0-9+/]{64,600}={0,2}$")

    def permission(self, site: str, protocol_sha256: str) -> Permission:
        """What the officer signed, for this site and protocol."""
        return Permission(
            site=site,
            protocol_sha256=protocol_sha256,
            approval_id=self.approval_id,
            approval_sha256=self.approval_sha256,
            table_ids=self.table_ids,
            k=self.approved_k,
            budget=self.budget,
            duo=self.duo,
        )


class About(Strict):
    """The head of a bundle; every field has one form, there is no free text."""

    schema_id: Literal["equisite-bundle-v1"] = Field(
        default="equisite-bundle-v1", alias="schema"
    )
    site: Identifier
    release_no: int = Field(ge=1, le=9999)
    freeze: Freeze
    protocol_sha256: Sha256
    codebook_sha256: Sha256
    constants_sha256: Sha256
    ruleset_sha256: Sha256
    data: Literal["patients", "public"]
    stamp: str
    k: int = Field(ge=1, description="Smallest count that this site publishes.")
    image_digest: Sha256
    tools: dict[Name, Version] = Field(max_length=64)
    code: dict[Name, CodeDigest] = Field(max_length=32)
    facts: Facts
    opt_in: bool = Field(default=False, description="An opt-in table leaves with this bundle.")
    approvals: tuple[ApprovedTable, ...] = Field(default=(), max_length=64)

    @model_validator(mode="after")
    def _stamped(self) -> About:
        tables = [approved.table for approved in self.approvals]
        if self.opt_in != bool(tables) or tables != sorted(set(tables)):
            raise ValueError("a bundle with approved tables is marked, each table once")
        if self.stamp != STAMPS[self.data]:
            raise ValueError("the stamp is not that of the kind of data")
        return self
