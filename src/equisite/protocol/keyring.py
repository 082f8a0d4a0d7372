"""The keyring beside the protocol: who takes part, with which keys, how long."""

from __future__ import annotations

from pydantic import Field

from equisite.protocol.days import Day
from equisite.protocol.models import Identifier
from equisite.protocol.strict import PathText, Strict


class SiteKeys(Strict):
    """One site of the consortium. Keys are OpenSSH public keys (ed25519)."""

    id: Identifier = Field(
        description="Short name of the site; stands in its config.yaml and in its bundles."
    )
    title: str = Field(
        min_length=1, description="Name shown in the report; from the lead, never from a site."
    )
    prepare_key: str | None = Field(
        default=None, description="Public key of those who prepare bundles."
    )
    approve_key: str | None = Field(
        default=None, description="Public key of those who approve them."
    )
    valid_from: Day | None = Field(default=None, description="First day of the keys.")
    valid_until: Day | None = Field(default=None, description="Last day of the keys.")


class Keyring(Strict):
    """All sites that may send bundles for one protocol."""

    protocol: Identifier = Field(description="Id of the protocol it belongs to.")
    sites: tuple[SiteKeys, ...] = Field(min_length=1, description="The sites.")


class Lead(Strict):
    """`compare.yaml` of the lead folder."""

    protocol: PathText = Field(description="Protocol file.")
    keyring: PathText = Field(description="Keyring file.")
    inbox: PathText = Field(default="inbox", description="Folder of the bundles that came in.")
    admit_overrides: dict[str, str] = Field(
        default_factory=dict,
        description="Bundle sha256 to the reason why it is admitted all the same.",
    )
