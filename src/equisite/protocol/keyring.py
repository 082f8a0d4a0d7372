"""The keyring beside the protocol: who takes part, with which keys, how long."""

from __future__ import annotations

from pydantic import Field

from equisite.protocol.models import Identifier, Strict


class SiteKeys(Strict):
    """One site of the consortium. Keys are OpenSSH public keys (ed25519)."""

    id: Identifier
    title: str = Field(
        min_length=1, description="Name shown in the report; from the lead, never from a site."
    )
    prepare_key: str | None = None
    approve_key: str | None = None
    valid_from: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    valid_until: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")


class Keyring(Strict):
    """All sites that may send bundles for one protocol."""

    protocol: Identifier
    sites: tuple[SiteKeys, ...] = Field(min_length=1)


class Lead(Strict):
    """`compare.yaml` of the lead folder."""

    protocol: str
    keyring: str
    inbox: str = "inbox"
    admit_overrides: dict[str, str] = Field(
        default_factory=dict,
        description="Bundle sha256 to the reason why it is admitted all the same.",
    )
