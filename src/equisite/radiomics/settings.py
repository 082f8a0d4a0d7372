"""The hash of the settings of an extraction, which travels with each row."""

from __future__ import annotations

from equisite.core.canonical import sha256_json
from equisite.protocol.models import RadiomicSettings


def settings_hash(settings: RadiomicSettings, engine: str) -> str:
    """First 16 hex digits of sha256 over engine, its version and all effective settings.

    engine: name and version as in the column `engine`. Two rows with one hash were made
    in the same way, whatever was left to a default.
    """
    return sha256_json({"engine": engine, "settings": settings.model_dump(mode="json")})[:16]
