"""Files that lie beside the protocol and are named by content."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from equisite.protocol.strict import Strict

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PinnedFile(Strict):
    """A file that lies beside the protocol, named by content."""

    file: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Name beside the protocol."
    )
    sha256: Sha256 = Field(description="Sha256 of the file's bytes.")
